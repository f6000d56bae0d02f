/**
 * Finds what no job reports: jobs that fell silent, jobs whose server died, cancel requests that no job took, failures
 * that nobody recovered, history past its retention. Each is a change like any other, decided again on the newest state.
 * (invariant: silent-job-is-noticed)
 */
import { isEnded, type IngestionProgress } from '@ingestion-progress/schema';
import type { EventBus } from '../bus/event-bus.js';
import type { Logger } from '../observability/logger.js';
import type { Change, ChangeResult } from '../progress/change.js';
import { cancel, failByServer, finalFailure } from '../progress/endings.js';
import type { IngestionRecord } from '../progress/record.js';
import type { Reducer } from '../progress/reduce.js';
import type { CancelTimer, Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import type { ProgressStore } from '../store/progress-store.js';

/** Limits of the reaper. */
export const REAPER_DEFAULTS = Object.freeze({
  /** Time between two ticks, in milliseconds. */
  reapIntervalMs: 5_000,
  /** How long a recoverable failure may wait for its job, in milliseconds. */
  failureGraceMs: 86_400_000,
  /** How long history and logs are kept after an ingestion was last updated, in milliseconds. */
  retentionMs: 30 * 86_400_000,
});

/** How long a cancel request may wait for a job, in milliseconds. */
const CANCEL_AFTER_MS = 30_000;
/** Ingestions examined per tick, the longest silent first; more if none of these needs a change. */
const MIN_EXAMINED = 200;
const MAX_EXAMINED = 12_800;
const RETENTION_INTERVAL_MS = 3_600_000;

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
  readonly isStoreFailing: () => boolean;
  readonly submit: (projectId: string, reducer: Reducer, isEnding: boolean) => Promise<ChangeResult>;
}

/** See the file's head. */
export interface Reaper {
  /** Examines once; how many ingestions it changed. */
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
  let limit = MIN_EXAMINED;
  let cancelTimer: CancelTimer | null = null;
  let isDisposed = false;

  const unsubscribe = bus.onStateChange(() => (healthySince = null));

  const isStalled = (progress: IngestionProgress, nowMs: number) => {
    if (progress.status !== 'RUNNING' || nowMs - progress.updatedAt <= progress.staleAfterMs) return false;
    // A server that was cut off itself has not received the job's reports.
    return healthySince !== null && clock.monotonicNow() - healthySince >= progress.staleAfterMs;
  };

  const verdictOn = (record: IngestionRecord, nowMs: number): Verdict | null => {
    const { progress, ownerServerId } = record;
    if (isEnded(progress)) return null;
    if (progress.cancelRequestedAt !== null && record.cancelTaken !== true) {
      if (nowMs - progress.cancelRequestedAt >= CANCEL_AFTER_MS) return CANCELLED;
    }
    if (progress.status === 'FAILED') return nowMs - progress.updatedAt > failureGraceMs ? UNRECOVERED : null;
    if (ownerServerId !== null && ownerServerId !== serverId && options.isExpired(ownerServerId)) {
      return INTERRUPTED;
    }
    return isStalled(progress, nowMs) ? STALLED : null;
  };

  const execute = async ({ progress }: IngestionRecord, { isEnding, phrase }: Verdict): Promise<number> => {
    const { projectId, id: ingestionId } = progress;
    try {
      const reducer: Reducer = (base, nowMs) => {
        // Decided again: the store may be behind what other servers know.
        const verdict = base === null || base.progress.id !== ingestionId ? null : verdictOn(base, nowMs);
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

  const deleteExpired = async (): Promise<void> => {
    if (clock.monotonicNow() - lastRetentionAt < RETENTION_INTERVAL_MS) return;
    const deleted = await store.deleteBefore(clock.now() - retentionMs);
    lastRetentionAt = clock.monotonicNow();
    if (deleted > 0) logger.info({ deleted }, 'expired ingestions deleted');
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
      const open = await store.listOpen(limit);
      const isHealthy = bus.state === 'connected' && !options.isStoreFailing();
      healthySince = isHealthy ? (healthySince ?? at) : null;
      for (const record of open) {
        const verdict = isDisposed ? null : verdictOn(record, nowMs);
        if (verdict !== null) changed += await execute(record, verdict);
      }
      const isCovered = open.length < limit || changed > 0;
      limit = isCovered ? MIN_EXAMINED : Math.min(2 * limit, MAX_EXAMINED);
      await deleteExpired();
    } catch (cause) {
      if (healthySince !== null) logger.warn({ cause }, 'reaper could not read the store');
      healthySince = null;
    }
    return changed;
  };

  const start = () => {
    if (isDisposed) return;
    cancelTimer = clock.setTimer(reapIntervalMs, () => void tick().finally(start));
  };

  return {
    tick,
    start,
    dispose: () => {
      isDisposed = true;
      cancelTimer?.();
      unsubscribe();
    },
  };
}
