/** The tests' own refusing MongoDB: what its rule names is answered by MongoDB's error, the rest by the server behind it. */
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { openTestDatabase } from '../../support/mongo-process.js';
import {
  MONGO_REFUSALS,
  startRefusingMongo,
  WRITES,
  type RefusingMongoOptions,
} from '../../support/refusing-mongo.js';

let base: Awaited<ReturnType<typeof openTestDatabase>>;
beforeAll(async () => {
  base = await openTestDatabase();
});
afterAll(() => base.drop());

async function open(options: RefusingMongoOptions = {}, query = '') {
  const proxy = await startRefusingMongo(base.uri, options);
  const client = new MongoClient(`${proxy.uri}${query}`);
  onTestFinished(async () => {
    await client.close();
    await proxy.dispose();
  });
  return { proxy, things: client.db().collection<{ _id: string }>('things') };
}

it('refuses what its rule names, until it is taken back', async () => {
  const { proxy, things } = await open();
  await things.insertOne({ _id: 'a' });
  proxy.refuse((name) => (WRITES.has(name) ? MONGO_REFUSALS.unauthorized(name) : null));
  await expect(things.insertOne({ _id: 'b' })).rejects.toMatchObject({
    code: 13,
    message: expect.stringContaining('not authorized') as string,
  });
  expect(await things.countDocuments({ _id: { $in: ['a', 'b'] } })).toBe(1);
  expect(proxy.refused).toEqual(['insert']);
  proxy.refuse(null);
  await things.insertOne({ _id: 'b' });
});

it('looks like a mongos, so that the driver sends retryable writes unless it is told not to', async () => {
  const retried: boolean[] = [];
  for (const query of ['', '?retryWrites=false']) {
    const { proxy, things } = await open({ looksSharded: true }, query);
    proxy.refuse((name, command) => {
      if (name !== 'insert') return null;
      retried.push('txnNumber' in command);
      return MONGO_REFUSALS.noRetryableWrites;
    });
    await expect(things.insertOne({ _id: 'c' })).rejects.toThrow('Retryable writes are not supported');
  }
  expect(retried).toEqual([true, false]);
});
