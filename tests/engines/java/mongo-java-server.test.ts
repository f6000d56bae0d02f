/** The tests' own mongo-java-server: the driver talks with it, it can be stopped and started, and leaves nothing behind. */
import { existsSync } from 'node:fs';
import { MongoClient } from 'mongodb';
import { expect, it, onTestFinished } from 'vitest';
import { accepts } from '../../support/daemon.js';
import { startMongoJavaProcess } from '../../support/mongo-java-process.js';

it('reports a wire version that the driver takes, empty again after a kill, and is gone at the end', async () => {
  const mongo = await startMongoJavaProcess();
  onTestFinished(() => mongo.dispose());
  const client = new MongoClient(mongo.uri);
  onTestFinished(() => client.close());
  const things = client.db().collection<{ _id: string }>('things');
  expect(await client.db().command({ isMaster: 1 })).toMatchObject({ maxWireVersion: 21 });
  await things.insertOne({ _id: 'x' });
  expect(await things.countDocuments()).toBe(1);
  await mongo.kill();
  await mongo.start();
  expect(await things.countDocuments()).toBe(0);
  await mongo.dispose();
  expect(await accepts(mongo.port)).toBe(false);
  expect(existsSync(mongo.directory)).toBe(false);
});
