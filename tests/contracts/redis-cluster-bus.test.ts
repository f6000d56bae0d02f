/** The contract of event buses, held by a Redis Cluster; and masters that change, slots that move. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { BusState } from '../../server/bus/event-bus.js';
import { createRedisBus } from '../../server/bus/redis-bus.js';
import { aclRules } from '../../server/bus/redis-refusal.js';
import { slotOf } from '../../server/bus/redis-slot.js';
import { eventually } from '../support/eventually.js';
import { createInbox } from '../support/inbox.js';
import { commandOf } from '../support/records.js';
import { startRedisCluster, type RedisCluster } from '../support/redis-cluster.js';
import { changeAt, describeEventBus, listenTo } from './event-bus.contract.js';

let redis: RedisCluster;
beforeAll(async () => {
  redis = await startRedisCluster();
}, 90_000);
afterAll(() => redis.dispose());

async function openPair(query = '') {
  const options = { url: redis.url + query, keyPrefix: `test-${randomUUID()}:` };
  const bus = createRedisBus(options);
  const other = createRedisBus(options);
  await Promise.all([bus.open(), other.open()]);
  const dispose = async () => {
    await bus.close();
    await other.close();
  };
  // A node counts those alone who listen at itself.
  return { bus, other, dispose, countsListeners: query === '' };
}

describeEventBus('the Redis bus on a cluster', openPair);
describeEventBus('the Redis bus on a cluster, by classic pub/sub,', () => openPair('?pubsub=classic'));

it.each(['p', '{a}b', 'x{y}z', 'no tag'])('knows the slot of %s', async (key) => {
  expect(slotOf(key)).toBe(await redis.slotOf(key));
});

describe('after a gap that is announced, events of every project travel again', () => {
  const PROJECTS = Array.from({ length: 12 }, (_, index) => `p${index}`);
  const masterOf = (projectId: string) => redis.masterOf(`{${projectId}}`);

  const whatHappens: Readonly<Record<string, () => Promise<unknown>>> = {
    'a master failed over by order': async () => redis.failOver(await masterOf('p0')),
    'a slot moved': async () => {
      const from = await masterOf('p0');
      const to = (await redis.masters()).find(({ id }) => id !== from.id);
      if (to !== undefined) await redis.moveSlot(await redis.slotOf('p0'), to);
    },
    'a master was killed': async () => {
      const master = await masterOf('p0');
      onTestFinished(() => master.process.start());
      await redis.killMaster(master);
    },
  };

  it.each(Object.keys(whatHappens))(
    '%s',
    async (what) => {
      const { bus, other, dispose } = await openPair();
      onTestFinished(dispose);
      const states = createInbox<BusState>('states of the bus');
      bus.onStateChange((state) => states.put(state));
      const listening = await Promise.all(PROJECTS.map((projectId) => listenTo(bus, projectId)));
      await whatHappens[what]?.();
      await states.until((state) => state === 'disconnected');
      await states.until((state) => state === 'connected');
      for (const [index, projectId] of PROJECTS.entries()) {
        await eventually(() => other.commit(changeAt(9, projectId), 8), 20_000);
        await listening[index]?.inbox.until(({ kind }) => kind === 'change');
      }
    },
    90_000,
  );
});

it('works with the rights that the documents ask for, and names them without one', async () => {
  const document = readFileSync('docs/running-in-production.md', 'utf8');
  const [, one = ''] = /^user progress on >secret (.+)$/m.exec(document) ?? [];
  const [, more = ''] = /On a cluster the user needs `([^`]+)`/.exec(document) ?? [];
  const rules = `${one} ${more}`;
  expect(rules).toBe(aclRules('ingestion-progress:', true));
  const setUser = (words: readonly string[]) =>
    Promise.all(
      redis.processes
        .filter((node) => node.isRunning())
        .map((node) => node.command('ACL', 'SETUSER', 'progress', 'reset', 'on', '>secret', ...words)),
    );
  await setUser(rules.split(' '));
  const url = redis.url.replace('://', '://progress:secret@');
  const bus = createRedisBus({ url });
  onTestFinished(() => bus.close());
  await bus.open();
  const { inbox } = await listenTo(bus, 'p');
  await bus.commit(changeAt(5), 0);
  await bus.publishCommand(commandOf());
  await inbox.next();
  await inbox.next();
  for (const right of more.split(' ')) {
    await setUser(rules.split(' ').filter((other) => other !== right));
    await expect(createRedisBus({ url }).open()).rejects.toThrow(right);
  }
});

it('says what to write if redis:// leads to a node, whichever', async () => {
  await redis.settled();
  for (const { port } of redis.processes) {
    const bus = createRedisBus({ url: `redis://127.0.0.1:${port}` });
    await expect(bus.open()).rejects.toThrow(/cluster.*redis\+cluster:\/\//);
  }
});
