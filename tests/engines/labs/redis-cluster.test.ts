/** The tests' own Redis Cluster does what its helpers say: it replaces a dead master, fails over by order, moves a slot. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accepts } from '../../support/daemon.js';
import { startRedisCluster, type RedisCluster } from '../../support/redis-cluster.js';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster();
});
afterAll(() => cluster.dispose());

const KEY = '{p}:state';

it('serves every slot by three masters with a replica each', async () => {
  const nodes = await cluster.nodes();
  expect(nodes.filter(({ role }) => role === 'master')).toHaveLength(3);
  const masterIds = nodes.flatMap(({ masterId }) => masterId ?? []);
  expect(new Set(masterIds)).toEqual(new Set((await cluster.masters()).map(({ id }) => id)));
});

it('moves a slot with what is in it, and answers ASK for what has gone meanwhile', async () => {
  const from = await cluster.masterOf(KEY);
  await from.process.command('SET', KEY, 'x');
  const to = (await cluster.masters()).find(({ id }) => id !== from.id);
  if (to === undefined) throw new Error('There is one master alone.');
  await cluster.moveSlot(await cluster.slotOf(KEY), to, async () => {
    await expect(from.process.command('GET', KEY)).rejects.toThrow(/^ASK /);
  });
  expect((await cluster.masterOf(KEY)).id).toBe(to.id);
  expect(await to.process.command('GET', KEY)).toBe('x');
  await expect(from.process.command('GET', KEY)).rejects.toThrow(/^MOVED /);
});

it('fails over by order and loses nothing', async () => {
  const master = await cluster.masterOf(KEY);
  await master.process.command('SET', KEY, 'y');
  const heir = await cluster.failOver(master);
  expect(heir.id).not.toBe(master.id);
  expect((await cluster.masterOf(KEY)).id).toBe(heir.id);
  expect(await heir.process.command('GET', KEY)).toBe('y');
});

it('replaces a master that is killed, and takes it back as a replica', async () => {
  const master = await cluster.masterOf(KEY);
  const heir = await cluster.killMaster(master);
  expect((await cluster.masterOf(KEY)).id).toBe(heir.id);
  await master.process.start();
  await cluster.settled();
  const returned = (await cluster.nodes()).find(({ id }) => id === master.id);
  expect(returned).toMatchObject({ role: 'replica', masterId: heir.id });
}, 40_000);

it('leaves nothing behind', async () => {
  await cluster.dispose();
  for (const { port, directory } of cluster.processes) {
    expect(await accepts(port)).toBe(false);
    expect(existsSync(directory)).toBe(false);
  }
});
