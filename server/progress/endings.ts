/** Failures and endings, reported by the job or made by the server: stalled, interrupted, replaced, expired, cancelled. Pure. */
import type { EventPayload, IngestionFailure, IngestionProgress } from '@ingestion-progress/schema';
import { end, patch, type Change } from './change.js';
import { advanceTo, endedAt, isOver, overallPercent, phaseAt, revive, stopped } from './phases.js';
import type { IngestionRecord } from './record.js';

/** The ingestion failed. An ending if `failure` is not recoverable. */
export function failWith(record: IngestionRecord, failure: IngestionFailure, nowMs: number): Change {
  const { progress } = record;
  const revived = revive(progress.phases);
  const named = failure.phase === null ? undefined : revived[failure.phase - 1];
  // Phases only go forward: it is a running phase that failed, not one that is over.
  const failed = named === undefined || isOver(named) ? progress.currentPhase : named.number;
  const currentPhase = Math.max(failed, progress.currentPhase);
  const advanced =
    failed === 0 || isOver(phaseAt(revived, failed))
      ? revived
      : advanceTo(
          revived,
          failed,
          nowMs,
          (phase) => ({ ...phase, status: 'FAILED', error: failure, completedAt: endedAt(phase, nowMs) }),
          phaseAt(revived, failed).status === 'RUNNING',
        );
  const phases = failure.recoverable ? advanced : advanced.map((phase) => stopIfRunning(phase, nowMs));
  const progressPercent = overallPercent(phases, progress.progressPercent);
  const fields = { status: 'FAILED', phases, currentPhase, progressPercent, error: failure } as const;
  if (!failure.recoverable) return end(record, nowMs, fields, failurePayload(failure));
  const none = { etaSeconds: null, etaLowSeconds: null, etaHighSeconds: null, pause: null };
  return patch(record, nowMs, { ...fields, ...none }, failurePayload(failure));
}

/** The server itself marks the ingestion as failed. */
export function failByServer(
  record: IngestionRecord,
  errorCode: 'INGESTION_STALLED' | 'INGESTION_INTERRUPTED' | 'INGESTION_REPLACED',
  message: string,
  nowMs: number,
): Change {
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

/** A recoverable failure from which no job recovered becomes an ending. */
export function finalFailure(record: IngestionRecord, nowMs: number): Change {
  const { progress } = record;
  const error = progress.error === null ? null : { ...progress.error, recoverable: false };
  const phases = progress.phases.map((phase) => stopIfRunning(phase, nowMs));
  const fields = { status: 'FAILED', error, phases } as const;
  return end(record, nowMs, fields, currentPayload({ ...record, progress: { ...progress, ...fields } }));
}

/** Ends an ingestion that a newer one replaces. */
export function endReplaced(record: IngestionRecord, nowMs: number): Change {
  if (record.progress.status === 'FAILED') return finalFailure(record, nowMs);
  const message = 'Replaced by a newer ingestion of this project.';
  return failByServer(record, 'INGESTION_REPLACED', message, nowMs);
}

const stopIfRunning = (phase: IngestionProgress['phases'][number], nowMs: number) =>
  phase.status === 'RUNNING' ? stopped(phase, nowMs) : phase;

/** The ingestion ended because a person asked; what runs is stopped, the percents stay. */
export function cancel(record: IngestionRecord, nowMs: number): Change {
  const phases = revive(record.progress.phases).map((phase) => stopIfRunning(phase, nowMs));
  const fields = { status: 'CANCELLED', phases, error: null } as const;
  return end(record, nowMs, fields, { type: 'cancelled', requestedBy: record.cancelRequestedBy });
}

const failurePayload = (failure: IngestionFailure): EventPayload => {
  const { phase, errorCode, message, recoverable, retryOptions } = failure;
  return { type: 'error', phase, errorCode, message, recoverable, retryOptions };
};

/** The payload for a state that was read rather than reduced: its ending or failure, else a snapshot. */
export function currentPayload({ progress, cancelRequestedBy }: IngestionRecord): EventPayload {
  if (progress.status === 'COMPLETED' && progress.result !== null) {
    return { type: 'ingestion_complete', result: progress.result };
  }
  if (progress.status === 'CANCELLED') return { type: 'cancelled', requestedBy: cancelRequestedBy };
  return progress.error === null ? { type: 'snapshot' } : failurePayload(progress.error);
}

/** True if the ingestion has already failed with this code in this phase. */
export function isSameFailure(progress: IngestionProgress, failure: IngestionFailure): boolean {
  const { error } = progress;
  return error !== null && error.errorCode === failure.errorCode && error.phase === failure.phase;
}
