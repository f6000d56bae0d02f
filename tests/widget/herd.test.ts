import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createConnection } from '../../widget/client/connection.js';
import { createEnvironment } from '../../widget/client/environment.js';
import { createIngestionClient } from '../../widget/client/client.js';
import type { IngestionClient } from '../../widget/client/types.js';
import { progressOf } from './support/states.js';

const CLIENTS = 200;
const clients: IngestionClient[] = [];
let server: WebSocketServer | null = null;

afterEach(() => {
  for (const client of clients.splice(0)) client.dispose();
  for (const socket of server?.clients ?? []) socket.terminate();
  server?.close();
});

/** A server that answers every subscription with a state; tells when each connection came. */
async function startServer(onConnection: () => void): Promise<WebSocketServer> {
  const started = new WebSocketServer({ port: 0, handleProtocols: () => 'graphql-transport-ws' });
  started.on('connection', (socket) => {
    onConnection();
    socket.on('message', (data: Buffer) => {
      const { type, id } = JSON.parse(data.toString('utf8')) as { type: string; id?: string };
      if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
      if (type !== 'subscribe') return;
      const payload = { data: { ingestionProgress: { progress: progressOf() } } };
      socket.send(JSON.stringify({ type: 'next', id, payload }));
    });
  });
  await once(started, 'listening');
  return started;
}

/** The greatest share of all that falls into any 100 ms. */
function thickest(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  const counts = sorted.map((start) => sorted.filter((time) => time >= start && time < start + 100).length);
  return Math.max(...counts) / times.length;
}

it.each([
  ['a planned restart (1012)', 1012, 0.2, 3_000],
  ['a plain loss', null, 0.4, 300],
] as const)(
  `${String(CLIENTS)} clients come back spread out after %s`,
  async (_what, code, most, leastSpreadMs) => {
    let times: number[] = [];
    let onAll: () => void = () => undefined;
    server = await startServer(() => {
      times.push(performance.now());
      if (times.length === CLIENTS) onAll();
    });
    const all = (): Promise<void> =>
      new Promise((resolve) => {
        onAll = resolve;
      });
    const environment = createEnvironment({ webSocket: WebSocket as unknown as typeof globalThis.WebSocket });
    const endpoint = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/graphql`;
    const connected = Promise.all(
      Array.from({ length: CLIENTS }, () => {
        const connection = createConnection({ endpoint, transport: 'websocket' }, { environment });
        const client = createIngestionClient({ projectId: 'p1', connection });
        clients.push(client);
        return new Promise<void>((resolve) => {
          client.subscribe(() => {
            if (client.getSnapshot().connection.state === 'connected') resolve();
          });
        });
      }),
    );
    await connected;
    times = [];
    const back = all();
    for (const socket of server.clients) {
      if (code === null) socket.terminate();
      else socket.close(code);
    }
    await back;
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(leastSpreadMs);
    expect(thickest(times)).toBeLessThanOrEqual(most);
  },
);
