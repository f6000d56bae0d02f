/** A Redis of few rights, or behind TLS: the bus works with what the documents ask for, and says what is missing. */
import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import type { BusState } from '../../server/bus/event-bus.js';
import { createRedisBus, type RedisBusOptions } from '../../server/bus/redis-bus.js';
import { aclRules } from '../../server/bus/redis-refusal.js';
import { createInbox } from '../support/inbox.js';
import { commandOf } from '../support/records.js';
import { startRedisWithTls, startRedisWithUser } from '../support/redis-acl.js';
import type { RedisProcess } from '../support/redis-process.js';
import { changeAt, listenTo } from './event-bus.contract.js';

function forThisTest<T extends RedisProcess>(redis: T): T {
  onTestFinished(() => redis.dispose());
  return redis;
}

function busOf(options: RedisBusOptions) {
  const bus = createRedisBus(options);
  onTestFinished(() => bus.close());
  return bus;
}

/** The rules of the user in `docs/running-in-production.md`. */
function documentedRules(): string[] {
  const document = readFileSync('docs/running-in-production.md', 'utf8');
  const [, rules = ''] = /^user progress on >secret (.+)$/m.exec(document) ?? [];
  return rules.split(' ');
}

const ALL = ['~*', '&*', '+@all'];

it('does everything with the rights that the documents ask for', async () => {
  const redis = forThisTest(await startRedisWithUser({ rules: documentedRules() }));
  const bus = busOf({ url: redis.url });
  await bus.open();
  const { inbox, unsubscribe } = await listenTo(bus, 'p');
  expect(await bus.commit(changeAt(1), 0)).toEqual({ committed: true });
  expect(await bus.closeForEnding('p', changeAt(2), 1, 1_000)).toEqual({ committed: true });
  await bus.reopen('p', 2);
  await bus.publishStored(changeAt(3));
  await bus.publishCommand(commandOf());
  expect((await bus.read('p'))?.progress.revision).toBe(3);
  for (let heard = 0; heard < 3; heard += 1) await inbox.next();
  unsubscribe();
  await bus.ping();
  expect(bus.state).toBe('connected');
});

it('asks in its refusals for what the documents ask for', () => {
  expect(documentedRules().join(' ')).toBe(aclRules('ingestion-progress:'));
});

it.each(documentedRules())('does not open without %s, and says so in Redis’ words', async (rule) => {
  const rules = documentedRules().filter((other) => other !== rule);
  const redis = forThisTest(await startRedisWithUser({ rules }));
  await expect(busOf({ url: redis.url }).open()).rejects.toThrow(
    /^REDIS_URL: cannot connect to Redis at redis:\/\/127\.0\.0\.1:\d+ \(.*(NOPERM|can't run this command).*\): give its user these rights: ~ingestion-progress:\* /,
  );
});

it.each([
  ['the channels', 'resetchannels'],
  ['scripts', '-evalsha'],
  ['PUBLISH', '-publish'],
  ['SUBSCRIBE', '-subscribe'],
  ['HSET', '-hset'],
  ['HGET', '-hget'],
])('is away while its user may not use %s, and tells its own listeners meanwhile', async (_what, rule) => {
  const redis = forThisTest(await startRedisWithUser({ rules: ALL }));
  const bus = busOf({ url: redis.url });
  await bus.open();
  const states = createInbox<BusState>('states of the bus');
  bus.onStateChange((state) => states.put(state));
  const { inbox } = await listenTo(bus, 'p');
  await redis.command('ACL', 'SETUSER', 'progress', rule);
  expect(await states.next()).toBe('disconnected');
  await expect(bus.ping()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  const publishing = bus.publishStored(changeAt(1)).catch(() => undefined);
  expect(await inbox.next()).toMatchObject({ kind: 'change' });
  await publishing;
  await redis.command('ACL', 'SETUSER', 'progress', ...ALL);
  expect(await states.next()).toBe('connected');
  await bus.commit(changeAt(5), 1);
  await inbox.until((message) => message.kind === 'change' && message.change.event.revision === 5);
});

it('leaves nothing of a commit whose PUBLISH is refused', async () => {
  const redis = forThisTest(await startRedisWithUser({ rules: ALL }));
  const bus = busOf({ url: redis.url });
  await bus.open();
  await bus.commit(changeAt(1), 0);
  await redis.command('ACL', 'SETUSER', 'progress', '-publish');
  await expect(bus.commit(changeAt(2), 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect((await bus.read('p'))?.progress.revision).toBe(1);
});

it('trusts the authority in the file that it is given', async () => {
  const redis = forThisTest(await startRedisWithTls());
  const bus = busOf({ url: redis.url, tlsCaFile: redis.certificates.caFile });
  await bus.open();
  expect(bus.state).toBe('connected');
});

it('refuses a certificate that it does not trust in a sentence, whenever it is closed', async () => {
  const redis = forThisTest(await startRedisWithTls());
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const opening = Array.from({ length: 5 }, () => createRedisBus({ url: redis.url }).open());
    for (const outcome of await Promise.allSettled(opening)) {
      const reason = outcome.status === 'rejected' ? String(outcome.reason) : 'open';
      expect(reason).toMatch(/REDIS_URL: cannot connect .*certificate.*: set REDIS_TLS_CA/);
    }
  }
});
