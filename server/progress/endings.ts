/** Failures and endings, by the job's word or by the server's own: stalled, interrupted, replaced, expired, cancelled. Pure. */
import type {
  EventPayload,
  IngestionFailure,
  IngestionProgress,
  PhaseNumber,
} from '@ingestion-progress/schema';
import { ended, touched, type Draft } from './change.js';
import { overallPercent } from './metrics.js';
import { furthest, goTo, revive, skipped } from './phases.js';
import type { IngestionRecord } from './record.js';

/** The ingestion failed. An ending where `failure` is not recoverable. */
export function failWith(record: IngestionRecord, failure: IngestionFailure, nowMs: number): Draft {
  const { progress } = record;
  // Phases only go forward: one that is over has not failed, the one that runs has.
  const isForward = failure.phase !== null && failure.phase >= furthest(progress);
  const currentPhase = isForward ? (failure.phase ?? 0) : progress.currentPhase;
  const revived = revive(progress.phases);
  const phases =
    currentPhase === 0
      ? revived
      : goTo(revived, currentPhase, nowMs, (phase) => ({
          ...phase,
          status: 'FAILED',
          error: failure,
          completedAt: nowMs,
        }));
  const progressPercent = overallPercent(phases, progress.progressPercent);
  const change = { status: 'FAILED', phases, currentPhase, progressPercent, error: failure } as const;
  if (!failure.recoverable) return ended(record, nowMs, change, failurePayload(failure));
  return touched(record, nowMs, { ...change, etaSeconds: null }, failurePayload(failure));
}

/** The ingestion failed by the server's word. */
export function failByServer(
  record: IngestionRecord,
  errorCode: 'INGESTION_STALLED' | 'INGESTION_INTERRUPTED' | 'INGESTION_REPLACED',
  message: string,
  nowMs: number,
): Draft {
  const { currentPhase } = record.progress;
  const recoverable = errorCode !== 'INGESTION_REPLACED';
  const failure: IngestionFailure = {
    phase: currentPhase === 0 ? null : currentPhase,
    errorCode,
    message,
    recoverable,
    retryOptions: recoverable
      ? { canRetry: true, fromPhase: null, retryAfterMs: null, attempt: null, maxAttempts: null }
      : null,
    occurredAt: nowMs,
  };
  return failWith(record, failure, nowMs);
}

/** A recoverable failure that nobody recovered from becomes an ending. */
export function finalFailure(record: IngestionRecord, nowMs: number): Draft {
  const { progress } = record;
  const error = progress.error === null ? null : { ...progress.error, recoverable: false };
  const change = { status: 'FAILED', error } as const;
  return ended(record, nowMs, change, endingPayload({ ...record, progress: { ...progress, ...change } }));
}

/** What a newer ingestion makes of one that has not ended. */
export function takenOver(record: IngestionRecord, nowMs: number): Draft {
  if (record.progress.status === 'FAILED') return finalFailure(record, nowMs);
  const message = 'A newer ingestion of this project took its place.';
  return failByServer(record, 'INGESTION_REPLACED', message, nowMs);
}

/** The ingestion ended because it was asked to; the phase that ran is passed over, the percents stay. */
export function cancel(record: IngestionRecord, nowMs: number): Draft {
  const phases = revive(record.progress.phases).map((phase) =>
    phase.status === 'RUNNING' ? skipped(phase, nowMs) : phase,
  );
  const change = { status: 'CANCELLED', phases, error: null } as const;
  return ended(record, nowMs, change, { type: 'cancelled', requestedBy: record.cancelRequestedBy });
}

const failurePayload = (failure: IngestionFailure): EventPayload => {
  const { phase, errorCode, message, recoverable, retryOptions } = failure;
  return { type: 'error', phase: phase as PhaseNumber | null, errorCode, message, recoverable, retryOptions };
};

/** The event that tells a state read elsewhere: its ending or failure, else the state as it is. */
export function endingPayload({ progress, cancelRequestedBy }: IngestionRecord): EventPayload {
  if (progress.status === 'COMPLETED' && progress.result !== null) {
    return { type: 'ingestion_complete', result: progress.result };
  }
  if (progress.status === 'CANCELLED') return { type: 'cancelled', requestedBy: cancelRequestedBy };
  return progress.error === null ? { type: 'snapshot' } : failurePayload(progress.error);
}

/** True where a failure of this code and phase is the one that stands already. */
export function isSameFailure(progress: IngestionProgress, failure: IngestionFailure): boolean {
  const { error } = progress;
  return error !== null && error.errorCode === failure.errorCode && error.phase === failure.phase;
}
