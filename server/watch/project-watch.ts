/**
 * What one server knows of one watched project: one listener on the bus, the latest state, and the watchers that it is
 * told to. When to read again after an outage is decided by the hub.
 */
import type { IngestionEvent } from '@ingestion-progress/schema';
import type { EventBus, Unsubscribe } from '../bus/event-bus.js';
import type { Clock } from '../shared/clock.js';
import { isLessFar, joinMarks } from '../progress/merge.js';
import type { IngestionChange, IngestionRecord } from '../progress/record.js';
import type { Logger } from '../observability/logger.js';
import type { FanOut } from './fan-out.js';
import { Watcher } from './watcher.js';
import type { Watch, WatchReader } from './watcher.js';
import { snapshotOf } from './watch-rule.js';
import type { WatchTarget } from './watch-rule.js';

/** Reads the latest ingestion of a project, or the one named. */
export type ReadRecord = (projectId: string, ingestionId?: string | null) => Promise<IngestionRecord | null>;

/** Told of each change that the bus brought for watchers: once, however many they are. */
export type OnTold = (change: IngestionChange, watchers: number) => void;

/** What a project's watch stands on. */
export interface ProjectWatchOptions {
  readonly projectId: string;
  readonly bus: EventBus;
  readonly read: ReadRecord;
  readonly fanOut: FanOut;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Watchers that have ended and have not taken everything yet, of all projects. */
  readonly leaving: Set<Watcher>;
  /** An update was replaced by a newer one while it waited for a watcher. */
  readonly onConflated: () => void;
  /** A change was handed to so many watchers. */
  readonly onTold: OnTold | undefined;
  /** The last watcher left. */
  readonly onEmpty: () => void;
}

/** One watched project. */
export interface ProjectWatch {
  readonly projectId: string;
  /** The newest state that was told, or read for it; null where there is none. */
  readonly latest: IngestionRecord | null;
  readonly watchers: number;
  /** Events that wait to be told or taken. */
  readonly waiting: number;
  /** Attaches, reads, begins. Rejects if neither live state nor store can be read. (invariant: subscribe-before-read) */
  join(target: WatchTarget, reader: WatchReader): Promise<Watch>;
  /** Takes a state that was read: tells it where it is newer than the latest known. */
  heal(record: IngestionRecord | null): void;
  /** Listens again where an earlier attempt failed, for a bus that came back. */
  attach(): Promise<void>;
  /** Lets every watcher go. */
  close(): void;
}

/** Watchers told at once; more are told in slices. */
const SLICE = 256;
/** How long a watcher waits for the ingestion that its own made room for, in milliseconds. */
const TAKEOVER_MS = 30_000;
/** How old a state may be that is told without reading, where the bus does not carry, in milliseconds. */
const STALE_MS = 4_000;
/** Retries of retries that are followed back to the ingestion that was asked for. */
const LONGEST_CHAIN = 32;

/** Makes the watch of a project; it attaches with the first watcher. (invariant: one-upstream-per-project) */
export function createProjectWatch(options: ProjectWatchOptions): ProjectWatch {
  const { projectId, bus, read, fanOut, clock, logger, leaving, onConflated, onTold, onEmpty } = options;
  const watchers = new Set<Watcher>();
  const timers = new Map<Watcher, () => void>();
  let attaching: Promise<void> | null = null;
  let detach: Unsubscribe | null = null;
  /** Undefined before the first read. */
  let latest: IngestionRecord | null | undefined;
  let latestSnapshot: IngestionEvent | null = null;
  let readAt = 0;
  let reading: Promise<void> | null = null;
  let pending: IngestionEvent[] = [];

  const owner = {
    leave: (watcher: Watcher) => {
      timers.get(watcher)?.();
      timers.delete(watcher);
      if (watcher.waiting > 0) leaving.add(watcher);
      if (watchers.delete(watcher) && watchers.size === 0) {
        detach?.();
        detach = null;
        onEmpty();
      }
    },
    conflated: onConflated,
    finished: (watcher: Watcher) => void leaving.delete(watcher),
    awaitTakeover: (watcher: Watcher, endedAt: number) => {
      const { revision } = watcher.position;
      const left = Math.max(0, Math.min(TAKEOVER_MS, endedAt + TAKEOVER_MS - clock.now()));
      timers.get(watcher)?.();
      timers.set(
        watcher,
        clock.setTimer(left, () => {
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
            'last state of a watched ingestion unreadable',
          );
          watcher.finish(null);
        },
      );
    },
  };

  function revisionOf(record: IngestionRecord | null | undefined): number {
    return record?.progress.revision ?? 0;
  }

  function setLatest(record: IngestionRecord | null): void {
    latest = record;
    latestSnapshot = null;
  }

  /** A newer state, as far as this server has told already: another server may have folded onto less. (invariant: never-back) */
  function notBack(record: IngestionRecord): IngestionRecord {
    return latest && isLessFar(record, latest) ? joinMarks(record, latest) : record;
  }

  /** One object for all who join at this revision, so that it is executed and serialised once. */
  function snapshot(): IngestionEvent {
    latestSnapshot ??= snapshotOf(projectId, latest?.progress ?? null, clock.now());
    return latestSnapshot;
  }

  function tell(event: IngestionEvent): void {
    pending.push(event);
    if (pending.length > 1) return;
    if (watchers.size <= SLICE) {
      pending = [];
      for (const watcher of [...watchers]) watcher.offer(event);
      return;
    }
    let turn = watchers.values();
    fanOut.add(() => {
      const current = pending[0];
      if (current === undefined) return false;
      for (let count = 0; count < SLICE; count += 1) {
        const next = turn.next();
        if (next.done === true) {
          pending.shift();
          turn = watchers.values();
          return pending.length > 0;
        }
        next.value.offer(current);
      }
      return true;
    });
  }

  async function attach(): Promise<void> {
    if (detach !== null) return;
    attaching ??= (async () => {
      try {
        const unsubscribe = await bus.subscribe(projectId, (message) => {
          if (message.kind !== 'change') return;
          const { event, record } = message.change;
          if (latest !== undefined && record.progress.revision <= revisionOf(latest)) return;
          const known = notBack(record);
          setLatest(known);
          readAt = clock.monotonicNow();
          const told = watchers.size;
          if (known === record) tell(event);
          else if (event.payload.type === 'progress_update') tell(snapshot());
          else tell({ ...event, progress: known.progress });
          onTold?.(message.change, told);
        });
        if (watchers.size === 0) unsubscribe();
        else detach = unsubscribe;
      } catch (error) {
        // Until the bus is back, changes arrive by re-reading. (invariant: outage-stays-behind)
        logger.warn({ projectId, error: String(error) }, 'watching without the bus');
      } finally {
        attaching = null;
      }
    })();
    return attaching;
  }

  function heal(record: IngestionRecord | null): void {
    readAt = clock.monotonicNow();
    if (latest === undefined) setLatest(record);
    else if (revisionOf(record) > revisionOf(latest)) {
      setLatest(record === null ? null : notBack(record));
      tell(snapshot());
    }
  }

  async function refresh(): Promise<void> {
    const isLive = detach !== null && bus.state === 'connected';
    if (latest !== undefined && (isLive || clock.monotonicNow() - readAt < STALE_MS)) return;
    reading ??= read(projectId)
      .then((record) => heal(record))
      .finally(() => {
        reading = null;
      });
    await reading;
  }

  /** The named ingestion and those that retry it, as far as the latest one leads back to it. */
  async function chainOf(ingestionId: string): Promise<readonly string[]> {
    const back: string[] = [];
    let record = latest ?? null;
    while (record !== null && back.length < LONGEST_CHAIN) {
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
    // Nothing more will come of one whose project has moved on.
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
    get waiting() {
      let count = pending.length;
      for (const watcher of watchers) count += watcher.waiting;
      return count;
    },
    attach,
    heal,
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
