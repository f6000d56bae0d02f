/**
 * Issue 14, found 3: Redis Cluster (`redis+cluster://`) and Redis under Sentinel (`redis+sentinel://`). Two servers start
 * on them, each project's events travel from one to the other, also after a master died, failed over or gave a slot
 * away; and an address of the plain kind that leads to one of them is refused with the right advice.
 */
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { eventually } from '../support/eventually.js';
import { openTestDatabase } from '../support/mongo-process.js';
import { startRedisCluster, type RedisCluster } from '../support/redis-cluster.js';
import { startRedisSentinel, type RedisSentinel } from '../support/redis-sentinel.js';
import { embedded, refusalOf, startOutside, type OutsideServer } from './support/outside.js';

vi.setConfig({ testTimeout: 90_000 });

/** Longest from a dead master to events that travel again, in milliseconds: the failover, and our noticing. */
const RECOVERY_MS = 20_000;
const PROJECTS = Array.from({ length: 12 }, (_, index) => `p${index}`);

interface Pair {
  readonly a: OutsideServer;
  readonly b: OutsideServer;
}

/** Two servers over this Redis and one store. */
async function startPair(REDIS_URL: string): Promise<Pair> {
  const database = await openTestDatabase();
  onTestFinished(() => database.drop());
  const environment = { REDIS_URL, MONGODB_URI: database.uri };
  return { a: await startOutside(environment), b: await startOutside(environment) };
}

/** Starts an ingestion on the one and watches it on the other. */
async function watched({ a, b }: Pair, projectId: string) {
  const id = await a.start(projectId);
  const watch = b.watch(projectId);
  await watch.events.next();
  return {
    /** Holds that a phase reported here is heard there within two seconds: by the bus, and not by a look into the store. */
    travels: async (phase: number) => {
      await eventually(
        async () => expect(await a.phase(projectId, id, phase)).toMatchObject({ codes: [] }),
        RECOVERY_MS,
      );
      const before = performance.now();
      await watch.events.until(({ progress }) => progress?.currentPhase === phase);
      expect(performance.now() - before).toBeLessThan(2_000);
    },
  };
}

async function expectEachProjectToTravel(pair: Pair): Promise<void> {
  for (const projectId of PROJECTS) await (await watched(pair, projectId)).travels(1);
  expect([await pair.a.readiness(), await pair.b.readiness()]).toEqual(['ok', 'ok']);
}

async function becomeOk({ a, b }: Pair): Promise<void> {
  await eventually(async () => {
    expect([await a.readiness(), await b.readiness()]).toEqual(['ok', 'ok']);
  }, RECOVERY_MS);
}

describe('on Redis Cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster.dispose());

  const masterOf = (projectId: string) => cluster.masterOf(`ingestion-progress:{${projectId}}:state`);

  it('the events of every project travel from server to server', async () => {
    await expectEachProjectToTravel(await startPair(cluster.url));
  });

  it('events travel again after the project’s master failed over by order', async () => {
    const pair = await startPair(cluster.url);
    const { travels } = await watched(pair, 'failed-over');
    await travels(1);
    await cluster.failOver(await masterOf('failed-over'));
    await becomeOk(pair);
    await travels(2);
  });

  it('events travel again after the project’s slot has moved', async () => {
    const pair = await startPair(cluster.url);
    const { travels } = await watched(pair, 'moved');
    await travels(1);
    const from = await masterOf('moved');
    const to = (await cluster.masters()).find(({ id }) => id !== from.id);
    if (to === undefined) throw new Error('There is one master alone.');
    await cluster.moveSlot(await cluster.slotOf('{moved}'), to);
    await travels(2);
    await becomeOk(pair);
  });

  it('events travel again after the project’s master was killed', async () => {
    const pair = await startPair(cluster.url);
    const { travels } = await watched(pair, 'killed');
    await travels(1);
    const master = await masterOf('killed');
    await cluster.killMaster(master);
    onTestFinished(() => master.process.start());
    await becomeOk(pair);
    await travels(2);
  });

  it('redis:// to any of its nodes is refused, and the right address is advised', async () => {
    await cluster.settled();
    for (const { port } of cluster.processes) {
      const { code, errors } = await refusalOf({ ...embedded(), REDIS_URL: `redis://127.0.0.1:${port}` });
      expect(code).toBe(1);
      expect(errors).toContain('redis+cluster://');
      expect(errors.trim().split('\n')).toHaveLength(1);
    }
  });
});

describe('on Redis under Sentinel', () => {
  let redis: RedisSentinel;
  beforeAll(async () => {
    redis = await startRedisSentinel();
  });
  afterAll(() => redis.dispose());

  it('the events of every project travel from server to server', async () => {
    await expectEachProjectToTravel(await startPair(redis.url));
  });

  it('events travel again after the master failed over by order', async () => {
    const pair = await startPair(redis.url);
    const { travels } = await watched(pair, 'failed-over');
    await travels(1);
    await redis.failOver();
    await becomeOk(pair);
    await travels(2);
  });

  it('events travel again after the master was killed', async () => {
    const pair = await startPair(redis.url);
    const { travels } = await watched(pair, 'killed');
    await travels(1);
    const former = await redis.master();
    await redis.killMaster();
    onTestFinished(() => former.start());
    await becomeOk(pair);
    await travels(2);
  });

  it('nothing goes back after a master died with the last write, whichever server goes on', async () => {
    const { a, b } = await startPair(redis.url);
    const id = await a.start('lost');
    const watches = [a.watch('lost'), b.watch('lost')];
    await Promise.all(watches.map(({ events }) => events.next()));
    const seen = (phase: number) =>
      Promise.all(
        watches.map(({ events }) => events.until(({ progress }) => progress?.currentPhase === phase)),
      );
    expect(await a.phase('lost', id, 1)).toMatchObject({ accepted: true });
    await seen(1);
    const former = await redis.master();
    const [heir] = redis.servers.filter((one) => one !== former);
    await eventually(async () => {
      const { length } = (await heir?.command('KEYS', '*lost*')) ?? '';
      expect(length).toBeGreaterThan(0);
    });
    // The replica follows nobody from here on.
    await heir?.command('REPLICAOF', '127.0.0.1', '1');
    expect(await a.phase('lost', id, 2)).toMatchObject({ accepted: true });
    await seen(2);
    await redis.killMaster();
    onTestFinished(() => former.start());
    const kept = await heir?.command('HGET', 'ingestion-progress:{lost}:state', 'record');
    expect(kept).not.toContain('phase 2');
    await becomeOk({ a, b });
    expect(await b.phase('lost', id, 3)).toMatchObject({ accepted: true });
    await seen(3);
    for (const { events } of watches) {
      const revisions = events.all.map(({ progress }) => progress?.revision ?? 0);
      expect(revisions).toEqual([...revisions].sort((one, other) => one - other));
      const phases = events.all.at(-1)?.progress?.phases ?? [];
      expect(phases.map(({ message }) => message)).toEqual(
        expect.arrayContaining(['phase 1', 'phase 2', 'phase 3']),
      );
    }
  });

  it('redis:// to a sentinel is refused, and the right address is advised', async () => {
    const { port } = redis.sentinels[0] ?? { port: 0 };
    const { code, errors } = await refusalOf({ ...embedded(), REDIS_URL: `redis://127.0.0.1:${port}` });
    expect(code).toBe(1);
    expect(errors).toContain('redis+sentinel://');
    expect(errors.trim().split('\n')).toHaveLength(1);
  });
});
