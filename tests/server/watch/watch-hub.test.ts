/** One server's watching over real stores and a bus of this process. */
import type { IngestionEvent, IngestionProgress } from '@ingestion-progress/schema';
import { describe, expect, it } from 'vitest';
import type { BusState, EventBus } from '../../../server/bus/event-bus.js';
import { createMemoryBus } from '../../../server/bus/memory-bus.js';
import { ProgressError } from '../../../server/shared/errors.js';
import type { IngestionRecord } from '../../../server/progress/record.js';
import { silentLogger } from '../../../server/observability/logger.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';
import { createWatchHub } from '../../../server/watch/watch-hub.js';
import type { Watch } from '../../../server/watch/watcher.js';
import { createManualClock, settle } from '../../support/manual-clock.js';
import { failureOf, recordOf } from '../../support/records.js';

/** Takes by hand. */
const reader = { ready: () => undefined };

/** A bus whose connection can be cut: it then tells nobody, and what was said meanwhile is lost. */
function createCuttableBus(bus: EventBus) {
  const listeners = new Set<(state: BusState) => void>();
  let state: BusState = 'connected';
  let subscriptions = 0;
  const cuttable: EventBus = {
    ...bus,
    get state() {
      return state;
    },
    subscribe: async (projectId, listener) => {
      if (state === 'disconnected') throw new ProgressError('UNAVAILABLE', 'The bus is away.');
      subscriptions += 1;
      const unsubscribe = await bus.subscribe(projectId, (message) => {
        if (state === 'connected') listener(message);
      });
      return unsubscribe;
    },
    onStateChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return {
    bus: cuttable,
    turn: (next: BusState) => {
      state = next;
      for (const listener of listeners) listener(next);
    },
    get subscriptions() {
      return subscriptions;
    },
  };
}

async function setUp(busReachesAllPeers = () => true) {
  const clock = createManualClock();
  const store = createMemoryStore();
  await store.open();
  const cuttable = createCuttableBus(createMemoryBus({ clock }));
  let reads = 0;
  let batches = 0;
  /** Held up while a test wants it to be. */
  let barrier: Promise<void> = Promise.resolve();
  const hub = createWatchHub({
    bus: cuttable.bus,
    read: async (projectId, ingestionId) => {
      reads += 1;
      const record = await (typeof ingestionId === 'string'
        ? store.readIngestion(projectId, ingestionId)
        : store.read(projectId));
      await barrier;
      return record;
    },
    readMany: (ids) => {
      batches += 1;
      return store.readMany(ids);
    },
    clock,
    logger: silentLogger,
    busReachesAllPeers,
  });
  return {
    ...{ clock, store, hub, cuttable },
    counts: () => ({ reads, batches }),
    hold: () => {
      let open = () => {};
      barrier = new Promise((resolve) => {
        open = resolve;
      });
      return open;
    },
    async save(
      progress: Partial<IngestionProgress>,
      kind: 'start' | 'change' = 'change',
    ): Promise<IngestionRecord> {
      const record = recordOf(progress);
      await store.write([{ record, guard: { kind }, events: [] }]);
      return record;
    },
    async publish(
      progress: Partial<IngestionProgress>,
      type: 'progress_update' | 'phase_started' = 'phase_started',
    ) {
      const record = recordOf(progress);
      const { id, projectId, revision } = record.progress;
      const payload = {
        type,
        phase: 1,
        phaseName: 'A',
        message: 'a',
        progressPercent: 1,
        metrics: null,
      } as never;
      const event: IngestionEvent = {
        ...{ projectId, ingestionId: id, revision, timestamp: revision },
        ...{ progress: record.progress, payload },
      };
      await cuttable.bus.commit({ event, record }, revision);
    },
  };
}

const target = { projectId: 'p', ingestionId: null, follow: true };

/** Everything that waits: `type:revision`. */
function take(watch: Watch): string[] {
  const lines: string[] = [];
  for (let event = watch.take(); event !== null; event = watch.take()) {
    lines.push(`${event.payload.type}:${event.revision}`);
  }
  return lines;
}

describe('joining', () => {
  // (invariant: subscribe-before-read)
  it('misses nothing that is published while the store is read', async () => {
    const { hub, save, publish, hold } = await setUp();
    await save({ revision: 1 }, 'start');
    const open = hold();
    const joining = hub.watch(target, reader);
    await settle();
    await publish({ revision: 2 });
    open();
    const watch = await joining;
    await publish({ revision: 3 });
    expect(take(watch)).toEqual(['snapshot:2', 'phase_started:3']);
  });

  it('drops what is older than what was read', async () => {
    const { hub, save, publish } = await setUp();
    await save({ revision: 5 }, 'start');
    const watch = await hub.watch(target, reader);
    await publish({ revision: 4 });
    await publish({ revision: 5 });
    expect(take(watch)).toEqual(['snapshot:5']);
  });

  // (invariant: one-upstream-per-project)
  it('costs one upstream and one read a project, however many come at once or later', async () => {
    const { hub, save, cuttable, counts } = await setUp();
    await save({ revision: 1 }, 'start');
    const watches = await Promise.all(Array.from({ length: 200 }, () => hub.watch(target, reader)));
    watches.push(await hub.watch(target, reader));
    expect([cuttable.subscriptions, counts().reads, hub.watchers]).toEqual([1, 1, 201]);
    for (const watch of watches) watch.close();
    expect([hub.watchedProjects, hub.watchers]).toEqual([0, 0]);
  });

  it('that cannot read is refused, and leaves nothing behind', async () => {
    const { clock, hub, store } = await setUp();
    await store.close();
    await expect(hub.watch(target, reader)).rejects.toThrow();
    expect([hub.watchedProjects, clock.timers]).toEqual([0, 0]);
  });

  it('by an ingestion id finds the one that retries it', async () => {
    const { hub, save } = await setUp();
    await save({ id: 'x', revision: 1, ...failureOf(false) }, 'start');
    await save({ id: 'y', revision: 2, retryOf: 'x', ...failureOf(false) }, 'start');
    await save({ id: 'z', revision: 3, retryOf: 'y' }, 'start');
    const watch = await hub.watch({ ...target, ingestionId: 'x' }, reader);
    expect(watch.take()).toMatchObject({ ingestionId: 'z', revision: 3 });
  });

  it('by an ingestion id that is not known gives null, and waits for it', async () => {
    const { hub, save, publish } = await setUp();
    await save({ id: 'x', revision: 1 }, 'start');
    const watch = await hub.watch({ ...target, follow: false, ingestionId: 'later' }, reader);
    expect(watch.take()).toMatchObject({ ingestionId: null, revision: 0, progress: null });
    await publish({ id: 'x', revision: 2 });
    await publish({ id: 'later', revision: 3 });
    expect(take(watch)).toEqual(['snapshot:3']);
  });
});

describe('an ingestion that another takes the place of', () => {
  it('is told to its end, which may be in the history alone by then', async () => {
    const { hub, save, publish } = await setUp();
    await save({ id: 'x', revision: 1 }, 'start');
    const watch = await hub.watch({ ...target, follow: false, ingestionId: 'x' }, reader);
    await save({ id: 'x', revision: 2, ...failureOf(false) });
    await save({ id: 'y', revision: 3 }, 'start');
    await publish({ id: 'y', revision: 3 });
    await settle();
    expect(take(watch)).toEqual(['snapshot:1', 'snapshot:2']);
    expect(watch.end).toEqual({ kind: 'completed' });
  });

  it('is waited on for half a minute where it was ended to make room, and then completed', async () => {
    const { clock, hub, save, publish } = await setUp();
    await save({ revision: 1 }, 'start');
    const watch = await hub.watch({ ...target, follow: false }, reader);
    const failure = failureOf(false);
    const error = failure.error && { ...failure.error, errorCode: 'INGESTION_REPLACED' };
    await publish({ revision: 2, ...failure, error, completedAt: clock.now() });
    await clock.advance(29_000);
    expect(watch.end).toBeNull();
    await clock.advance(1_000);
    expect(watch.end).toEqual({ kind: 'completed' });
    expect(hub.watchedProjects).toBe(0);
  });
});

describe('a bus that is away', () => {
  // (invariant: outage-stays-behind)
  it('leaves watchers with the store, read again every 2 s in batches', async () => {
    const { clock, hub, save, cuttable, counts } = await setUp();
    for (let index = 0; index < 60; index += 1) await save({ projectId: `p${index}`, revision: 1 }, 'start');
    const watches = await Promise.all(
      Array.from({ length: 60 }, (_, index) => hub.watch({ ...target, projectId: `p${index}` }, reader)),
    );
    for (const watch of watches) take(watch);
    cuttable.turn('disconnected');
    await save({ projectId: 'p7', revision: 2 });
    await clock.advance(2_000);
    expect(take(watches[7]!)).toEqual(['snapshot:2']);
    expect(take(watches[8]!)).toEqual([]);
    expect(counts().batches).toBe(2);
  });

  // (invariant: never-back)
  it('that forgot leads nobody back: a server that folded onto less is told as far as was told before', async () => {
    const { hub, save, publish } = await setUp();
    const at = (percent: number) => ({
      currentPhase: 1,
      progressPercent: percent / 4,
      phases: recordOf().progress.phases.map((phase, index) =>
        index === 0 ? { ...phase, status: 'RUNNING' as const, percent } : phase,
      ),
    });
    await save({ revision: 1, ...at(0) }, 'start');
    const watch = await hub.watch(target, reader);
    const told: unknown[] = [];
    const look = () => {
      for (let event = watch.take(); event !== null; event = watch.take()) {
        const { progressPercent, phases } = event.progress ?? {};
        told.push([event.payload.type, event.revision, progressPercent, phases?.[0]?.percent]);
      }
    };
    await publish({ revision: 2, ...at(80) }, 'progress_update');
    look();
    await publish({ revision: 3, ...at(40) }, 'progress_update');
    look();
    await publish({ revision: 4, ...at(60) }, 'phase_started');
    look();
    await publish({ revision: 5, ...at(84) }, 'progress_update');
    look();
    expect(told).toEqual([
      ['snapshot', 1, 0, 0],
      ['progress_update', 2, 20, 80],
      ['snapshot', 3, 20, 80],
      ['phase_started', 4, 20, 80],
      ['progress_update', 5, 21, 84],
    ]);
  });

  it('is joined without, and listened to again once it is back, with everything read anew', async () => {
    const { clock, hub, save, publish, cuttable } = await setUp();
    await save({ revision: 1 }, 'start');
    cuttable.turn('disconnected');
    const watch = await hub.watch(target, reader);
    expect(take(watch)).toEqual(['snapshot:1']);
    await save({ revision: 2 });
    cuttable.turn('connected');
    await clock.advance(0);
    expect(take(watch)).toEqual(['snapshot:2']);
    await publish({ revision: 3 });
    expect(take(watch)).toEqual(['phase_started:3']);
  });

  it('gives nobody who joins a state older than 5 s', async () => {
    const { clock, hub, save, cuttable } = await setUp();
    await save({ revision: 1 }, 'start');
    await hub.watch(target, reader);
    cuttable.turn('disconnected');
    await save({ revision: 2 });
    await clock.advance(4_500);
    const late = await hub.watch(target, reader);
    expect(take(late)).toEqual(['snapshot:2']);
  });
});

describe('several servers without a bus between them', () => {
  it('read the store again every 2 s', async () => {
    const { clock, hub, save } = await setUp(() => false);
    await save({ revision: 1 }, 'start');
    const watch = await hub.watch(target, reader);
    await save({ revision: 2 });
    await clock.advance(2_000);
    expect(take(watch)).toEqual(['snapshot:1', 'snapshot:2']);
  });
});

describe('many watchers', () => {
  it('are told in slices, each in order, with those that come and go meanwhile', async () => {
    const { hub, save, publish } = await setUp();
    await save({ revision: 1 }, 'start');
    const watches = await Promise.all(Array.from({ length: 1_000 }, () => hub.watch(target, reader)));
    await publish({ revision: 2 });
    await publish({ revision: 3 });
    watches[999]?.close();
    const late = await hub.watch(target, reader);
    for (let turn = 0; turn < 20; turn += 1) await settle();
    const all = watches.slice(0, 999).map((watch) => take(watch).join());
    expect(new Set(all)).toEqual(new Set(['snapshot:1,phase_started:2,phase_started:3']));
    expect(take(late)).toEqual(['snapshot:3']);
    expect(hub.queued).toBe(0);
  });
});
