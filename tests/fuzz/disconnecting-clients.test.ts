/** Clients that go away at any moment, also while what they asked for is being opened: nothing is watched for nobody. */
import { request } from 'node:http';
import { afterAll, beforeAll, test } from 'vitest';
import { WebSocket } from 'ws';
import { OWN_TOKEN, startTarget } from './target.js';
import type { Target } from './target.js';

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(() => target.stop());

const CLIENTS = 100;
const WATCH = 'subscription { ingestionProgress(projectId: "mine") { revision } }';
const COMMANDS = 'subscription { ingestionCommands(projectId: "mine") { id } }';

/** Goes `delayMs` after the request was written; resolves once it is gone. */
function byEventStream(query: string, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    const sent = request({
      port: target.server.port,
      method: 'POST',
      path: '/graphql',
      headers: {
        Authorization: `Bearer ${OWN_TOKEN}`,
        'Content-Type': 'application/json',
        Accept: 'text/event-stream',
      },
    });
    sent.on('error', () => resolve());
    sent.on('close', () => resolve());
    sent.end(JSON.stringify({ query }), () => setTimeout(() => sent.destroy(), delayMs));
  });
}

/** Goes `delayMs` after the subscription was asked for. */
function byWebSocket(query: string, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = new WebSocket(
      `${target.server.url.replace('http', 'ws')}/graphql`,
      'graphql-transport-ws',
    );
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'connection_init', payload: { token: OWN_TOKEN } })),
    );
    socket.once('message', () =>
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }), () =>
        setTimeout(() => socket.terminate(), delayMs),
      ),
    );
    socket.on('close', () => resolve());
  });
}

for (const [name, go] of Object.entries({ 'an event stream': byEventStream, 'a WebSocket': byWebSocket })) {
  test(`a client of ${name} that goes while it is served leaves nothing behind`, async () => {
    const delays = Array.from({ length: CLIENTS }, (_, place) => place % 8);
    // One after the other, so that each is cut at another step.
    for (const delayMs of delays) await go(delayMs % 2 === 0 ? WATCH : COMMANDS, delayMs);
    await target.expectUnharmed();
  });
}
