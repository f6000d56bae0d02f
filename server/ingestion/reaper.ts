/**
 * What nobody reports: jobs that fell silent, jobs whose server died, cancel requests that no job took, failures that
 * nobody recovered, history that is old enough. Each is a change like any other, judged again on the newest state.
 * (invariant: silent-job-is-noticed)
 */
import { isEnded, type IngestionProgress } from '@ingestion-progress/schema';
import type { EventBus } from '../bus/event-bus.js';
import type { CancelTimer, Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import type { Logger } from '../observability/logger.js';
import type { ProgressStore } from '../store/progress-store.js';
import type { Draft } from '../progress/change.js';
import { cancel, failByServer, finalFailure } from '../progress/endings.js';
import type { IngestionRecord } from '../progress/record.js';
import type { Settled, Waiting } from './batch.js';

/** Limits of the sweep. */
export const SWEEP_DEFAULTS = Object.freeze({
  /** How often it looks, in milliseconds. */
  sweepEveryMs: 5_000,
  /** How long a recoverable failure may wait for its job, in milliseconds. */
  recoverableForMs: 86_400_000,
  /** How long history and logs are kept after an ingestion was last touched, in milliseconds. */
  retentionMs: 30 * 86_400_000,
});

/** How long a cancel request may wait for a job, in milliseconds. */
const CANCEL_AFTER_MS = 30_000;
/** Ingestions looked at in one go, the longest silent first; more where these are only waiting. */
const LEAST_LOOKED_AT = 200;
const MOST_LOOKED_AT = 12_800;
const RETENTION_EVERY_MS = 3_600_000;

/** Options of the sweep. */
export interface SweepOptions {
  readonly store: ProgressStore;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly serverId: string;
  readonly sweepEveryMs: number;
  readonly recoverableForMs: number;
  readonly retentionMs: number;
  /** True where that server's lease has run out for sure. */
  readonly isVoid: (serverId: string) => boolean;
  readonly isStoreFailing: () => boolean;
  readonly change: (projectId: string, fold: Waiting['fold'], isEnding: boolean) => Promise<Settled>;
}

/** Looks for what nobody reports. */
export interface Sweep {
  /** Looks once; how many ingestions it changed. */
  look(): Promise<number>;
  /** Looks again and again. */
  begin(): void;
  dispose(): void;
}

/** What an open ingestion calls for; null where nothing. */
type Verdict = {
  readonly draft: (record: IngestionRecord, nowMs: number) => Draft;
  readonly isEnding: boolean;
};

/** Makes the sweep. */
export function createSweep(options: SweepOptions): Sweep {
  const { store, bus, clock, logger, serverId, sweepEveryMs, recoverableForMs, retentionMs } = options;
  /** Since when this server has had store and bus without a gap, monotonic; null while it has not. */
  let healthySince: number | null = null;
  let lastLook: { readonly at: number; readonly nowMs: number } | null = null;
  let lastRetentionAt = Number.NEGATIVE_INFINITY;
  let lookedAt = LEAST_LOOKED_AT;
  let timer: CancelTimer | null = null;
  let disposed = false;

  const stopListening = bus.onStateChange(() => (healthySince = null));

  const isStalled = (progress: IngestionProgress, nowMs: number) => {
    if (progress.status !== 'RUNNING' || nowMs - progress.updatedAt <= progress.staleAfterMs) return false;
    // Who was cut off itself has not heard the job's reports.
    return healthySince !== null && clock.monotonicNow() - healthySince >= progress.staleAfterMs;
  };

  const verdictOf = (record: IngestionRecord, nowMs: number): Verdict | null => {
    const { progress, ownerServerId } = record;
    if (isEnded(progress)) return null;
    if (progress.cancelRequestedAt !== null && record.cancelTaken !== true) {
      if (nowMs - progress.cancelRequestedAt >= CANCEL_AFTER_MS) return { draft: cancel, isEnding: true };
    }
    if (progress.status === 'FAILED') {
      const isOver = nowMs - progress.updatedAt > recoverableForMs;
      return isOver ? { draft: finalFailure, isEnding: true } : null;
    }
    if (ownerServerId !== null && ownerServerId !== serverId && options.isVoid(ownerServerId)) {
      const message = 'The server that ran the job is gone.';
      return {
        draft: (base, at) => failByServer(base, 'INGESTION_INTERRUPTED', message, at),
        isEnding: false,
      };
    }
    if (!isStalled(progress, nowMs)) return null;
    const message = `The job has said nothing for ${Math.round(progress.staleAfterMs / 1000)} s.`;
    return { draft: (base, at) => failByServer(base, 'INGESTION_STALLED', message, at), isEnding: false };
  };

  const carryOut = async ({ progress }: IngestionRecord, { isEnding }: Verdict): Promise<number> => {
    const { projectId, id: ingestionId } = progress;
    try {
      const fold: Waiting['fold'] = (base, nowMs) => {
        // Judged again: the store may be behind what other servers know.
        const verdict = base === null || base.progress.id !== ingestionId ? null : verdictOf(base, nowMs);
        if (base === null || verdict === null) return { kind: 'repeated' };
        const manner = verdict.isEnding ? 'ending' : 'now';
        return { kind: 'changed', draft: verdict.draft(base, nowMs), manner, ignored: false };
      };
      const { accepted, record } = await options.change(projectId, fold, isEnding);
      const { status, error } = record.progress;
      if (!accepted) return 0;
      logger.warn({ projectId, ingestionId, status, errorCode: error?.errorCode }, 'swept');
      return 1;
    } catch (cause) {
      if (!(cause instanceof ProgressError)) throw cause;
      logger.warn({ projectId, ingestionId, code: cause.code }, 'not swept; the next look tries again');
      return 0;
    }
  };

  const forgetOld = async (): Promise<void> => {
    if (clock.monotonicNow() - lastRetentionAt < RETENTION_EVERY_MS) return;
    const deleted = await store.deleteBefore(clock.now() - retentionMs);
    lastRetentionAt = clock.monotonicNow();
    if (deleted > 0) logger.info({ deleted }, 'old ingestions were deleted');
  };

  const look = async (): Promise<number> => {
    let changed = 0;
    const at = clock.monotonicNow();
    const nowMs = clock.now();
    // A process that was paused, or a machine that slept, has not heard anything either.
    const sinceLastMs = lastLook === null ? 0 : Math.max(at - lastLook.at, nowMs - lastLook.nowMs);
    if (sinceLastMs > 3 * sweepEveryMs) healthySince = null;
    lastLook = { at, nowMs };
    try {
      const open = await store.listOpen(lookedAt);
      const isHealthy = bus.state === 'connected' && !options.isStoreFailing();
      healthySince = isHealthy ? (healthySince ?? at) : null;
      for (const record of open) {
        const verdict = disposed ? null : verdictOf(record, nowMs);
        if (verdict !== null) changed += await carryOut(record, verdict);
      }
      const isCovered = open.length < lookedAt || changed > 0;
      lookedAt = isCovered ? LEAST_LOOKED_AT : Math.min(2 * lookedAt, MOST_LOOKED_AT);
      await forgetOld();
    } catch (cause) {
      if (healthySince !== null) logger.warn({ cause }, 'the sweep could not read the store');
      healthySince = null;
    }
    return changed;
  };

  const begin = () => {
    if (disposed) return;
    timer = clock.setTimer(sweepEveryMs, () => void look().finally(begin));
  };

  return {
    look,
    begin,
    dispose: () => {
      disposed = true;
      timer?.();
      stopListening();
    },
  };
}
