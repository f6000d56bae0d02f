/**
 * One watched project on one server: one listener on the bus, the latest state, and the watchers it is delivered to. When
 * to read again after an outage is decided by the hub. (invariant: one-upstream-per-project)
 */
import type { IngestionEvent } from '@ingestion-progress/schema';
import type { EventBus, Unsubscribe } from '../bus/event-bus.js';
import type { Clock } from '../shared/clock.js';
import { createSingleFlight } from '../shared/single-flight.js';
import { isBehind, mergeStates } from '../progress/change.js';
import type { IngestionChange, IngestionRecord } from '../progress/record.js';
import type { Logger } from '../observability/logger.js';
import { Watcher, snapshotOf } from './watcher.js';
import type { Watch, WatchReader, WatchTarget } from './watcher.js';

/** Reads the latest ingestion of a project, or the one named. */
export type ReadRecord = (projectId: string, ingestionId?: string | null) => Promise<IngestionRecord | null>;

/** Called once for each change that the bus delivered, however many watchers there are. */
export type OnPublished = (change: IngestionChange, watchers: number) => void;

/** Options of a project watch. */
export interface ProjectWatchOptions {
  readonly projectId: string;
  readonly bus: EventBus;
  readonly read: ReadRecord;
  readonly fanOut: FanOut;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Watchers of all projects that have ended and whose queue is not empty yet. */
  readonly draining: Set<Watcher>;
  /** A queued update was replaced by a newer one. */
  readonly onConflated: () => void;
  readonly onPublished: OnPublished | undefined;
  /** The last watcher left. */
  readonly onEmpty: () => void;
}

/** One watched project. */
export interface ProjectWatch {
  readonly projectId: string;
  /** The newest state that was published or read; null if there is none. */
  readonly latest: IngestionRecord | null;
  readonly watchers: number;
  /** Events not yet delivered to watchers, or not yet taken by their transports. */
  readonly queued: number;
  /**
   * Attaches, then reads, then begins. Rejects if neither live state nor store can be read.
   * (invariant: subscribe-before-read)
   */
  join(target: WatchTarget, reader: WatchReader): Promise<Watch>;
  /** Takes a state that was read, and publishes it if it is newer than the latest known. */
  reconcile(record: IngestionRecord | null): void;
  /** Subscribes again after an earlier attempt failed. */
  attach(): Promise<void>;
  /** Closes every watcher. */
  close(): void;
}

/** Watchers per slice; an event for no more is delivered at once. */
const SLICE_SIZE = 256;
/** How long a watcher waits for the ingestion that replaces its own, in milliseconds. */
const TAKEOVER_TIMEOUT_MS = 30_000;
/** Age at which a state is read again before it is delivered while the bus is disconnected, in milliseconds. */
const STALE_AFTER_MS = 4_000;
/** How many retries of retries are followed back to the requested ingestion. */
const MAX_CHAIN = 32;

/** Work that is done in slices: does one slice, and returns whether more is left. */
export type Slice = () => boolean;

/**
 * Delivers events to many watchers in slices, round-robin over projects, so that one event for ten thousand watchers
 * does not block the event loop, and a large project does not starve the small ones.
 */
export interface FanOut {
  /** Appends work to the queue; its first slice runs in a later turn of the event loop. */
  add(slice: Slice): void;
  /** Queued pieces of work. */
  readonly pending: number;
}

/** Milliseconds of slices per turn of the event loop. */
const BUDGET_MS = 8;

/** Creates a fan-out. */
export function createFanOut(clock: Pick<Clock, 'monotonicNow'>): FanOut {
  const queue: Slice[] = [];
  let scheduled = false;

  function run(): void {
    scheduled = false;
    const until = clock.monotonicNow() + BUDGET_MS;
    for (let turns = queue.length; turns > 0 && clock.monotonicNow() < until; turns -= 1) {
      const slice = queue.shift();
      if (slice?.() === true) {
        queue.push(slice);
        turns += 1;
      }
    }
    if (queue.length > 0) schedule();
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(run);
  }

  return {
    add: (slice) => {
      queue.push(slice);
      schedule();
    },
    get pending() {
      return queue.length;
    },
  };
}

/** Creates the watch of a project; it attaches with the first watcher. */
export function createProjectWatch(options: ProjectWatchOptions): ProjectWatch {
  const { projectId, bus, read, fanOut, clock, logger, draining, onConflated, onPublished, onEmpty } =
    options;
  const watchers = new Set<Watcher>();
  const timers = new Map<Watcher, () => void>();
  const attaching = createSingleFlight<void>();
  let detach: Unsubscribe | null = null;
  /** Undefined before the first read. */
  let latest: IngestionRecord | null | undefined;
  let latestSnapshot: IngestionEvent | null = null;
  let readAt = 0;
  const reading = createSingleFlight<void>();
  let pending: IngestionEvent[] = [];

  const owner = {
    leave: (watcher: Watcher) => {
      timers.get(watcher)?.();
      timers.delete(watcher);
      if (watcher.queued > 0) draining.add(watcher);
      if (watchers.delete(watcher) && watchers.size === 0) {
        detach?.();
        detach = null;
        onEmpty();
      }
    },
    conflated: onConflated,
    finished: (watcher: Watcher) => void draining.delete(watcher),
    awaitTakeover: (watcher: Watcher, endedAt: number) => {
      const { revision } = watcher.position;
      const leftMs = Math.max(0, Math.min(TAKEOVER_TIMEOUT_MS, endedAt + TAKEOVER_TIMEOUT_MS - clock.now()));
      timers.get(watcher)?.();
      timers.set(
        watcher,
        clock.setTimer(leftMs, () => {
          timers.delete(watcher);
          if (watcher.position.revision === revision) watcher.finish(null);
        }),
      );
    },
    finishSuperseded: (watcher: Watcher, ingestionId: string) => {
      read(projectId, ingestionId).then(
        (record) =>
          watcher.finish(record === null ? null : snapshotOf(projectId, record.progress, clock.now())),
        (error: unknown) => {
          logger.warn(
            { projectId, ingestionId, error: String(error) },
            'last state of watched ingestion unreadable',
          );
          watcher.finish(null);
        },
      );
    },
  };

  const revisionOf = (record: IngestionRecord | null | undefined) => record?.progress.revision ?? 0;

  function setLatest(record: IngestionRecord | null): void {
    latest = record;
    latestSnapshot = null;
  }

  /** Merges a newer state with what was published already: another server may have known less. (invariant: never-back) */
  function withoutRegression(record: IngestionRecord): IngestionRecord {
    return latest && isBehind(record, latest) ? mergeStates(record, latest) : record;
  }

  /** One object for all who join at this revision, so that it is executed and serialised once. */
  function snapshot(): IngestionEvent {
    latestSnapshot ??= snapshotOf(projectId, latest?.progress ?? null, clock.now());
    return latestSnapshot;
  }

  function publish(event: IngestionEvent): void {
    pending.push(event);
    if (pending.length > 1) return;
    if (watchers.size <= SLICE_SIZE) {
      pending = [];
      for (const watcher of [...watchers]) watcher.offer(event);
      return;
    }
    let remaining = watchers.values();
    fanOut.add(() => {
      const current = pending[0];
      if (current === undefined) return false;
      for (let count = 0; count < SLICE_SIZE; count += 1) {
        const next = remaining.next();
        if (next.done === true) {
          pending.shift();
          remaining = watchers.values();
          return pending.length > 0;
        }
        next.value.offer(current);
      }
      return true;
    });
  }

  async function attach(): Promise<void> {
    if (detach !== null) return;
    await attaching.run(projectId, async () => {
      try {
        const unsubscribe = await bus.subscribe(projectId, (message) => {
          if (message.kind !== 'change') return;
          const { event, record } = message.change;
          if (latest !== undefined && record.progress.revision <= revisionOf(latest)) return;
          const known = withoutRegression(record);
          setLatest(known);
          readAt = clock.monotonicNow();
          const audience = watchers.size;
          if (known === record) publish(event);
          else if (event.payload.type === 'progress_update') publish(snapshot());
          else publish({ ...event, progress: known.progress });
          onPublished?.(message.change, audience);
        });
        if (watchers.size === 0) unsubscribe();
        else detach = unsubscribe;
      } catch (error) {
        // The hub reads it again periodically until the bus is back (invariant: outage-stays-behind).
        logger.warn({ projectId, error: String(error) }, 'bus subscribe failed; polling the store');
      }
    });
  }

  function reconcile(record: IngestionRecord | null): void {
    readAt = clock.monotonicNow();
    if (latest === undefined) setLatest(record);
    else if (revisionOf(record) > revisionOf(latest)) {
      setLatest(record === null ? null : withoutRegression(record));
      publish(snapshot());
    }
  }

  async function refresh(): Promise<void> {
    const isLive = detach !== null && bus.state === 'connected';
    if (latest !== undefined && (isLive || clock.monotonicNow() - readAt < STALE_AFTER_MS)) return;
    await reading.run(projectId, async () => reconcile(await read(projectId)));
  }

  /** The named ingestion and its retries, if the latest one leads back to it. */
  async function chainOf(ingestionId: string): Promise<readonly string[]> {
    const back: string[] = [];
    let record = latest ?? null;
    while (record !== null && back.length < MAX_CHAIN) {
      back.unshift(record.progress.id);
      if (record.progress.id === ingestionId) return back;
      const { retryOf } = record.progress;
      if (retryOf === null) break;
      record = retryOf === ingestionId ? null : await read(projectId, retryOf);
      if (record === null && retryOf === ingestionId) return [ingestionId, ...back];
    }
    return [ingestionId];
  }

  async function begin(watcher: Watcher): Promise<void> {
    const { ingestionId } = watcher.target;
    if (ingestionId === null) {
      watcher.begin(snapshot(), []);
      return;
    }
    const chain = await chainOf(ingestionId);
    const watched = latest ?? null;
    if (watched !== null && chain.includes(watched.progress.id)) {
      watcher.begin(snapshot(), chain);
      return;
    }
    const record = await read(projectId, ingestionId);
    watcher.begin(snapshotOf(projectId, record?.progress ?? null, clock.now()), chain);
    // The project has moved on to another ingestion.
    if (record !== null && latest !== null) watcher.offer(snapshot());
  }

  return {
    projectId,
    get latest() {
      return latest ?? null;
    },
    get watchers() {
      return watchers.size;
    },
    get queued() {
      let count = pending.length;
      for (const watcher of watchers) count += watcher.queued;
      return count;
    },
    attach,
    reconcile,
    close: () => {
      for (const watcher of [...watchers]) watcher.close();
    },
    join: async (target, reader) => {
      const watcher = new Watcher(target, owner, reader);
      watchers.add(watcher);
      try {
        await attach();
        await refresh();
        await begin(watcher);
      } catch (error) {
        watcher.close();
        throw error;
      }
      return watcher;
    },
  };
}
