import { WebSocket } from 'ws';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProgressServer } from '@ingestion-progress/server';
import { createConnection } from '../../widget/client/connection.js';
import { createEnvironment } from '../../widget/client/environment.js';
import { createIngestionClient } from '../../widget/client/client.js';
import type { ConnectionOptions, IngestionClient, Snapshot } from '../../widget/client/types.js';
import { startServer, tokenFor } from './support/real-server.js';
import { record } from './support/states.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function server(): Promise<ProgressServer> {
  const started = await startServer();
  ends.push(() => started.close());
  return started;
}

function clientOf(
  started: ProgressServer,
  options: ConnectionOptions = {},
  projectId = 'p1',
): IngestionClient {
  const environment = createEnvironment({ webSocket: WebSocket as unknown as typeof globalThis.WebSocket });
  const connection = createConnection(
    { endpoint: `${started.url}/graphql`, token: tokenFor(), ...options },
    { environment },
  );
  const client = createIngestionClient({ projectId, connection });
  ends.push(() => {
    client.dispose();
  });
  return client;
}

/** Resolves with the first snapshot that fits. */
async function until(client: IngestionClient, fits: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
  let found: (snapshot: Snapshot) => void = () => undefined;
  const fitting = new Promise<Snapshot>((resolve) => {
    found = resolve;
  });
  const look = (): void => {
    const snapshot = client.getSnapshot();
    if (fits(snapshot)) found(snapshot);
  };
  const stop = client.subscribe(look);
  look();
  const snapshot = await fitting;
  stop();
  return snapshot;
}

describe('Against the real server, a client', { timeout: 60_000 }, () => {
  for (const transport of ['websocket', 'polling'] as const) {
    it(`follows an ingestion to its end by ${transport}, with each event once`, async () => {
      const started = await server();
      const client = clientOf(started, { transport, pollIntervalMs: 100 });
      const events: string[] = [];
      client.on('phase-started', ({ phase }) => events.push(`phase ${String(phase)}`));
      client.on('complete', ({ result }) => events.push(result.outcome));
      await until(client, ({ knowledge }) => knowledge === 'confirmed');
      expect(client.getSnapshot().progress).toBeNull();
      await started.emitter.emitPhaseStarted('p1', 1, 'Reading');
      started.emitter.emitProgressUpdate('p1', 1, 50, { itemsProcessed: 5, itemsTotal: 10 });
      await until(client, ({ progress }) => progress?.phases[0]?.percent === 50);
      await started.emitter.emitPhaseStarted('p1', 3, 'Thinking');
      await started.emitter.emitComplete('p1', { itemsProcessed: 10, itemsFailed: 1 });
      const { progress, scopes, serverTime } = await until(
        client,
        (now) => now.progress?.status === 'COMPLETED',
      );
      expect(progress?.progressPercent).toBe(100);
      expect(events).toEqual(['phase 1', 'phase 2', 'phase 3', 'PARTIAL']);
      expect(scopes).toEqual(['progress:read']);
      expect(Math.abs((serverTime ?? 0) - Date.now())).toBeLessThan(2_000);
    });
  }

  it('says unauthorized for a project that is not the token’s, while its neighbour on the socket goes on', async () => {
    const started = await server();
    const token = tokenFor({ projects: ['mine'] });
    const environment = createEnvironment({ webSocket: WebSocket as unknown as typeof globalThis.WebSocket });
    const connection = createConnection({ endpoint: `${started.url}/graphql`, token }, { environment });
    const [mine, other] = ['mine', 'other'].map((projectId) =>
      createIngestionClient({ projectId, connection }),
    );
    ends.push(() => {
      connection.dispose();
    });
    const { seen } = record(other!);
    await until(mine!, ({ connection: { state } }) => state === 'connected');
    const { connection: refused } = await until(
      other!,
      ({ connection: { state } }) => state === 'unauthorized',
    );
    expect(refused).toMatchObject({ error: { code: 'FORBIDDEN' } });
    await started.emitter.emitPhaseStarted('mine', 1, 'Reading');
    await until(mine!, ({ progress }) => progress !== null);
    expect(seen).toEqual(['idle', 'connecting', 'unauthorized']);
    expect(started.counts.connections).toBe(1);
  });

  it('gives up with a clear error where its one token is refused', async () => {
    const started = await server();
    for (const [token, code] of [
      ['rubbish', 'UNAUTHENTICATED'],
      [tokenFor({ expiresInSeconds: -5 }), 'TOKEN_EXPIRED'],
    ] as const) {
      const client = clientOf(started, { token });
      const { connection } = await until(client, ({ connection: { state } }) => state === 'unauthorized');
      expect(connection).toMatchObject({ error: { code } });
    }
  });

  it('renews its token on the open socket, before it expires', async () => {
    const started = await server();
    const tokens = [
      tokenFor({ expiresInSeconds: 2 }),
      tokenFor({ scope: 'progress:read ingestion:control' }),
    ];
    let asked = 0;
    const getToken = (): string => tokens[asked++] ?? 'too many';
    const client = clientOf(started, { token: undefined, getToken });
    const { names } = record(client);
    await until(client, ({ scopes }) => scopes?.length === 1);
    await until(client, ({ scopes }) => scopes?.includes('ingestion:control') === true);
    await started.emitter.emitPhaseStarted('p1', 1, 'Reading');
    await until(client, ({ progress }) => progress !== null);
    expect(asked).toBe(2);
    expect(names()).toEqual(['idle', 'connecting', 'connected']);
    expect(started.counts.connections).toBe(1);
  });
});
