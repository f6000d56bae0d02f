/**
 * Issue 14, found 5: a MongoDB that lets the server in and refuses what it needs: indexes, retryable writes, writes at
 * all. The driver's sentence reaches the operator with what helps, and `/readyz` is degraded while writes fail.
 */
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { openTestDatabase } from '../support/mongo-process.js';
import {
  MONGO_REFUSALS,
  startRefusingMongo,
  WRITES,
  type RefusalRule,
  type RefusingMongoOptions,
} from '../support/refusing-mongo.js';
import { becomes, refusalOf, startOutside } from './support/outside.js';

vi.setConfig({ testTimeout: 90_000 });

let base: Awaited<ReturnType<typeof openTestDatabase>>;
let databases = 0;
beforeAll(async () => {
  base = await openTestDatabase();
});
afterAll(() => base.drop());

/** A proxy to a database of this test's own. */
async function open(options: RefusingMongoOptions = {}) {
  const uri = new URL(base.uri);
  databases += 1;
  uri.pathname += `-${databases}`;
  const proxy = await startRefusingMongo(uri.toString(), options);
  onTestFinished(() => proxy.dispose());
  return proxy;
}

it('does not start without the right to create indexes, and says so in the driver’s words', async () => {
  const proxy = await open();
  proxy.refuse((name) => (name === 'createIndexes' ? MONGO_REFUSALS.unauthorized(name) : null));
  const { code, errors } = await refusalOf({ MONGODB_URI: proxy.uri });
  expect(code).toBe(1);
  expect(errors).toContain('not authorized');
  // A right that has it, by its name in MongoDB.
  expect(errors).toMatch(/createIndex|readWrite/);
  expect(errors.trim().split('\n')).toHaveLength(1);
});

it('does not start without the right to write, and says so in the driver’s words', async () => {
  const proxy = await open();
  proxy.refuse((name) => (WRITES.has(name) ? MONGO_REFUSALS.unauthorized(name) : null));
  const { code, errors } = await refusalOf({ MONGODB_URI: proxy.uri });
  expect(code).toBe(1);
  expect(errors).toContain('not authorized');
  expect(errors).toContain('readWrite');
});

it('does not start if retryable writes are refused, and advises retryWrites=false', async () => {
  const proxy = await open({ looksSharded: true });
  proxy.refuse((_name, command) => ('txnNumber' in command ? MONGO_REFUSALS.noRetryableWrites : null));
  const { code, errors } = await refusalOf({ MONGODB_URI: proxy.uri });
  expect(code).toBe(1);
  expect(errors).toContain('retryWrites=false');
});

it('works with retryWrites=false where retryable writes are refused', async () => {
  const proxy = await open({ looksSharded: true });
  proxy.refuse((_name, command) => ('txnNumber' in command ? MONGO_REFUSALS.noRetryableWrites : null));
  const server = await startOutside({ MONGODB_URI: `${proxy.uri}?retryWrites=false` });
  const id = await server.start('p1');
  expect(await server.phase('p1', id, 1)).toMatchObject({ accepted: true });
  expect(await server.complete('p1', id)).toMatchObject({ accepted: true });
  expect(proxy.refused).toEqual([]);
});

const OUTAGES: readonly (readonly [string, RefusalRule, RegExp])[] = [
  [
    'its user loses the right to write',
    (name) => (WRITES.has(name) ? MONGO_REFUSALS.unauthorized(name) : null),
    /not authorized/,
  ],
  ['its quota is used up', (name) => (WRITES.has(name) ? MONGO_REFUSALS.overQuota : null), /space quota/],
  [
    // The heartbeats of servers go on, and nothing else does.
    'one collection alone refuses writes',
    (name, command) =>
      WRITES.has(name) && command[name] === 'ingestion_progress' ? MONGO_REFUSALS.overQuota : null,
    /space quota/,
  ],
];

it.each(OUTAGES)('is degraded while %s, with the driver’s words in its log', async (_when, rule, words) => {
  const proxy = await open();
  const server = await startOutside({ MONGODB_URI: proxy.uri });
  const id = await server.start('p1');
  expect(await server.phase('p1', id, 1)).toMatchObject({ accepted: true });
  proxy.refuse(rule);
  const during = server.phase('p1', id, 2);
  await becomes(server, 'degraded');
  expect(server.log()).toMatch(words);
  proxy.refuse(null);
  await becomes(server, 'ok', 15_000);
  await during;
  expect(await server.complete('p1', id)).toMatchObject({ accepted: true });
});
