/**
 * The reducer: what a report makes of the state of one ingestion. Phases only go forward, percents never go back, an
 * ending is final. Pure: no time, no I/O; the project decides when the result is committed.
 * (invariant: never-back) (invariant: ending-is-final)
 */
import {
  isEnded,
  type EventPayload,
  type IngestionFailure,
  type IngestionProgress,
  type IngestionResult,
  type Phase,
  type PhaseNumber,
} from '@ingestion-progress/schema';
import { end, patch, type Change, type Delivery } from './change.js';
import { cancel, failWith, isSameFailure } from './endings.js';
import { advanceRate, overallEta, withRate, type PhaseRate } from './eta.js';
import {
  NO_METRICS,
  advanceTo,
  completed,
  furthest,
  mergeMetrics,
  mergePercent,
  overallPercent,
  phaseAt,
  phaseStarted,
  revive,
  skipped,
} from './phases.js';
import type { IngestionRecord } from './record.js';
import type { Report, ReportOf } from './report.js';

/** The result of reducing one report, or one change of the server's own. */
export type ReduceResult =
  | {
      readonly kind: 'changed';
      readonly change: Change;
      readonly delivery: Delivery;
      /** True if the report was for an earlier phase, and counts as a sign of life only. @default false */
      readonly ignored?: boolean;
    }
  /** The sequence or the ending is committed already: nothing changes, and that is no error. */
  | { readonly kind: 'duplicate' }
  /** `CONFLICT`, with the sentence. */
  | { readonly kind: 'rejected'; readonly message: string };

/** Works a change out; called again if the state changed before it was committed. */
export type Reducer = (base: IngestionRecord | null, nowMs: number) => ReduceResult;

/** Reduces one report; a null `ingestionId` addresses the running ingestion. */
export function reduce(
  record: IngestionRecord | null,
  { type, report }: Report,
  nowMs: number,
): ReduceResult {
  if (record === null) return rejected('This project has no ingestion; start one.');
  const { progress } = record;
  const isForRunning = report.ingestionId === null;
  if (isForRunning && isEnded(progress)) {
    return rejected(`Ingestion ${progress.id} has ended and none is running; start one.`);
  }
  if (!isForRunning && report.ingestionId !== progress.id) {
    return rejected(`Ingestion ${report.ingestionId} is not this project's latest, which is ${progress.id}.`);
  }
  const sequence = report.sequence ?? null;
  if (sequence !== null && record.lastSequence !== null && sequence <= record.lastSequence)
    return { kind: 'duplicate' };
  if (isEnded(progress)) {
    return isSameEnding(progress, type, report)
      ? { kind: 'duplicate' }
      : rejected(`Ingestion ${progress.id} has ended (${progress.status}); start another one.`);
  }
  const sequenced = sequence === null ? record : { ...record, lastSequence: sequence };
  switch (type) {
    case 'phase_started':
      return startPhase(sequenced, report, nowMs);
    case 'progress_update':
      return update(sequenced, report, nowMs);
    case 'ingestion_complete':
      return complete(sequenced, report, nowMs);
    case 'error':
      return fail(sequenced, report, nowMs);
    case 'cancelled':
      return { kind: 'changed', change: cancel(sequenced, nowMs), delivery: 'store-first' };
  }
}

const rejected = (message: string): ReduceResult => ({ kind: 'rejected', message });

function isSameEnding(progress: IngestionProgress, type: Report['type'], report: Report['report']): boolean {
  if (type === 'ingestion_complete') return progress.status === 'COMPLETED';
  if (type === 'cancelled') return progress.status === 'CANCELLED';
  if (type !== 'error' || progress.status !== 'FAILED') return false;
  const { errorCode, recoverable } = report as ReportOf<'error'>;
  return !recoverable && progress.error?.errorCode === errorCode;
}

function startPhase(record: IngestionRecord, report: ReportOf<'phase_started'>, nowMs: number): ReduceResult {
  const { progress } = record;
  if (report.phase < furthest(progress)) {
    return rejected(`Phase ${report.phase} is over; the ingestion is in phase ${furthest(progress)}.`);
  }
  const repeated = report.phase === progress.currentPhase;
  const phases = advanceTo(revive(progress.phases), report.phase, nowMs, (phase) => ({
    ...phase,
    message: report.message,
  }));
  const payload = phaseStarted(phases, report.phase);
  // A start after a failure revives the ingestion, which people should see at once.
  const delivery = repeated && progress.status === 'RUNNING' ? 'coalesced' : 'immediate';
  const rate = repeated ? record.rate : null;
  const change = running({ ...record, rate }, phases, report.phase, payload, nowMs);
  return { kind: 'changed', change, delivery };
}

function update(record: IngestionRecord, report: ReportOf<'progress_update'>, nowMs: number): ReduceResult {
  const { progress } = record;
  if (report.phase < furthest(progress)) {
    const phases = revive(progress.phases);
    const change = running(record, phases, progress.currentPhase, { type: 'snapshot' }, nowMs);
    return { kind: 'changed', change, delivery: 'coalesced', ignored: true };
  }
  const starts = report.phase > progress.currentPhase;
  let rate: PhaseRate | null = null;
  const phases = advanceTo(revive(progress.phases), report.phase, nowMs, (phase) => {
    const percent = mergePercent(phase.percent, report.progressPercent);
    const metrics = mergeMetrics(phase.metrics, report.metrics);
    const next = { ...phase, percent, metrics, message: phase.message ?? phase.name };
    rate = advanceRate(record.rate, next, nowMs, typeof report.metrics?.itemsPerSecond === 'number');
    const rated = withRate(metrics ?? NO_METRICS, percent, rate);
    return metrics === null && rated.etaSeconds === null ? next : { ...next, metrics: rated };
  });
  const phase = phaseAt(phases, report.phase);
  const payload: EventPayload = starts
    ? phaseStarted(phases, report.phase)
    : {
        type: 'progress_update',
        phase: report.phase as PhaseNumber,
        progressPercent: phase.percent,
        metrics: phase.metrics ?? NO_METRICS,
      };
  const change = running({ ...record, rate }, phases, report.phase, payload, nowMs);
  return { kind: 'changed', change, delivery: starts ? 'immediate' : 'coalesced' };
}

function complete(
  record: IngestionRecord,
  { result }: ReportOf<'ingestion_complete'>,
  nowMs: number,
): ReduceResult {
  const { progress } = record;
  const phases = revive(progress.phases).map((phase) =>
    phase.status === 'RUNNING'
      ? completed(phase, nowMs)
      : phase.status === 'PENDING'
        ? skipped(phase, nowMs)
        : phase,
  );
  const itemsFailed =
    result.itemsFailed ?? Math.max(0, ...phases.map((phase) => phase.metrics?.itemsFailed ?? 0));
  const outcome: IngestionResult = {
    outcome: result.outcome ?? (itemsFailed > 0 ? 'PARTIAL' : 'SUCCESS'),
    itemsProcessed: result.itemsProcessed ?? null,
    itemsFailed: result.itemsFailed ?? null,
    bytesProcessed: result.bytesProcessed ?? null,
    durationMs: Math.max(0, nowMs - progress.startedAt),
    summary: result.summary ?? null,
    output: result.output ?? null,
  };
  const fields = { status: 'COMPLETED', phases, progressPercent: 100, result: outcome, error: null } as const;
  const change = end(record, nowMs, fields, { type: 'ingestion_complete', result: outcome });
  return { kind: 'changed', change, delivery: 'store-first' };
}

function fail(record: IngestionRecord, report: ReportOf<'error'>, nowMs: number): ReduceResult {
  const { progress } = record;
  const phase = report.phase ?? (progress.currentPhase === 0 ? null : progress.currentPhase);
  const { retryOptions } = report;
  const failure: IngestionFailure = {
    phase,
    errorCode: report.errorCode,
    message: report.message,
    recoverable: report.recoverable,
    retryOptions: retryOptions
      ? {
          canRetry: retryOptions.canRetry,
          fromPhase: retryOptions.fromPhase ?? null,
          retryAfterMs: retryOptions.retryAfterMs ?? null,
          attempt: retryOptions.attempt ?? null,
          maxAttempts: retryOptions.maxAttempts ?? null,
        }
      : null,
    occurredAt: nowMs,
  };
  const change = failWith(record, failure, nowMs);
  if (!failure.recoverable) return { kind: 'changed', change, delivery: 'store-first' };
  return { kind: 'changed', change, delivery: isSameFailure(progress, failure) ? 'coalesced' : 'immediate' };
}

function running(
  record: IngestionRecord,
  phases: Phase[],
  current: number,
  payload: EventPayload,
  nowMs: number,
): Change {
  const etaSeconds =
    current === 0
      ? null
      : overallEta(
          phases,
          phaseAt(phases, current),
          record.rate as PhaseRate | null,
          record.weighted === true,
        );
  const progressPercent = overallPercent(phases, record.progress.progressPercent);
  const fields = {
    status: 'RUNNING',
    error: null,
    phases,
    currentPhase: current,
    progressPercent,
    etaSeconds,
  } as const;
  return patch(record, nowMs, fields, payload);
}
