/**
 * Issue 14, found 2: a Redis that lets the server in and refuses what it needs. A refusal at start ends it with Redis'
 * own words and the rules that help; a later one shows in `/readyz` within five seconds.
 */
import { expect, it, onTestFinished, vi } from 'vitest';
import {
  REDIS_RULES,
  startRedisWithPassword,
  startRedisWithTls,
  startRedisWithUser,
} from '../support/redis-acl.js';
import type { RedisProcess } from '../support/redis-process.js';
import { becomes, embedded, refusalOf, startOutside, type OutsideServer } from './support/outside.js';

vi.setConfig({ testTimeout: 60_000 });

function forThisTest<T extends RedisProcess>(redis: T): T {
  onTestFinished(() => redis.dispose());
  return redis;
}

const withUser = async (rules: readonly string[]) => forThisTest(await startRedisWithUser({ rules }));

/** Reports two phases and an ending, and holds that a watcher hears of them. */
async function expectToWork(server: OutsideServer): Promise<void> {
  const id = await server.start('p1');
  const watch = server.watch('p1');
  await watch.events.next();
  expect(await server.phase('p1', id, 2)).toMatchObject({ accepted: true });
  await watch.events.until(({ progress }) => progress?.currentPhase === 2);
  expect(await server.complete('p1', id)).toMatchObject({ accepted: true });
  expect(await watch.ended).toBe('completed');
}

/** A sentence or two for the operator, and no stack. */
function expectSentences(errors: string): void {
  expect(errors.trim().split('\n').length).toBeLessThanOrEqual(3);
  expect(errors).not.toMatch(/^\s+at .+:\d+:\d+/m);
}

it('starts and works with the smallest rules', async () => {
  const redis = await withUser(REDIS_RULES.smallest);
  await expectToWork(await startOutside({ ...embedded(), REDIS_URL: redis.url }));
});

it('does not start if its user has no channels, and says in Redis’ words which rule is missing', async () => {
  const redis = await withUser(REDIS_RULES.withoutChannels);
  const { code, errors } = await refusalOf({ ...embedded(), REDIS_URL: redis.url });
  expect(code).toBe(1);
  expect(errors).toMatch(/NOPERM/);
  expect(errors).toContain('&ingestion-progress:*');
  expectSentences(errors);
});

it('does not start if its user may run no script, and says in Redis’ words which rule is missing', async () => {
  const redis = await withUser(REDIS_RULES.withoutScripts);
  const { code, errors } = await refusalOf({ ...embedded(), REDIS_URL: redis.url });
  expect(code).toBe(1);
  expect(errors).toMatch(/NOPERM/);
  expect(errors).toMatch(/\+eval/);
  expectSentences(errors);
});

it.each([
  ['its channels', ['resetchannels']],
  ['its scripts', ['-eval', '-evalsha']],
])('is degraded within five seconds if its user loses %s', async (_what, rules) => {
  const redis = await withUser(['~*', '&*', '+@all']);
  const server = await startOutside({ ...embedded(), REDIS_URL: redis.url });
  const id = await server.start('p1');
  expect(await server.phase('p1', id, 1)).toMatchObject({ accepted: true });
  await redis.command('ACL', 'SETUSER', 'progress', ...rules);
  await becomes(server, 'degraded');
  expect(server.log()).toMatch(/NOPERM/);
  await redis.command('ACL', 'SETUSER', 'progress', '&*', '+@all');
  await becomes(server, 'ok');
});

it('never answers `accepted: false` to a report that Redis took and could not publish', async () => {
  const redis = await withUser(['~*', '&*', '+@all']);
  const server = await startOutside({ ...embedded(), REDIS_URL: redis.url });
  const id = await server.start('p1');
  await redis.command('ACL', 'SETUSER', 'progress', '-publish');
  const answer = await server.phase('p1', id, 1);
  expect(answer.accepted).not.toBe(false);
});

it('talks over TLS with an authority that NODE_EXTRA_CA_CERTS names', async () => {
  const redis = forThisTest(await startRedisWithTls());
  const trusting = { NODE_EXTRA_CA_CERTS: redis.certificates.caFile };
  await expectToWork(await startOutside({ ...embedded(), ...trusting, REDIS_URL: redis.url }));
});

// Every fifth start or so crashed once; the contracts open fifty in one process.
it('does not start with a certificate that it does not trust, and never with a stack', async () => {
  const redis = forThisTest(await startRedisWithTls());
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const starts = [1, 2, 3].map(() => refusalOf({ ...embedded(), REDIS_URL: redis.url }));
    for (const { code, errors } of await Promise.all(starts)) {
      expectSentences(errors);
      expect(errors).toMatch(/certificate/);
      expect(code).toBe(1);
    }
  }
});

it('says how a certificate comes to be trusted', async () => {
  const redis = forThisTest(await startRedisWithTls());
  const { errors } = await refusalOf({ ...embedded(), REDIS_URL: redis.url });
  expect(errors).toContain('NODE_EXTRA_CA_CERTS');
});

it('takes a password of any characters, percent-encoded', async () => {
  const redis = forThisTest(await startRedisWithPassword('100% of/what:people@type?&#ü'));
  await expectToWork(await startOutside({ ...embedded(), REDIS_URL: redis.url }));
});

it('says that a password is to be percent-encoded if it is not', async () => {
  const redis = forThisTest(await startRedisWithPassword('100%'));
  const REDIS_URL = `redis://:100%@127.0.0.1:${redis.port}`;
  const { code, errors } = await refusalOf({ ...embedded(), REDIS_URL });
  expect(code).toBe(2);
  expect(errors).toMatch(/REDIS_URL.*percent-encode/);
  expect(errors).toContain('%25');
  expect(errors).not.toContain('100%@');
  expectSentences(errors);
});
