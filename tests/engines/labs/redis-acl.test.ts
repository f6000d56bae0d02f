/** The tests' own guarded Redis refuse what they shall refuse, in Redis' own words, and take the rest. */
import { existsSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import {
  REDIS_RULES,
  startRedisWithPassword,
  startRedisWithTls,
  startRedisWithUser,
} from '../../support/redis-acl.js';
import { askRedis, type RedisProcess } from '../../support/redis-process.js';

const asUser = ({ port }: RedisProcess, ...words: readonly string[]) =>
  askRedis({ port, username: 'progress', password: 'secret' }, ...words);

async function startFor(rules: readonly string[]) {
  const redis = await startRedisWithUser({ rules });
  onTestFinished(() => redis.dispose());
  return redis;
}

it('a user without channels may write and may not publish', async () => {
  const redis = await startFor(REDIS_RULES.withoutChannels);
  expect(redis.url).toBe(`redis://progress:secret@127.0.0.1:${redis.port}`);
  expect(await asUser(redis, 'SET', 'key', 'x')).toBe('OK');
  await expect(asUser(redis, 'SUBSCRIBE', 'channel')).rejects.toThrow(/NOPERM .* channel/);
  await expect(asUser(redis, 'PUBLISH', 'channel', 'x')).rejects.toThrow(/NOPERM .* channel/);
});

it('a user without scripts may publish and may not run one', async () => {
  const redis = await startFor(REDIS_RULES.withoutScripts);
  expect(await asUser(redis, 'PUBLISH', 'channel', 'x')).toBe('0');
  await expect(asUser(redis, 'EVAL', 'return 1', '0')).rejects.toThrow(/NOPERM .* 'eval'/);
});

it('the user of the smallest rules may use our keys and channels, and no others', async () => {
  const redis = await startFor(REDIS_RULES.smallest);
  expect(await asUser(redis, 'PUBLISH', 'ingestion-progress:{p}:events', 'x')).toBe('0');
  await expect(asUser(redis, 'SET', 'key', 'x')).rejects.toThrow(/NOPERM .* keys/);
  await expect(asUser(redis, 'KEYS', '*')).rejects.toThrow(/NOPERM .* 'keys'/);
});

it('a password of any characters is taken, percent-encoded in the address', async () => {
  const password = '100% of/what:people@type?&#ü';
  const redis = await startRedisWithPassword(password);
  onTestFinished(() => redis.dispose());
  expect(decodeURIComponent(new URL(redis.url).password)).toBe(password);
  expect(await redis.command('PING')).toBe('PONG');
  await expect(askRedis({ port: redis.port }, 'PING')).rejects.toThrow(/NOAUTH/);
});

it('a certificate is good for those who know its authority, and for nobody else', async () => {
  const redis = await startRedisWithTls();
  onTestFinished(() => redis.dispose());
  expect(redis.url).toBe(`rediss://127.0.0.1:${redis.port}`);
  expect(await redis.command('PING')).toBe('PONG');
  await expect(askRedis({ port: redis.port, tls: {} }, 'PING')).rejects.toThrow();
  await redis.dispose();
  expect(existsSync(redis.certificates.caFile)).toBe(false);
  expect(existsSync(redis.directory)).toBe(false);
});
