/** The live lists of one server on a manual clock: when messages come, and what heals without them. */
import type { IngestionProgress, IngestionRow } from '@ingestion-progress/schema';
import { beforeEach, describe, expect, it } from 'vitest';
import { EVERY_PROJECT, someProjects, type ListAccess } from '../../../server/auth/list-access.js';
import { createMemoryBus } from '../../../server/bus/memory-bus.js';
import { createListFeed, type ListFeed, type ListFeedOptions } from '../../../server/list/list-feed.js';
import { parseFilter } from '../../../server/list/list-filter.js';
import { createListReader } from '../../../server/list/list-reader.js';
import type { ListMessage } from '../../../server/list/list-view.js';
import type { ListWatch } from '../../../server/list/list-watch.js';
import { rowOf } from '../../../server/list/row.js';
import { silentLogger } from '../../../server/observability/logger.js';
import type { IngestionRecord } from '../../../server/progress/record.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';
import type { ProgressStore } from '../../../server/store/progress-store.js';
import { createManualClock, settle, type ManualClock } from '../../support/manual-clock.js';
import { failureOf, recordOf } from '../../support/records.js';

let clock: ManualClock;
let store: ProgressStore;
let feed: ListFeed;
/** Rows of another server. */
let receive: (row: IngestionRow) => void;
let listeners: number;
let reads: number;

function createFeed(options: Partial<ListFeedOptions> = {}): ListFeed {
  const reader = createListReader(
    {
      listByStatus: (...args) => {
        reads += 1;
        return store.listByStatus(...args);
      },
    },
    (stored) => stored,
  );
  return createListFeed({
    ...{ store, clock, reader, logger: silentLogger },
    bus: createMemoryBus({ clock }),
    exchange: {
      send: () => undefined,
      listen: async (listener) => {
        receive = listener;
        listeners += 1;
        return () => void (listeners -= 1);
      },
      close: () => undefined,
    },
    busReachesAllPeers: () => true,
    ...options,
  });
}

beforeEach(async () => {
  clock = createManualClock();
  store = { ...createMemoryStore(), exclusive: false };
  await store.open();
  listeners = 0;
  reads = 0;
  feed = createFeed();
});

/** A state of an ingestion that started at this time, which is also its first revision. */
const state = (projectId: string, startedAt: number, more: Partial<IngestionProgress> = {}, id = 'run') =>
  recordOf({ projectId, id, startedAt, revision: startedAt, updatedAt: more.revision ?? startedAt, ...more });

/** Stores a state, and says nothing. */
async function put(record: IngestionRecord): Promise<void> {
  const latest = await store.read(record.progress.projectId);
  const kind = latest?.progress.id === record.progress.id ? 'change' : 'start';
  expect(await store.write([{ record, guard: { kind }, events: [] }])).toEqual([{ written: true }]);
}

async function commit(record: IngestionRecord): Promise<void> {
  await put(record);
  feed.send(record);
  await settle();
}

interface Watched {
  readonly watch: ListWatch;
  /** Everything that is queued; leaves nothing. */
  take(): readonly ListMessage[];
}

async function watch(
  options: { readonly first?: number; readonly access?: ListAccess; readonly filter?: object } = {},
): Promise<Watched> {
  const { first = 50, access = EVERY_PROJECT, filter = {} } = options;
  const taken: ListMessage[] = [];
  let opened: ListWatch | null = null;
  const read = () => {
    for (let message = opened?.take() ?? null; message !== null; message = opened?.take() ?? null)
      taken.push(message);
  };
  opened = await feed.watch({ first, access, filter: parseFilter(filter) }, { ready: read });
  read();
  return { watch: opened, take: () => taken.splice(0) };
}

const key = ({ projectId, id }: Pick<IngestionRow, 'projectId' | 'id'>) => `${projectId}/${id}`;
/** What a message says. */
const said = (message: ListMessage | undefined) => {
  if (message === undefined) return 'nothing';
  if (message.__typename === 'IngestionListSnapshot') return { rows: message.rows.map(key) };
  const { entered, changed, left } = message;
  return { entered: entered.map(key), changed: changed.map(key), left: left.map(key) };
};

describe('a live list', () => {
  it('gathers the changes of a second in one message, each row once, with its newest state', async () => {
    for (const [index, projectId] of ['a', 'b'].entries()) await put(state(projectId, 10 + index));
    const { take } = await watch();
    expect(take().map(said)).toEqual([{ rows: ['b/run', 'a/run'] }]);
    for (let revision = 100; revision < 140; revision += 1) {
      await commit(state(revision % 2 === 0 ? 'a' : 'b', revision % 2 === 0 ? 10 : 11, { revision }));
      await clock.advance(100);
    }
    const messages = take();
    expect(messages.length).toBeGreaterThanOrEqual(4);
    expect(messages.length).toBeLessThanOrEqual(5);
    // The first one does not wait for more.
    for (const message of messages.slice(1))
      expect(said(message)).toEqual({ entered: [], changed: ['b/run', 'a/run'], left: [] });
    await clock.advance(1_000);
    await clock.advance(10_000);
    expect(take().length).toBeLessThanOrEqual(1);
  });

  it('tells an ending at once, while the changes of other rows wait for their second', async () => {
    for (const [index, projectId] of ['a', 'b'].entries()) await put(state(projectId, 10 + index));
    const { take } = await watch();
    await commit(state('a', 10, { revision: 20 }));
    await clock.advance(60);
    take();
    await commit(state('a', 10, { revision: 21 }));
    await commit(state('b', 11, { revision: 30, status: 'COMPLETED' }));
    await clock.advance(110);
    expect(take().map(said)).toEqual([{ entered: [], changed: ['b/run'], left: [] }]);
    await clock.advance(1_000);
    expect(take().map(said)).toEqual([{ entered: [], changed: ['a/run'], left: [] }]);
  });

  it('moves rows up as others leave, and counts all of them', async () => {
    for (let index = 0; index < 5; index += 1) await put(state(`p${index}`, 10 + index));
    const { take } = await watch({ first: 2, filter: { status: ['ACTIVE'] } });
    const [snapshot] = take();
    expect(said(snapshot)).toEqual({ rows: ['p4/run', 'p3/run'] });
    expect(snapshot).toMatchObject({ counts: { active: 5 }, pageInfo: { hasNextPage: true } });
    await commit(state('p4', 14, { revision: 20, status: 'COMPLETED' }));
    await clock.advance(110);
    const [change] = take();
    expect(said(change)).toEqual({ entered: ['p2/run'], changed: [], left: ['p4/run'] });
    expect(change).toMatchObject({ counts: { active: 4, ended: 0 } });
    await commit(state('p9', 90));
    await clock.advance(1_100);
    expect(take().map(said)).toEqual([{ entered: ['p9/run'], changed: [], left: ['p2/run'] }]);
  });

  it('follows one that fails recoverably, goes on and fails for good, as one row', async () => {
    await put(state('a', 10));
    const { take } = await watch();
    take();
    const counts = [];
    for (const [revision, more] of [
      [20, failureOf(true)],
      [30, {}],
      [40, failureOf(false)],
    ] as const) {
      await commit(state('a', 10, { revision, ...more }));
      await clock.advance(1_100);
      const messages = take();
      expect(messages.map(said)).toEqual([{ entered: [], changed: ['a/run'], left: [] }]);
      counts.push(messages[0]?.counts);
    }
    expect(counts).toMatchObject([
      { active: 0, failed: 1 },
      { active: 1, failed: 0 },
      { active: 0, failed: 1 },
    ]);
  });

  it('shows the end of an ingestion that another one took the place of without a word', async () => {
    await put(state('a', 10));
    const { take } = await watch();
    take();
    await put(state('a', 10, { revision: 20, ...failureOf(false) }));
    await commit(state('a', 30, {}, 'next'));
    await clock.advance(1_100);
    const messages = take();
    expect(messages.map(said)).toEqual([{ entered: ['a/next'], changed: ['a/run'], left: [] }]);
    expect(messages[0]?.counts).toMatchObject({ active: 1, failed: 1 });
  });

  it('is not led back by a row that comes late from another server', async () => {
    await put(state('a', 10, { revision: 15 }));
    const { take } = await watch();
    take();
    await commit(state('a', 10, { revision: 30, status: 'COMPLETED' }));
    await clock.advance(110);
    expect(take()).toHaveLength(1);
    for (const revision of [14, 29]) receive(rowOf(state('a', 10, { revision })));
    await clock.advance(2_000);
    expect(take()).toEqual([]);
  });

  it('finds by the index what no message told: a start, an ending, a change, and what is gone', async () => {
    for (const [index, projectId] of ['ends', 'moves', 'goes'].entries())
      await put(state(projectId, 10 + index));
    const { take } = await watch();
    expect(take().map(said)).toEqual([{ rows: ['goes/run', 'moves/run', 'ends/run'] }]);
    await put(state('ends', 10, { revision: 20, status: 'COMPLETED' }));
    await put(state('moves', 11, { revision: 21 }));
    await put(state('starts', 22));
    const { listOpen, readMany } = store;
    Object.assign(store, {
      listOpen: async (...args: Parameters<ProgressStore['listOpen']>) => {
        const { items, next } = await listOpen(...args);
        return { items: items.filter(({ projectId }) => projectId !== 'goes'), next };
      },
      readMany: async (projectIds: readonly string[]) =>
        new Map([...(await readMany(projectIds))].filter(([projectId]) => projectId !== 'goes')),
    });
    await clock.advance(4_900);
    expect(take()).toEqual([]);
    await clock.advance(1_200);
    expect(take().map(said)).toEqual([
      { entered: ['starts/run'], changed: ['moves/run', 'ends/run'], left: ['goes/run'] },
    ]);
  });

  it('finds by the index what started and ended unheard', async () => {
    const { take } = await watch();
    take();
    await put(state('a', 10));
    await put(state('a', 10, { revision: 20, status: 'COMPLETED' }));
    await clock.advance(6_100);
    expect(take().map(said)).toEqual([{ entered: ['a/run'], changed: [], left: [] }]);
  });

  it('gives the whole page to one that is behind, and one change after the other to one that is not', async () => {
    await put(state('a', 10));
    const quick = await watch();
    quick.take();
    const taken: ListMessage[] = [];
    const slow = await feed.watch(
      { first: 50, access: EVERY_PROJECT, filter: parseFilter({}) },
      { ready: () => undefined },
    );
    taken.push(slow.take() as ListMessage);
    for (const revision of [20, 30, 40]) {
      await commit(state('a', 10, { revision }));
      await clock.advance(1_100);
    }
    expect(slow.queued).toBe(1);
    taken.push(slow.take() as ListMessage);
    expect(slow.take()).toBeNull();
    expect(taken.map(({ __typename }) => __typename)).toEqual([
      'IngestionListSnapshot',
      'IngestionListSnapshot',
    ]);
    expect(taken[1]).toMatchObject({ rows: [{ revision: 40 }] });
    expect(quick.take()).toHaveLength(3);
  });

  it('gives the same message to all who may see the same, and none for what others see', async () => {
    await put(state('a', 10));
    await put(state('b', 11));
    const one = await watch({ access: someProjects(['a']) });
    const two = await watch({ access: someProjects(['a']) });
    const other = await watch({ access: someProjects(['b']) });
    expect(feed.views).toBe(2);
    for (const { take } of [one, two, other]) take();
    await commit(state('a', 10, { revision: 20 }));
    await clock.advance(1_100);
    const [message] = one.take();
    expect(said(message)).toEqual({ entered: [], changed: ['a/run'], left: [] });
    expect(two.take()[0]).toBe(message);
    expect(other.take()).toEqual([]);
  });

  it('refuses another view once the rows of views are too many, and serves one that there is already', async () => {
    feed = createFeed({ maxViewBytes: 100 });
    await put(state('a', 10));
    await put(state('a', 10, { revision: 20, status: 'COMPLETED' }));
    await watch();
    await watch();
    await expect(watch({ first: 10 })).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(feed.watchers).toBe(2);
  });

  it('keeps its rows for whoever comes back soon, then lets go of everything', async () => {
    await put(state('a', 10));
    const first = await watch({ filter: { status: ['ACTIVE'] } });
    const readsBefore = reads;
    first.watch.close();
    first.watch.close();
    await clock.advance(20_000);
    const again = await watch({ filter: { status: ['ACTIVE'] } });
    expect(reads).toBe(readsBefore);
    expect(again.take().map(said)).toEqual([{ rows: ['a/run'] }]);
    again.watch.close();
    expect({ watchers: feed.watchers, views: feed.views, listeners }).toEqual({
      watchers: 0,
      views: 0,
      listeners: 1,
    });
    await clock.advance(31_000);
    expect({ rows: feed.rows, listeners, timers: clock.timers }).toEqual({
      rows: 0,
      listeners: 0,
      timers: 0,
    });
  });

  it('is refused while the store cannot be read, and leaves nothing behind', async () => {
    await store.close();
    await expect(watch()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect({ watchers: feed.watchers, listeners }).toEqual({ watchers: 0, listeners: 0 });
    await store.open();
    await put(state('a', 10));
    const { take } = await watch();
    expect(take().map(said)).toEqual([{ rows: ['a/run'] }]);
  });
});
