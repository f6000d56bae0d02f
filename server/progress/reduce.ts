/**
 * The reducer: what a report makes of the state of one ingestion. Each phase only goes forward, percents never go back
 * within an attempt, an ending is final. Pure: no time, no I/O; the project decides when the result is committed.
 * (invariant: never-back) (invariant: ending-is-final)
 */
import {
  isEnded,
  type EventPayload,
  type IngestionFailure,
  type IngestionProgress,
  type IngestionResult,
  type Phase,
} from '@ingestion-progress/schema';
import { end, patch, type Change, type Delivery } from './change.js';
import { cancel, failWith, isSameFailure } from './endings.js';
import {
  advanceTo,
  completed,
  isOver,
  NO_METRICS,
  overallPercent,
  phaseAt,
  phaseStarted,
  revive,
  skipped,
} from './phases.js';
import type { IngestionRecord, LogNote, PhaseWork } from './record.js';
import type { Report, ReportOf } from './report.js';
import { exceedsParts, hasMoved, pauseWork, resumeWork, takeWork, workOf } from './work.js';

/** The result of reducing one report, or one change of the server's own. */
export type ReduceResult =
  | {
      readonly kind: 'changed';
      readonly change: Change;
      readonly delivery: Delivery;
      /** True if the report was for a phase that was skipped, and counts as a sign of life only. @default false */
      readonly ignored?: boolean;
    }
  /** The sequence or the ending is committed already: nothing changes, and that is no error. */
  | { readonly kind: 'duplicate' }
  /** Refused, with the sentence. */
  | {
      readonly kind: 'rejected';
      readonly message: string;
      /** @default CONFLICT */
      readonly code?: 'CONFLICT' | 'BAD_USER_INPUT';
    };

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
  const { attemptKey } = record;
  if (typeof attemptKey === 'string' && typeof report.attemptKey === 'string') {
    if (attemptKey !== report.attemptKey) {
      return rejected(`Ingestion ${progress.id} was taken over by attempt ${progress.attempt}; stop.`);
    }
  }
  const sequence = 'sequence' in report ? (report.sequence ?? null) : null;
  const part = type === 'progress_update' ? (report.part ?? null) : null;
  const last =
    part === null || type !== 'progress_update'
      ? record.lastSequence
      : (workOf(record, report.phase).parts?.[part]?.[0] ?? null);
  if (sequence !== null && last !== null && sequence <= last) return { kind: 'duplicate' };
  if (isEnded(progress)) {
    return isSameEnding(progress, type, report)
      ? { kind: 'duplicate' }
      : rejected(`Ingestion ${progress.id} has ended (${progress.status}); start another one.`);
  }
  if ('phase' in report && typeof report.phase === 'number' && type !== 'error') {
    const { length } = progress.phases;
    if (report.phase > length) return invalid(`phase: must be 1 to ${length}, which is the last one`);
  }
  const sequenced = sequence === null || part !== null ? record : { ...record, lastSequence: sequence };
  switch (type) {
    case 'phase_started':
      return startPhase(sequenced, report, nowMs);
    case 'phase_completed':
      return completePhase(sequenced, report, nowMs);
    case 'heartbeat':
      return heartbeat(sequenced, nowMs);
    case 'waiting':
      return waitForStart(sequenced, report, nowMs);
    case 'pause':
      return pause(sequenced, report, nowMs);
    case 'resume':
      return resume(sequenced, nowMs);
    case 'progress_update':
      return update(sequenced, report, nowMs);
    case 'problems':
      return checkProblems(sequenced, report, nowMs);
    case 'ingestion_complete':
      return complete(sequenced, report, nowMs);
    case 'error':
      return fail(sequenced, report, nowMs);
    case 'cancelled':
      return { kind: 'changed', change: cancel(sequenced, nowMs), delivery: 'store-first' };
  }
}

const rejected = (message: string): ReduceResult => ({ kind: 'rejected', message });
const invalid = (message: string): ReduceResult => ({ kind: 'rejected', message, code: 'BAD_USER_INPUT' });

function isSameEnding(progress: IngestionProgress, type: Report['type'], report: Report['report']): boolean {
  if (type === 'ingestion_complete') return progress.status === 'COMPLETED';
  if (type === 'cancelled') return progress.status === 'CANCELLED';
  if (type !== 'error' || progress.status !== 'FAILED') return false;
  const { errorCode, recoverable } = report as ReportOf<'error'>;
  return !recoverable && progress.error?.errorCode === errorCode;
}

function startPhase(record: IngestionRecord, report: ReportOf<'phase_started'>, nowMs: number): ReduceResult {
  const { progress } = record;
  const revived = revive(progress.phases);
  const before = phaseAt(revived, report.phase);
  if (isOver(before)) {
    return rejected(`Phase ${report.phase} is over; the ingestion is in phase ${progress.currentPhase}.`);
  }
  const repeated = before.status === 'RUNNING';
  const change = (phase: Phase) => ({ ...phase, message: report.message });
  const phases = advanceTo(revived, report.phase, nowMs, change, report.keepRunning === true || repeated);
  const payload = phaseStarted(phases, report.phase);
  // A start after a failure revives the ingestion, which people should see at once.
  const delivery = repeated && progress.status === 'RUNNING' ? 'coalesced' : 'immediate';
  return { kind: 'changed', change: running(record, { phases, payload }, nowMs), delivery };
}

function completePhase(
  record: IngestionRecord,
  report: ReportOf<'phase_completed'>,
  nowMs: number,
): ReduceResult {
  const revived = revive(record.progress.phases);
  const before = phaseAt(revived, report.phase);
  if (before.status === 'COMPLETED') return { kind: 'duplicate' };
  if (isOver(before)) return rejected(`Phase ${report.phase} is over: it was skipped or stopped.`);
  const phases = revived.map((phase) =>
    phase === before ? completed({ ...phase, startedAt: phase.startedAt ?? nowMs }, nowMs) : phase,
  );
  const note = { type: 'phase_completed', payload: { phase: report.phase, phaseName: before.name } } as const;
  const change = running(record, { phases, payload: SNAPSHOT, note }, nowMs);
  return { kind: 'changed', change, delivery: 'immediate' };
}

const SNAPSHOT: EventPayload = Object.freeze({ type: 'snapshot' });

/** A sign of life, which also revives a failed ingestion; a pause goes on. */
function heartbeat(record: IngestionRecord, nowMs: number): ReduceResult {
  const { progress } = record;
  const fields = { status: 'RUNNING', error: null, phases: revive(progress.phases) } as const;
  return { kind: 'changed', change: patch(record, nowMs, fields, SNAPSHOT), delivery: 'coalesced' };
}

/** A sign of life at first; their counts follow once the store has them. */
function checkProblems(
  record: IngestionRecord,
  { problems }: ReportOf<'problems'>,
  nowMs: number,
): ReduceResult {
  const { length } = record.progress.phases;
  const beyond = problems.findIndex(({ phase }) => typeof phase === 'number' && phase > length);
  if (beyond < 0) return heartbeat(record, nowMs);
  return invalid(`problems.${beyond}.phase: must be 1 to ${length}, which is the last one`);
}

function waitForStart(record: IngestionRecord, report: ReportOf<'waiting'>, nowMs: number): ReduceResult {
  const { progress } = record;
  if (progress.currentPhase > 0) {
    return rejected(`Phase ${progress.currentPhase} has begun; only a job before its first phase waits.`);
  }
  const waiting = { waitingFor: report.waitingFor ?? null, queuePosition: report.queuePosition ?? null };
  const isNew = JSON.stringify(waiting) !== JSON.stringify(progress.waiting);
  const fields = { status: 'RUNNING', error: null, waiting } as const;
  const note = { type: 'waiting', payload: waiting } as const;
  const change = patch(record, nowMs, fields, SNAPSHOT);
  return { kind: 'changed', change: isNew ? { ...change, note } : change, delivery: 'coalesced' };
}

function pause(record: IngestionRecord, report: ReportOf<'pause'>, nowMs: number): ReduceResult {
  const { progress } = record;
  const { reason, until = null } = report;
  if (until !== null && until <= nowMs) return invalid('until: must be in the future');
  const paused = { ...record, work: pauseWork(record, nowMs) };
  const since = progress.pause?.since ?? nowMs;
  const phases = revive(progress.phases);
  const fields = { status: 'RUNNING', error: null, phases, pause: { reason, until, since } } as const;
  const note = { type: 'paused', payload: { reason, until } } as const;
  const change = { ...patch(paused, nowMs, fields, SNAPSHOT), note };
  return { kind: 'changed', change, delivery: 'immediate' };
}

function resume(record: IngestionRecord, nowMs: number): ReduceResult {
  if (record.progress.pause === null) return heartbeat(record, nowMs);
  const phases = revive(record.progress.phases);
  const note = { type: 'resumed', payload: {} } as const;
  return {
    kind: 'changed',
    change: running(record, { phases, payload: SNAPSHOT, note }, nowMs),
    delivery: 'immediate',
  };
}

function update(record: IngestionRecord, report: ReportOf<'progress_update'>, nowMs: number): ReduceResult {
  const { progress } = record;
  const { part = null } = report;
  if (part !== null && exceedsParts(record, part)) {
    return invalid(`part: an ingestion has at most 256 parts, and "${part}" is one more`);
  }
  const revived = revive(progress.phases);
  const before = phaseAt(revived, report.phase);
  if (before.status === 'SKIPPED' || before.status === 'STOPPED') {
    const change = running(record, { phases: revived, payload: SNAPSHOT, moved: false }, nowMs);
    return { kind: 'changed', change, delivery: 'coalesced', ignored: true };
  }
  const starts = before.status === 'PENDING';
  let work = workOf(record, report.phase);
  const phases = advanceTo(
    revived,
    report.phase,
    nowMs,
    (phase) => {
      const taken = takeWork(phase, work, report);
      work = taken.work;
      return { ...taken.phase, message: report.message ?? phase.message ?? phase.name };
    },
    !starts,
  );
  const allWork = progress.phases.map(({ number }) =>
    number === report.phase ? work : workOf(record, number),
  );
  const phase = phaseAt(phases, report.phase);
  const payload: EventPayload = starts
    ? phaseStarted(phases, report.phase)
    : {
        type: 'progress_update',
        phase: report.phase,
        progressPercent: phase.percent,
        metrics: phase.metrics ?? NO_METRICS,
      };
  const moved = hasMoved(before, phase);
  const change = running(record, { phases, payload, work: allWork, moved }, nowMs);
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
  const failed = Math.max(0, ...phases.map((phase) => phase.metrics?.itemsFailed ?? 0));
  const { errors } = progress.problems;
  const itemsFailed = result.itemsFailed ?? Math.max(failed, errors);
  const outcome: IngestionResult = {
    outcome: result.outcome ?? (itemsFailed > 0 ? 'PARTIAL' : 'SUCCESS'),
    itemsProcessed: result.itemsProcessed ?? null,
    itemsFailed: result.itemsFailed ?? (errors > 0 ? itemsFailed : null),
    bytesProcessed: result.bytesProcessed ?? null,
    durationMs: Math.max(0, nowMs - progress.startedAt),
    summary: result.summary ?? null,
    output: result.output ?? null,
    links: [...(result.links ?? [])],
  };
  const fields = { status: 'COMPLETED', phases, progressPercent: 100, result: outcome, error: null } as const;
  const change = end(record, nowMs, fields, { type: 'ingestion_complete', result: outcome });
  return { kind: 'changed', change, delivery: 'store-first' };
}

function fail(record: IngestionRecord, report: ReportOf<'error'>, nowMs: number): ReduceResult {
  const { progress } = record;
  // An error is never refused for its form, so one in a phase that does not exist is one of the ingestion.
  const isKnown = typeof report.phase === 'number' && report.phase <= progress.phases.length;
  const phase = isKnown ? (report.phase ?? null) : progress.currentPhase === 0 ? null : progress.currentPhase;
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

interface Running {
  readonly phases: Phase[];
  readonly payload: EventPayload;
  /** Bookkeeping by phase, if it changed. */
  readonly work?: readonly PhaseWork[];
  readonly note?: LogNote;
  /** False if the report brought nothing new. @default true */
  readonly moved?: boolean;
}

/** The ingestion runs; a pause, a failure or the wait for the first phase is over. */
function running(
  record: IngestionRecord,
  { phases, payload, work, note, moved = true }: Running,
  nowMs: number,
): Change {
  const { progress } = record;
  const begun = phases.filter(({ startedAt }) => startedAt !== null);
  const currentPhase = Math.max(progress.currentPhase, begun.at(-1)?.number ?? 0);
  const worked = work === undefined ? record : { ...record, work };
  const isResumed = moved && progress.pause !== null;
  const base = isResumed ? { ...worked, work: resumeWork(worked, nowMs) } : worked;
  const fields = {
    status: 'RUNNING',
    error: null,
    phases,
    currentPhase,
    progressPercent: overallPercent(phases, progress.progressPercent),
    ...(moved ? { pause: null, progressedAt: nowMs } : {}),
    ...(currentPhase > 0 ? { waiting: null } : {}),
  } as const;
  const change = patch(base, nowMs, fields, payload);
  return note === undefined ? change : { ...change, note };
}
