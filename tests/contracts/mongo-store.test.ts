/** The contract of progress stores, held by MongoDB over the wire; and what only a server elsewhere can go through. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createMongoStore } from '../../server/store/mongo-store.js';
import { eventually } from '../support/eventually.js';
import { createRecordedLog } from '../support/log.js';
import { openTestDatabase, startMongoProcess, type MongoProcess } from '../support/mongo-process.js';
import { entryOf, recordOf } from '../support/records.js';
import { createTcpProxy } from '../support/tcp-proxy.js';
import { describeProgressStore, MAX_LOG_ENTRIES } from './progress-store.contract.js';

let base: Awaited<ReturnType<typeof openTestDatabase>>;
beforeAll(async () => {
  base = await openTestDatabase();
});
afterAll(() => base.drop());

/** The address of a database that nobody else uses. */
function freshUri(): string {
  const uri = new URL(base.uri);
  uri.pathname = `${uri.pathname}-${randomUUID().slice(0, 8)}`;
  return uri.toString();
}

describeProgressStore('the MongoDB store', async () => {
  const uri = freshUri();
  const store = createMongoStore({ uri, maxLogEntries: MAX_LOG_ENTRIES });
  const other = createMongoStore({ uri, maxLogEntries: MAX_LOG_ENTRIES });
  await store.open();
  await other.open();
  return {
    store,
    other,
    dispose: async () => {
      await store.close();
      await other.close();
      const client = new MongoClient(uri);
      await client.db().dropDatabase();
      await client.close();
    },
  };
});

describe('the MongoDB store over the wire', () => {
  const start = (projectId: string, revision = 1) =>
    ({
      record: recordOf({ projectId, revision }),
      guard: { kind: 'start' },
      events: [entryOf(revision)],
    }) as const;
  const change = (projectId: string, revision: number) =>
    ({
      record: recordOf({ projectId, revision }),
      guard: { kind: 'change' },
      events: [entryOf(revision)],
    }) as const;

  /** A store of this test's, and a client that looks at what is in the database. */
  const open = async (uri = freshUri(), log = createRecordedLog()) => {
    const store = createMongoStore({ uri, logger: log.logger, callTimeoutMs: 1_000 });
    await store.open();
    const client = new MongoClient(uri);
    onTestFinished(async () => {
      await store.close();
      await client.close();
    });
    return {
      store,
      uri,
      log,
      documents: client.db().collection<{ _id: string; record: string }>('ingestion_progress'),
    };
  };

  it('tells the time of its machine, which is this one', async () => {
    const { store } = await open();
    expect(Math.abs(((await store.readTime?.()) ?? 0) - Date.now())).toBeLessThan(1_000);
  });

  it('shows what people look for at the top of the document', async () => {
    const { store, documents } = await open();
    await store.write([start('p')]);
    const error = {
      phase: 2,
      errorCode: 'E',
      message: 'm',
      recoverable: true,
      retryOptions: null,
      occurredAt: 5,
    };
    const metrics = {
      itemsTotal: 4,
      itemsProcessed: 3,
      itemsFailed: null,
      bytesTotal: null,
      bytesProcessed: null,
      itemsPerSecond: null,
      etaSeconds: null,
      etaLowSeconds: null,
      etaHighSeconds: null,
      itemsTotalIsFinal: true,
      counters: [],
    };
    const state = {
      revision: 5,
      status: 'FAILED',
      currentPhase: 2,
      progressPercent: 40,
      metrics,
      error,
    } as const;
    await store.write([{ ...change('p', 5), record: recordOf({ ...state, updatedAt: 5 }) }]);
    expect(await documents.findOne({ _id: 'p' })).toMatchObject({
      id: 'i',
      projectId: 'p',
      currentPhase: 2,
      progressPercent: 40,
      metricsSnapshot: metrics,
      startedAt: new Date(1),
      updatedAt: new Date(5),
      completedAt: null,
      error,
      revision: 5,
    });
  });

  it('answers an error for the project whose document does not parse, and logs its id', async () => {
    const { store, documents, log } = await open();
    await store.write([start('good'), start('bad'), start('old')]);
    await documents.updateOne({ _id: 'bad' }, { $set: { record: '{"version":1,' } });
    await documents.updateOne({ _id: 'old' }, { $set: { record: JSON.stringify({ version: 0 }) } });
    for (const projectId of ['bad', 'old']) {
      await expect(store.read(projectId)).rejects.toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
    }
    expect([...(await store.readMany(['bad', 'good', 'old'])).keys()]).toEqual(['good']);
    const outcomes = await store.write([start('bad', 2), change('good', 2)]);
    expect(outcomes).toEqual([{ written: false, current: null, unreadable: true }, { written: true }]);
    expect(log.lines.some((line) => String(line.fields['document']).includes('bad'))).toBe(true);
  });

  it('brings into the log what a crash left with the state alone', async () => {
    const { store, uri } = await open();
    await store.write([start('p')]);
    await store.write([change('p', 2)]);
    await store.close();
    const client = new MongoClient(uri);
    await client.db().collection('ingestion_progress_events').deleteMany({});
    await client.close();
    const again = await open(uri);
    const log = await again.store.listEvents('p', 'i', { first: 5, after: null });
    expect(log.items.map(({ node }) => node)).toEqual([entryOf(1), entryOf(2)]);
  });

  it('says in a sentence, without the password, that nothing answers at the address', async () => {
    const uri = 'mongodb://someone:secret@127.0.0.1:1/x?authSource=admin';
    const refused: unknown = await createMongoStore({ uri, connectTimeoutMs: 500 })
      .open()
      .catch((error: unknown) => error);
    expect(String(refused)).toMatch(
      /MONGODB_URI: cannot connect to MongoDB at mongodb:\/\/127\.0\.0\.1:1\/x .*: check/,
    );
    expect(String(refused)).not.toContain('secret');
    await expect(createMongoStore({ uri: 'http://x' }).open()).rejects.toThrow(/MONGODB_URI: /);
  });

  it('says so within its deadline where the address takes connections and says nothing', async () => {
    await using proxy = await createTcpProxy(1);
    proxy.swallow();
    const uri = `mongodb://127.0.0.1:${proxy.port}/x`;
    const before = performance.now();
    await expect(createMongoStore({ uri, connectTimeoutMs: 500 }).open()).rejects.toThrow(/MONGODB_URI: /);
    expect(performance.now() - before).toBeLessThan(5_000);
  });

  it('rejects within its deadline while the way to the server swallows everything, and goes on after', async () => {
    await using proxy = await createTcpProxy(Number(new URL(base.uri).port || 27_017));
    const uri = new URL(freshUri());
    uri.host = `127.0.0.1:${proxy.port}`;
    const { store } = await open(uri.toString());
    await store.write([start('p')]);
    proxy.swallow();
    const before = performance.now();
    await expect(store.write([change('p', 2)])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(store.read('p')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(performance.now() - before).toBeLessThan(4_000);
    await proxy.restore();
    proxy.cut();
    await eventually(() => store.ping());
    expect(await store.write([change('p', 3)])).toEqual([{ written: true }]);
  });

  it('lists a log while others are written without a pause', async () => {
    const { store } = await open();
    const projectIds = ['p1', 'p2', 'p3', 'p4'];
    for (const projectId of projectIds) await store.write([start(projectId)]);
    let isListed = false;
    let written = 0;
    const keepWriting = async (projectId: string) => {
      for (let revision = 2; !isListed && revision < 200; revision += 1) {
        await store.write([change(projectId, revision)]);
        written += 1;
      }
    };
    const writing = projectIds.map(keepWriting);
    await vi.waitFor(() => expect(written).toBeGreaterThan(20), { timeout: 20_000 });
    const listing = store.listEvents('p1', 'i', { first: 5, after: null }).then(() => {
      isListed = true;
    });
    await Promise.all(writing);
    const { length } = projectIds;
    expect(written).toBeLessThan(length * 198);
    await listing;
  });
});

describe('a driver that lost a heartbeat', () => {
  it('is made anew, also where the server stays away for longer than the new one waits', async () => {
    const lose: ((event: { readonly connectionId: string }) => void)[] = [];
    const on = vi.spyOn(MongoClient.prototype, 'on').mockImplementation(function (
      this: MongoClient,
      ...args
    ) {
      const [name, listener] = args as [string, (...told: unknown[]) => void];
      if (name === 'serverHeartbeatStarted') lose.push(listener);
      return this.addListener(name as 'open', listener);
    });
    onTestFinished(() => on.mockRestore());
    await using proxy = await createTcpProxy(Number(new URL(base.uri).port || 27_017));
    const uri = new URL(freshUri());
    uri.host = `127.0.0.1:${proxy.port}`;
    const store = createMongoStore({ uri: uri.toString(), connectTimeoutMs: 500, callTimeoutMs: 1_000 });
    onTestFinished(() => store.close());
    await store.open();
    proxy.swallow();
    // The driver does this to itself now and then; it cannot be had by order.
    lose[0]?.({ connectionId: 'one that never answers' });
    await eventually(() => {
      expect(lose).toHaveLength(2);
    });
    // The new one's first call finds nobody.
    await expect(store.ping()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await proxy.restore();
    proxy.cut();
    await eventually(() => store.ping());
  }, 30_000);
});

describe('the MongoDB store and a server that dies', () => {
  let mongo: MongoProcess | null = null;
  beforeAll(async () => {
    mongo = await startMongoProcess();
  });
  afterAll(() => mongo?.dispose());

  it('has what was acknowledged after SIGKILL of the server, and rejects in between', async ({ skip }) => {
    if (mongo === null) skip('the server that MONGODB_URI names is not ours to kill');
    else if (!mongo.isDurable) skip('this server keeps its data in memory');
    else {
      const store = createMongoStore({ uri: mongo.uri, callTimeoutMs: 1_000 });
      onTestFinished(() => store.close());
      await store.open();
      await store.write([{ record: recordOf(), guard: { kind: 'start' }, events: [entryOf(1)] }]);
      const ended = recordOf({ revision: 2, status: 'COMPLETED', completedAt: 2 });
      await store.write([{ record: ended, guard: { kind: 'change' }, events: [entryOf(2)] }]);
      await mongo.kill();
      await expect(store.read('p')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await mongo.start();
      await eventually(() => store.ping());
      expect(await store.read('p')).toEqual(ended);
      expect((await store.listEvents('p', 'i', { first: 5, after: null })).items).toHaveLength(2);
    }
  });

  it('comes back after each of several deaths of a busy server', async ({ skip }) => {
    if (mongo === null) skip('the server that MONGODB_URI names is not ours to kill');
    else {
      const store = createMongoStore({ uri: mongo.uri, callTimeoutMs: 1_000 });
      await store.open();
      let isOver = false;
      const calling = Array.from({ length: 5 }, async () => {
        while (!isOver) await store.ping().catch(() => delay(50));
      });
      for (let death = 0; death < 3; death += 1) {
        await mongo.kill();
        // Long enough for the driver to look, in vain, on a connection that has just closed.
        await expect(store.ping()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
        await mongo.start();
        await eventually(() => store.ping());
      }
      isOver = true;
      await Promise.all(calling);
      await store.close();
    }
  }, 60_000);

  it('rejects within its deadline while the server stands still, and goes on after', async ({ skip }) => {
    if (mongo === null) skip('the server that MONGODB_URI names is not ours to pause');
    else {
      const store = createMongoStore({ uri: mongo.uri, callTimeoutMs: 1_000 });
      onTestFinished(() => store.close());
      await store.open();
      mongo.pause();
      const before = performance.now();
      await expect(store.read('p')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(performance.now() - before).toBeLessThan(3_000);
      mongo.resume();
      await eventually(() => store.ping());
    }
  });
});
