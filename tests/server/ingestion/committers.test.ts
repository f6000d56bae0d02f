/** The three ways to commit a change: what each does first, and when each says that the base is stale. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryBus } from '../../../server/bus/memory-bus.js';
import { CommitInMemory } from '../../../server/ingestion/commit-in-memory.js';
import { CommitOnBus } from '../../../server/ingestion/commit-on-bus.js';
import { CommitToStore } from '../../../server/ingestion/commit-to-store.js';
import { ProjectState } from '../../../server/ingestion/project-state.js';
import { silentLogger as logger } from '../../../server/observability/logger.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';
import type { StoreWriter } from '../../../server/write-behind/writer.js';
import { createManualClock } from '../../support/manual-clock.js';
import { changeOf, recordOf } from '../../support/records.js';

const at = (revision: number) => recordOf({ projectId: 'p', revision });
const base = at(5);
const change = changeOf(at(6));

let order: string[];
let hasPeers: boolean;
let state: ProjectState;
let bus: ReturnType<typeof createMemoryBus>;
let writer: StoreWriter;
const clock = createManualClock();

beforeEach(async () => {
  order = [];
  hasPeers = false;
  bus = createMemoryBus({ clock });
  await bus.subscribe('p', () => order.push('published'));
  writer = {
    enqueue: () => order.push('queued'),
    write: () => {
      order.push('stored');
      return Promise.resolve({ written: true });
    },
    ...{
      flush: () => undefined,
      isPending: () => false,
      pendingProjects: 0,
      isFailing: false,
      failure: null,
    },
    flushProject: () => Promise.resolve(true),
    unstored: () => [],
    close: () => Promise.resolve(true),
  };
  const peers = {
    ...{ hasPeers: () => hasPeers, busReachesAllPeers: () => false, isAcknowledged: () => true },
    ...{ isExpired: () => false, open: () => Promise.resolve(), close: () => Promise.resolve() },
    validServers: () => [],
  };
  const parts = { store: createMemoryStore(), bus, writer, peers, clock, logger };
  state = new ProjectState('p', { ...parts, lastPublished: () => null, recall: () => undefined });
  state.live = base;
});

describe('in memory', () => {
  test('a change is published, and stored behind', async () => {
    const committer = new CommitInMemory(state, writer);
    expect(await committer.commit(change, base, 'immediate')).toEqual({ kind: 'committed' });
    expect(order).toEqual(['published', 'queued']);
    expect(state.live).toBe(change.record);
  });

  test('a state that was adopted since the base was read makes it stale, and nothing is published', async () => {
    const committer = new CommitInMemory(state, writer);
    state.live = at(7);
    expect(await committer.commit(change, base, 'immediate')).toEqual({ kind: 'stale', ageMs: null });
    expect(await committer.storeEnding(change, base, null)).toEqual({ kind: 'stale', ageMs: null });
    expect(order).toEqual([]);
    expect(state.live.progress.revision).toBe(7);
  });
});

describe('on the bus', () => {
  test('a change is published by the bus, and stored behind', async () => {
    const committer = new CommitOnBus({ state, bus, writer, clock, logger });
    expect(await committer.commit(change, base, 'coalesced')).toEqual({ kind: 'committed' });
    expect(order).toEqual(['published', 'queued']);
  });

  test('a newer state on the bus makes the base stale, and is taken over', async () => {
    await bus.commit(changeOf(at(8)), 0);
    order = [];
    const committer = new CommitOnBus({ state, bus, writer, clock, logger });
    expect(await committer.commit(change, base, 'coalesced')).toMatchObject({ kind: 'stale' });
    expect(order).toEqual([]);
    expect(state.live?.progress.revision).toBe(8);
  });
});

describe('to the store', () => {
  beforeEach(() => (hasPeers = true));

  test('a change is stored before it is published', async () => {
    state.storedRevision = 5;
    const committer = new CommitToStore(state);
    expect(await committer.commit(change, base, 'coalesced', null)).toEqual({ kind: 'committed' });
    expect(order).toEqual(['stored', 'published']);
    expect(state.storedRevision).toBe(6);
  });

  test('without a stored revision to compare with, the base is stale', async () => {
    const committer = new CommitToStore(state);
    expect(await committer.commit(change, base, 'coalesced', null)).toEqual({ kind: 'stale', ageMs: null });
    expect(order).toEqual([]);
  });
});
