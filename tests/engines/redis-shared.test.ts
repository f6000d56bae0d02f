/**
 * Issue 14, found 4: two deployments on one Redis are told apart by the database number, or by `REDIS_PREFIX`. Redis'
 * channels know no databases: what one deployment publishes must not reach the other's watchers.
 */
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { startRedisProcess, type RedisProcess } from '../support/redis-process.js';
import { embedded, startOutside } from './support/outside.js';

vi.setConfig({ testTimeout: 60_000 });

let redis: RedisProcess;
beforeAll(async () => {
  redis = await startRedisProcess();
});
afterAll(() => redis.dispose());
beforeEach(async () => void (await redis.command('FLUSHALL')));

/** Both run an ingestion of the same project; whoever watches the second's sees no other ingestion than its own. */
async function expectApart(
  first: Readonly<Record<string, string>>,
  second: Readonly<Record<string, string>>,
): Promise<void> {
  const a = await startOutside({ ...embedded(), ...first });
  const b = await startOutside({ ...embedded(), ...second });
  const ours = await b.start('p1');
  const watch = b.watch('p1');
  await watch.events.next();
  const theirs = await a.start('p1');
  expect(await a.phase('p1', theirs, 1)).toMatchObject({ accepted: true });
  expect(await b.phase('p1', ours, 2)).toMatchObject({ accepted: true });
  // Redis delivers in order: by now the other's events would have come, too.
  await watch.events.until(({ progress }) => progress?.currentPhase === 2);
  const seen = watch.events.all.map(({ progress }) => progress?.id);
  expect(seen).not.toContain(theirs);
  expect((await b.read('p1'))?.id).toBe(ours);
}

it('keeps apart what is on different databases', () =>
  expectApart({ REDIS_URL: `${redis.url}/0` }, { REDIS_URL: `${redis.url}/1` }));

it('keeps apart what has different prefixes', () =>
  expectApart(
    { REDIS_URL: redis.url, REDIS_PREFIX: 'shop:' },
    { REDIS_URL: redis.url, REDIS_PREFIX: 'archive:' },
  ));

it('uses no key and no channel outside its prefix', async () => {
  const server = await startOutside({ ...embedded(), REDIS_URL: redis.url, REDIS_PREFIX: 'shop:' });
  const id = await server.start('p1');
  await server.watch('p1').events.next();
  await server.phase('p1', id, 1);
  const keys = (await redis.command('KEYS', '*')).split('\r\n');
  const channels = (await redis.command('PUBSUB', 'CHANNELS')).split('\r\n');
  expect([...keys, ...channels].filter((name) => !name.startsWith('shop:'))).toEqual([]);
});
