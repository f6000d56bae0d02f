/** The contract of event buses, held by Redis under Sentinel; and the change of its master. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { BusState } from '../../server/bus/event-bus.js';
import { createRedisBus } from '../../server/bus/redis-bus.js';
import { eventually } from '../support/eventually.js';
import { createInbox } from '../support/inbox.js';
import { startRedisSentinel, type RedisSentinel } from '../support/redis-sentinel.js';
import { changeAt, describeEventBus, listenTo } from './event-bus.contract.js';

let redis: RedisSentinel;
beforeAll(async () => {
  redis = await startRedisSentinel();
}, 60_000);
afterAll(() => redis.dispose());

async function openPair() {
  const options = { url: redis.url, keyPrefix: `test-${randomUUID()}:` };
  const bus = createRedisBus(options);
  const other = createRedisBus(options);
  await Promise.all([bus.open(), other.open()]);
  const dispose = async () => {
    await bus.close();
    await other.close();
  };
  return { bus, other, dispose };
}

describeEventBus('the Redis bus under Sentinel', openPair);

it.each(['fails over by order', 'is killed'])(
  'events travel again after the master %s, after a gap that is announced',
  async (how) => {
    const { bus, other, dispose } = await openPair();
    onTestFinished(dispose);
    const states = createInbox<BusState>('states of the bus');
    bus.onStateChange((state) => states.put(state));
    const { inbox } = await listenTo(bus, 'p');
    const former = await redis.master();
    if (how === 'is killed') {
      await redis.killMaster();
      onTestFinished(() => former.start());
    } else await redis.failOver();
    await states.until((state) => state === 'disconnected');
    await states.until((state) => state === 'connected');
    await eventually(() => other.commit(changeAt(9), 8), 20_000);
    await inbox.until(({ kind }) => kind === 'change');
  },
  90_000,
);

it('says what to write if redis:// leads to a sentinel', async () => {
  const [sentinel] = redis.sentinels;
  const bus = createRedisBus({ url: `redis://127.0.0.1:${sentinel?.port ?? 0}` });
  await expect(bus.open()).rejects.toThrow(/sentinel.*redis\+sentinel:\/\//);
});
