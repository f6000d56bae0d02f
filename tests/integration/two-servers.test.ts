/** Two servers over one Redis and one store: who watches on one is told of what happens on the other, come what may. */
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import { createRedisBus } from '../../server/bus/redis-bus.js';
import { createMemoryStore } from '../../server/store/memory-store.js';
import type { ProgressStore } from '../../server/store/progress-store.js';
import { startRedisProcess } from '../support/redis-process.js';
import type { RedisProcess } from '../support/redis-process.js';
import { startTestServer, tokenFor } from './support/running-server.js';
import type { RunningServer } from './support/running-server.js';
import { connectStock, watchStock } from './support/stock-client.js';
import type { StockWatch } from './support/stock-client.js';

let redis: RedisProcess;
let keyspaces = 0;

beforeAll(async () => {
  redis = await startRedisProcess();
});
afterAll(() => redis.dispose());

/** Two servers; the store is one object for both, as a database would be, and outlives either. */
async function twoServers(): Promise<{ a: RunningServer; b: RunningServer; store: ProgressStore }> {
  keyspaces += 1;
  const store: ProgressStore = { ...createMemoryStore(), exclusive: false, close: () => Promise.resolve() };
  const keyPrefix = `test-${keyspaces}:`;
  const bus = () => createRedisBus({ url: redis.url, keyPrefix });
  const a = await startTestServer({ store, bus: bus() });
  const b = await startTestServer({ store, bus: bus() });
  return { a, b, store };
}

async function watchOn({ wsUrl }: RunningServer): Promise<StockWatch> {
  const watch = watchStock(connectStock(wsUrl, { token: tokenFor() }), 'p1');
  await watch.events.next();
  return watch;
}

/** Resolves once a watcher was told of this phase. */
function phase({ events }: StockWatch, number: number) {
  return events.until(({ progress }) => progress?.currentPhase === number);
}

describe('two servers', () => {
  it('tell each other’s watchers of every event, to the end', async () => {
    const { a, b } = await twoServers();
    const watch = await watchOn(b);
    await a.server.emitter.emitPhaseStarted('p1', 1, 'Looking');
    await phase(watch, 1);
    const run = await b.graphql('{ progress(projectId: "p1") { currentPhase } }');
    expect(run.data).toEqual({ progress: { currentPhase: 1 } });
    await a.server.emitter.emitComplete('p1', {});
    expect(await watch.ended).toBe('completed');
    expect(watch.events.all.at(-1)).toMatchObject({ __typename: 'IngestionComplete' });
  });

  it('heal what was lost when subscriptions are cut', async () => {
    const { a, b } = await twoServers();
    const watch = await watchOn(b);
    await a.server.emitter.emitPhaseStarted('p1', 1, 'Looking');
    await phase(watch, 1);
    await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await a.server.emitter.emitPhaseStarted('p1', 2, 'Reading');
    await phase(watch, 2);
    await a.server.emitter.emitPhaseStarted('p1', 3, 'Thinking');
    await phase(watch, 3);
    const revisions = watch.events.all.map(({ revision }) => revision);
    expect(revisions).toEqual([...revisions].sort((x, y) => x - y));
  });

  // (invariant: outage-stays-behind)
  it('without Redis keep the watchers of both by the store, say so, and are live again after', async () => {
    const { a, b } = await twoServers();
    const near = await watchOn(a);
    const far = await watchOn(b);
    await a.server.emitter.emitPhaseStarted('p1', 1, 'Looking');
    await Promise.all([phase(near, 1), phase(far, 1)]);
    await redis.kill();
    await a.server.emitter.emitPhaseStarted('p1', 2, 'Reading');
    await Promise.all([phase(near, 2), phase(far, 2)]);
    await expect
      .poll(async () => (await b.get('/readyz', null)).json(), { timeout: 10_000 })
      .toMatchObject({
        status: 'degraded',
        dependencies: { bus: { state: 'down' }, store: { state: 'up' } },
      });
    expect((await b.get('/readyz', null)).status).toBe(200);
    const late = await watchOn(b);
    expect(late.events.all[0]?.progress).toMatchObject({ currentPhase: 2 });
    await redis.start();
    await a.server.emitter.emitPhaseStarted('p1', 3, 'Thinking');
    await Promise.all([phase(near, 3), phase(far, 3), phase(late, 3)]);
    await a.server.emitter.emitComplete('p1', {});
    expect(await Promise.all([near.ended, far.ended, late.ended])).toEqual(Array(3).fill('completed'));
  }, 60_000);
});
