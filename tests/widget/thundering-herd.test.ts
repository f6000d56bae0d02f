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

/** A server that answers every subscription with a state. */
async function startServer(): Promise<WebSocketServer> {
  const started = new WebSocketServer({ port: 0, handleProtocols: () => 'graphql-transport-ws' });
  started.on('connection', (socket) => {
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

/** The largest share that falls within any 100 ms. */
function thickest(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  const counts = sorted.map((start) => sorted.filter((time) => time >= start && time < start + 100).length);
  return Math.max(...counts) / times.length;
}

// (invariant: drain-without-herd)
it.each([
  ['a planned restart (1012)', 1012, 0.2, 3_000],
  ['a plain loss', null, 0.4, 300],
] as const)(
  `${String(CLIENTS)} clients come back spread out after %s`,
  async (_what, code, most, leastSpreadMs) => {
    server = await startServer();
    const environment = createEnvironment({ webSocket: WebSocket as unknown as typeof globalThis.WebSocket });
    const endpoint = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/graphql`;
    const reach = (state: string): Promise<unknown> =>
      Promise.all(clients.map((client) => reaches(client, state)));
    for (let count = 0; count < CLIENTS; count += 1) {
      const connection = createConnection({ endpoint, transport: 'websocket' }, { environment });
      clients.push(createIngestionClient({ projectId: 'p1', connection }));
    }
    await reach('connected');
    const lostAt = environment.monotonicNow();
    const lost = reach('reconnecting');
    for (const socket of server.clients) {
      if (code === null) socket.terminate();
      else socket.close(code);
    }
    await lost;
    // When each will try, by its own plan: how soon a busy machine then gets to it is not the client's doing.
    const due = clients.map(dueOf);
    const waits = due.map((at) => at - lostAt);
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(leastSpreadMs);
    expect(thickest(due)).toBeLessThanOrEqual(most);
    await reach('connected');
  },
);

const plans = new WeakMap<IngestionClient, number>();
const dueOf = (client: IngestionClient): number => plans.get(client) ?? Number.NaN;

/** Resolves once the client is in this state; notes when its next attempt is due. */
function reaches(client: IngestionClient, state: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      const { connection } = client.getSnapshot();
      if (connection.state !== state) return;
      if (connection.state === 'reconnecting' && connection.nextAttemptAt !== null) {
        plans.set(client, connection.nextAttemptAt);
      }
      resolve();
    };
    client.subscribe(look);
    look();
  });
}
