/** The tests' own Redis under Sentinel does what its helpers say: fails over by order, and replaces a dead master. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accepts } from '../../support/daemon.js';
import { eventually } from '../../support/eventually.js';
import { startRedisSentinel, type RedisSentinel } from '../../support/redis-sentinel.js';

let redis: RedisSentinel;
beforeAll(async () => {
  redis = await startRedisSentinel();
});
afterAll(() => redis.dispose());

it('replicates what the master was given', async () => {
  const master = await redis.master();
  await master.command('SET', 'key', 'x');
  const [replica] = redis.servers.filter((one) => one !== master);
  await eventually(async () => expect(await replica?.command('GET', 'key')).toBe('x'));
});

it('fails over by order; the former master follows', async () => {
  const former = await redis.master();
  const master = await redis.failOver();
  expect(master).not.toBe(former);
  await eventually(async () => expect(await former.command('ROLE')).toMatch(/^slave/));
  expect(await master.command('GET', 'key')).toBe('x');
}, 40_000);

it('replaces a master that is killed, and takes it back as a replica', async () => {
  const former = await redis.master();
  const master = await redis.killMaster();
  expect(master).not.toBe(former);
  await master.command('SET', 'key', 'y');
  await former.start();
  await eventually(async () => expect(await former.command('GET', 'key')).toBe('y'), 30_000);
  expect(await redis.master()).toBe(master);
}, 60_000);

it('leaves nothing behind', async () => {
  await redis.dispose();
  for (const { port, directory } of [...redis.servers, ...redis.sentinels]) {
    expect(await accepts(port)).toBe(false);
    expect(existsSync(directory)).toBe(false);
  }
});
