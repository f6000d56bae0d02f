/**
 * The fold: what a report makes of the state of one ingestion. Phases only go forward, percents never go back, an
 * ending is final. Pure: no time, no I/O; who commits the outcome, and when, is decided elsewhere.
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
import { ended, touched, type Draft, type Manner } from './change.js';
import { cancel, failWith, isSameFailure } from './endings.js';
import { NO_METRICS, mergeMetrics, mergePercent, overallPercent } from './metrics.js';
import { completed, furthest, goTo, phaseAt, phaseStarted, revive, skipped } from './phases.js';
import { advanceRate, overallEta, withRate, type PhaseRate } from './eta.js';
import type { IngestionRecord } from './record.js';
import type { Report } from './report.js';

/** What a report comes to. */
export type FoldOutcome =
  | { readonly kind: 'changed'; readonly draft: Draft; readonly manner: Manner; readonly ignored: boolean }
  /** The sequence was taken already, or the same ending stands: nothing changes, and that is no error. */
  | { readonly kind: 'repeated' }
  /** `CONFLICT`, with the sentence. */
  | { readonly kind: 'rejected'; readonly message: string };

type ReportOf<K extends Report['type']> = Extract<Report, { type: K }>['report'];

/** Folds one report onto a state. */
export function applyReport(record: IngestionRecord, { type, report }: Report, nowMs: number): FoldOutcome {
  const { progress } = record;
  if (report.ingestionId !== progress.id) {
    return rejected(`Ingestion ${report.ingestionId} is not this project's latest, which is ${progress.id}.`);
  }
  const sequence = report.sequence ?? null;
  if (sequence !== null && record.lastSequence !== null && sequence <= record.lastSequence)
    return { kind: 'repeated' };
  if (isEnded(progress)) {
    return isSameEnding(progress, type, report)
      ? { kind: 'repeated' }
      : rejected(`Ingestion ${progress.id} has ended (${progress.status}); start another one.`);
  }
  const taken = sequence === null ? record : { ...record, lastSequence: sequence };
  switch (type) {
    case 'phase_started':
      return startPhase(taken, report, nowMs);
    case 'progress_update':
      return update(taken, report, nowMs);
    case 'ingestion_complete':
      return complete(taken, report, nowMs);
    case 'error':
      return fail(taken, report, nowMs);
    case 'cancelled':
      return { kind: 'changed', draft: cancel(taken, nowMs), manner: 'ending', ignored: false };
  }
}

const rejected = (message: string): FoldOutcome => ({ kind: 'rejected', message });

function isSameEnding(progress: IngestionProgress, type: Report['type'], report: Report['report']): boolean {
  if (type === 'ingestion_complete') return progress.status === 'COMPLETED';
  if (type === 'cancelled') return progress.status === 'CANCELLED';
  if (type !== 'error' || progress.status !== 'FAILED') return false;
  const { errorCode, recoverable } = report as ReportOf<'error'>;
  return !recoverable && progress.error?.errorCode === errorCode;
}

function startPhase(record: IngestionRecord, report: ReportOf<'phase_started'>, nowMs: number): FoldOutcome {
  const { progress } = record;
  if (report.phase < furthest(progress)) {
    return rejected(`Phase ${report.phase} is over: the ingestion is in phase ${furthest(progress)}.`);
  }
  const repeated = report.phase === progress.currentPhase;
  const phases = goTo(revive(progress.phases), report.phase, nowMs, (phase) => ({
    ...phase,
    message: report.message,
  }));
  const payload = phaseStarted(phases, report.phase);
  // A start after a failure revives the ingestion, which people should see at once.
  const manner = repeated && progress.status === 'RUNNING' ? 'merge' : 'now';
  const rate = repeated ? record.rate : null;
  return {
    kind: 'changed',
    draft: running({ ...record, rate }, phases, report.phase, payload, nowMs),
    manner,
    ignored: false,
  };
}

function update(record: IngestionRecord, report: ReportOf<'progress_update'>, nowMs: number): FoldOutcome {
  const { progress } = record;
  if (report.phase < furthest(progress)) {
    const draft = running(
      record,
      revive(progress.phases),
      progress.currentPhase,
      { type: 'snapshot' },
      nowMs,
    );
    return { kind: 'changed', draft, manner: 'merge', ignored: true };
  }
  const starts = report.phase > progress.currentPhase;
  let rate: PhaseRate | null = null;
  const phases = goTo(revive(progress.phases), report.phase, nowMs, (phase) => {
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
  const draft = running({ ...record, rate }, phases, report.phase, payload, nowMs);
  return { kind: 'changed', draft, manner: starts ? 'now' : 'merge', ignored: false };
}

function complete(
  record: IngestionRecord,
  { result }: ReportOf<'ingestion_complete'>,
  nowMs: number,
): FoldOutcome {
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
  const draft = ended(
    record,
    nowMs,
    { status: 'COMPLETED', phases, progressPercent: 100, result: outcome, error: null },
    {
      type: 'ingestion_complete',
      result: outcome,
    },
  );
  return { kind: 'changed', draft, manner: 'ending', ignored: false };
}

function fail(record: IngestionRecord, report: ReportOf<'error'>, nowMs: number): FoldOutcome {
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
  const manner = !failure.recoverable ? 'ending' : isSameFailure(progress, failure) ? 'merge' : 'now';
  return { kind: 'changed', draft: failWith(record, failure, nowMs), manner, ignored: false };
}

function running(
  record: IngestionRecord,
  phases: Phase[],
  current: number,
  payload: EventPayload,
  nowMs: number,
): Draft {
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
  const change = {
    status: 'RUNNING',
    error: null,
    phases,
    currentPhase: current,
    progressPercent,
    etaSeconds,
  } as const;
  return touched(record, nowMs, change, payload);
}
