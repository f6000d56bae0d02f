/**
 * Finds what no job reports: jobs that fell silent, jobs whose server died, cancel requests that no job took, failures
 * that nobody recovered, history past its retention. Each is a change like any other, decided again on the newest state.
 * (invariant: silent-job-is-noticed)
 */
import type { EventBus } from '../bus/event-bus.js';
import type { Logger } from '../observability/logger.js';
import type { Change, ChangeResult } from '../progress/change.js';
import { cancel, failByServer, finalFailure } from '../progress/endings.js';
import {
  CANCEL_AFTER_MS,
  openIngestionOf,
  runningOwnerOf,
  type OpenIngestion,
  type OpenList,
} from '../progress/open-ingestion.js';
import type { IngestionRecord } from '../progress/record.js';
import type { Reducer } from '../progress/reduce.js';
import type { CancelTimer, Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import { sleep } from '../shared/sleep.js';
import type { OpenQuery, ProgressStore } from '../store/progress-store.js';

/** Limits of the reaper. */
export const REAPER_DEFAULTS = Object.freeze({
  /** Time between two ticks, in milliseconds. */
  reapIntervalMs: 5_000,
  /** How long a recoverable failure may wait for its job, in milliseconds. */
  failureGraceMs: 86_400_000,
  /** How long history and logs are kept after an ingestion was last updated, in milliseconds. */
  retentionMs: 30 * 86_400_000,
});

/** Ingestions examined at a time. */
const PAGE = 200;
/** Most of each list that are examined, and changed, in one tick; the next tick goes on after them. */
const MAX_EXAMINED = 20_000;
const MAX_CHANGED = 500;
/** Most that are changed at the same time: as many as the store writes at once. */
const MAX_AT_ONCE = 50;
/** Time between two ticks while more is to be changed than one tick does, in milliseconds. */
const BUSY_INTERVAL_MS = 250;
/** Time between two runs of retention, how many ingestions it deletes at a time, and how long it then pauses. */
const RETENTION_INTERVAL_MS = 600_000;
const RETENTION_BATCH = 50;
const RETENTION_PAUSE_MS = 20;

/** Options of the reaper. */
export interface ReaperOptions {
  readonly store: ProgressStore;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly serverId: string;
  readonly reapIntervalMs: number;
  readonly failureGraceMs: number;
  readonly retentionMs: number;
  /** True if that server's lease has certainly expired. */
  readonly isExpired: (serverId: string) => boolean;
  /** Servers whose jobs are their own business: this one, and those with a valid lease. */
  readonly validServers: () => readonly string[];
  readonly isStoreFailing: () => boolean;
  readonly submit: (projectId: string, reducer: Reducer, isEnding: boolean) => Promise<ChangeResult>;
}

/** See the file's head. */
export interface Reaper {
  /** Examines what is due; how many ingestions it changed. */
  tick(): Promise<number>;
  /** Ticks until disposed. */
  start(): void;
  dispose(): void;
}

/** What an open ingestion needs. */
interface Verdict {
  readonly change: (record: IngestionRecord, nowMs: number) => Change;
  readonly isEnding: boolean;
  /** For the log, once it is done. */
  readonly phrase: string;
}

const CANCELLED: Verdict = {
  change: cancel,
  isEnding: true,
  phrase: 'cancel request without a receiver executed',
};
const UNRECOVERED: Verdict = {
  change: finalFailure,
  isEnding: true,
  phrase: 'unrecovered failure made final',
};
const INTERRUPTED: Verdict = {
  change: (base, nowMs) =>
    failByServer(base, 'INGESTION_INTERRUPTED', 'The server that ran the job has stopped.', nowMs),
  isEnding: false,
  phrase: 'interrupted ingestion failed',
};
const STALLED: Verdict = {
  change: (base, nowMs) => {
    const seconds = Math.round(base.progress.staleAfterMs / 1000);
    return failByServer(base, 'INGESTION_STALLED', `The job has not reported for ${seconds} s.`, nowMs);
  },
  isEnding: false,
  phrase: 'stalled ingestion failed',
};

/** Creates the reaper of a server. */
export function createReaper(options: ReaperOptions): Reaper {
  const { store, bus, clock, logger, serverId, reapIntervalMs, failureGraceMs, retentionMs } = options;
  /** Since when this server has had store and bus without a gap, monotonic; null while it has not. */
  let healthySince: number | null = null;
  let lastTick: { readonly at: number; readonly nowMs: number } | null = null;
  let lastRetentionAt = Number.NEGATIVE_INFINITY;
  let isDeleting = false;
  let isBusy = false;
  /** Where the next tick goes on in each list; null for its beginning. */
  const places: Record<OpenList, string | null> = { overdue: null, failed: null };
  const disposal = new AbortController();
  let cancelTimer: CancelTimer | null = null;
  let isDisposed = false;

  const unsubscribe = bus.onStateChange(() => (healthySince = null));

  const isStalled = ({ status, silentFrom, staleAfterMs }: OpenIngestion, nowMs: number) => {
    if (status !== 'RUNNING' || silentFrom === null || nowMs - silentFrom <= staleAfterMs) return false;
    // A server that was cut off itself has not received the job's reports.
    return healthySince !== null && clock.monotonicNow() - healthySince >= staleAfterMs;
  };

  const verdictOn = (open: OpenIngestion, nowMs: number): Verdict | null => {
    const { cancelRequestedAt } = open;
    if (cancelRequestedAt !== null && nowMs - cancelRequestedAt >= CANCEL_AFTER_MS) return CANCELLED;
    if (open.status === 'FAILED') return nowMs - open.updatedAt > failureGraceMs ? UNRECOVERED : null;
    const owner = runningOwnerOf(open);
    if (owner !== null && owner !== serverId && options.isExpired(owner)) return INTERRUPTED;
    return isStalled(open, nowMs) ? STALLED : null;
  };

  const execute = async (open: OpenIngestion, { isEnding, phrase }: Verdict): Promise<number> => {
    const { projectId, ingestionId } = open;
    try {
      const reducer: Reducer = (base, nowMs) => {
        // Decided again: the store may be behind what other servers know.
        const newest = base === null ? null : openIngestionOf(base);
        const verdict = newest?.ingestionId === ingestionId ? verdictOn(newest, nowMs) : null;
        if (base === null || verdict === null) return { kind: 'duplicate' };
        const delivery = verdict.isEnding ? 'store-first' : 'immediate';
        return { kind: 'changed', change: verdict.change(base, nowMs), delivery };
      };
      const { accepted, record } = await options.submit(projectId, reducer, isEnding);
      const { status, error } = record.progress;
      if (!accepted) return 0;
      logger.warn({ projectId, ingestionId, status, errorCode: error?.errorCode }, phrase);
      return 1;
    } catch (cause) {
      if (!(cause instanceof ProgressError)) throw cause;
      logger.warn(
        { projectId, ingestionId, code: cause.code },
        'ingestion not reaped; retrying at the next tick',
      );
      return 0;
    }
  };

  /** In the background: however much there is to delete, jobs are looked at meanwhile. */
  const deleteExpired = async (): Promise<void> => {
    if (isDeleting || clock.monotonicNow() - lastRetentionAt < RETENTION_INTERVAL_MS) return;
    isDeleting = true;
    let deleted = 0;
    try {
      for (let hasMore = true; hasMore && !isDisposed;) {
        const done = await store.deleteBefore(clock.now() - retentionMs, RETENTION_BATCH);
        deleted += done.deleted;
        hasMore = done.hasMore;
        if (hasMore) await sleep(clock, RETENTION_PAUSE_MS, disposal.signal);
      }
      lastRetentionAt = clock.monotonicNow();
    } catch (cause) {
      logger.warn({ cause }, 'expired ingestions not deleted; retrying at the next tick');
    }
    if (deleted > 0) logger.info({ deleted }, 'expired ingestions deleted');
    isDeleting = false;
  };

  /** Changes what needs it, of a page; how many were changed. */
  const judge = async (page: readonly OpenIngestion[], nowMs: number): Promise<number> => {
    const due = page.flatMap((open) => {
      const verdict = verdictOn(open, nowMs);
      return verdict === null ? [] : [{ open, verdict }];
    });
    let changed = 0;
    for (let index = 0; index < due.length && !isDisposed; index += MAX_AT_ONCE) {
      const some = due.slice(index, index + MAX_AT_ONCE);
      const counts = await Promise.all(some.map(({ open, verdict }) => execute(open, verdict)));
      changed += counts.reduce((sum, count) => sum + count, 0);
    }
    return changed;
  };

  /** Examines a list, from where the last tick left it. */
  const examine = async (list: OpenList, before: number, nowMs: number): Promise<number> => {
    let changed = 0;
    let examined = 0;
    while (examined < MAX_EXAMINED && changed < MAX_CHANGED && !isDisposed) {
      const query: OpenQuery = { list, before, after: places[list] };
      const { items, next } = await store.listOpen(query, PAGE);
      changed += await judge(items, nowMs);
      places[list] = next;
      examined += items.length;
      if (next === null) break;
    }
    return changed;
  };

  const examineOwned = async (nowMs: number): Promise<number> => {
    let changed = 0;
    while (changed < MAX_CHANGED && !isDisposed) {
      const { items } = await store.listOpen({ list: 'owned', exceptBy: options.validServers() }, PAGE);
      const more = await judge(items, nowMs);
      changed += more;
      // What could not be changed stands in the way of the rest until the next tick.
      if (items.length < PAGE || more < items.length) break;
    }
    return changed;
  };

  const tick = async (): Promise<number> => {
    let changed = 0;
    const at = clock.monotonicNow();
    const nowMs = clock.now();
    // A process that was paused, or a machine that slept, has not received anything either.
    const elapsedMs = lastTick === null ? 0 : Math.max(at - lastTick.at, nowMs - lastTick.nowMs);
    if (elapsedMs > 3 * reapIntervalMs) healthySince = null;
    lastTick = { at, nowMs };
    try {
      const isHealthy = bus.state === 'connected' && !options.isStoreFailing();
      healthySince = isHealthy ? (healthySince ?? at) : null;
      changed += await examine('overdue', nowMs, nowMs);
      changed += await examineOwned(nowMs);
      changed += await examine('failed', nowMs - failureGraceMs, nowMs);
    } catch (cause) {
      if (healthySince !== null) logger.warn({ cause }, 'reaper could not read the store');
      healthySince = null;
    }
    void deleteExpired();
    return changed;
  };

  const start = () => {
    if (isDisposed) return;
    const delayMs = isBusy ? BUSY_INTERVAL_MS : reapIntervalMs;
    cancelTimer = clock.setTimer(delayMs, () => {
      void tick()
        .then((changed) => (isBusy = changed >= MAX_CHANGED))
        .finally(start);
    });
  };

  return {
    tick,
    start,
    dispose: () => {
      isDisposed = true;
      disposal.abort();
      cancelTimer?.();
      unsubscribe();
    },
  };
}
