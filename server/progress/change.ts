/**
 * A change of an ingestion: its next record with its revision and event, and the merge of two records if neither server
 * heard of the other's changes (invariant: never-back). Pure.
 */
import {
  isEnded,
  LIMITS,
  type EventPayload,
  type IngestionProgress,
  type Phase,
} from '@ingestion-progress/schema';
import { ProgressError } from '../shared/errors.js';
import { endedAt, mergePercent, overallPercent, phaseAt } from './phases.js';
import type { IngestionChange, IngestionRecord, LogNote } from './record.js';
import { estimate } from './work.js';

/** A change without its revision, which it gets when it is committed. */
export interface Change {
  readonly record: IngestionRecord;
  readonly payload: EventPayload;
  /** For the log; absent if the payload says it all. */
  readonly note?: LogNote;
}

/** How a change is delivered: merged with others inside a window, at once, or stored before it is published. */
export type Delivery = 'coalesced' | 'immediate' | 'store-first';

/** Answer to the submitter of a change. */
export interface ChangeResult {
  /** False if nothing changed, and that is no error. */
  readonly accepted: boolean;
  readonly record: IngestionRecord;
}

/** Hybrid logical clock: strictly rising, and close to the wall clock. */
export function nextRevision(previous: number, nowMs: number): number {
  const next = Math.max(previous + 1, Math.trunc(nowMs));
  // No clock and no number of changes comes this far: the stored revision is not ours, and one more could not be read.
  if (next > LIMITS.timestampMost) {
    throw new ProgressError('INTERNAL_SERVER_ERROR', 'The stored revision of this project is out of range.');
  }
  return next;
}

/** Gives a change the revision after `previousRevision`, and its event. */
export function stampRevision(change: Change, previousRevision: number, nowMs: number): IngestionChange {
  const progress = { ...change.record.progress, revision: nextRevision(previousRevision, nowMs) };
  const stamped = withEvent({ ...change.record, progress }, change.payload, nowMs);
  return change.note === undefined ? stamped : { ...stamped, note: change.note };
}

/** A record with its event, which carries the whole state. (invariant: whole-state-events) */
export function withEvent(
  record: IngestionRecord,
  payload: EventPayload,
  timestamp: number,
): IngestionChange {
  const { progress } = record;
  const { projectId, id, revision } = progress;
  return { record, event: { projectId, ingestionId: id, revision, timestamp, progress, payload } };
}

/** The same change, with the request that caused it. */
export function withRequestId(change: IngestionChange, requestId: string | undefined): IngestionChange {
  return requestId === undefined ? change : { ...change, requestId };
}

/** The record with some fields of its progress changed, and estimated anew. */
export function patch(
  record: IngestionRecord,
  nowMs: number,
  fields: Partial<IngestionProgress>,
  payload: EventPayload,
): Change {
  const { phases, work, eta } = estimate(record, fields.phases ?? record.progress.phases, nowMs);
  const progress = { ...record.progress, ...eta, ...fields, phases, updatedAt: nowMs };
  const { currentPhase } = progress;
  const metrics = currentPhase === 0 ? null : phaseAt(phases, currentPhase).metrics;
  return { record: { ...record, work, progress: { ...progress, metrics } }, payload };
}

const NO_ETA = Object.freeze({ etaSeconds: null, etaLowSeconds: null, etaHighSeconds: null });

/** The record at its end. */
export function end(
  record: IngestionRecord,
  nowMs: number,
  fields: Partial<IngestionProgress>,
  payload: EventPayload,
): Change {
  const completedAt = endedAt(record.progress, nowMs);
  const ended = { completedAt, pause: null, waiting: null, progressedAt: nowMs, ...NO_ETA };
  return patch(record, nowMs, { ...fields, ...ended }, payload);
}

const RANK = Object.freeze({ PENDING: 0, RUNNING: 1, FAILED: 1, STOPPED: 2, SKIPPED: 2, COMPLETED: 2 });

/** The phase as far as either server saw it. */
function highWaterMark(newer: Phase, older: Phase): Phase {
  const base = RANK[older.status] > RANK[newer.status] ? older : newer;
  const percent = mergePercent(newer.percent, older.percent);
  return { ...base, percent, metrics: base.metrics ?? newer.metrics ?? older.metrics };
}

/** True if the newer state of a running ingestion is behind the older one: in its attempt, in any phase or overall. */
export function isBehind(newer: IngestionRecord, older: IngestionRecord): boolean {
  const [now, before] = [newer.progress, older.progress];
  if (now.id !== before.id || isEnded(now) || isEnded(before)) return false;
  if (now.attempt !== before.attempt) return now.attempt < before.attempt;
  if (now.currentPhase < before.currentPhase) return true;
  if ((now.progressPercent ?? 0) < (before.progressPercent ?? 0)) return true;
  return now.phases.some((phase) => {
    const known = phaseAt(before.phases, phase.number);
    return RANK[phase.status] < RANK[known.status] || (phase.percent ?? 0) < (known.percent ?? 0);
  });
}

/**
 * The newer of two states, raised to the high-water mark of both, under the greater revision. If they belong to different
 * ingestions, or one has ended, the newer one is returned as it is; of two attempts the later one counts, under the
 * greater revision. (invariant: never-back)
 */
export function mergeStates(a: IngestionRecord, b: IngestionRecord): IngestionRecord {
  const [newer, older] = a.progress.revision >= b.progress.revision ? [a, b] : [b, a];
  const isOther = newer.progress.id !== older.progress.id;
  if (isOther || isEnded(newer.progress) || isEnded(older.progress)) return newer;
  if (newer.progress.attempt !== older.progress.attempt) {
    const later = newer.progress.attempt > older.progress.attempt ? newer : older;
    return { ...later, progress: { ...later.progress, revision: newer.progress.revision } };
  }
  const phases = newer.progress.phases.map((phase) =>
    highWaterMark(phase, phaseAt(older.progress.phases, phase.number)),
  );
  const currentPhase = Math.max(newer.progress.currentPhase, older.progress.currentPhase);
  const previous = mergePercent(newer.progress.progressPercent, older.progress.progressPercent);
  const problems = [newer, older].map(({ progress }) => progress.problems);
  const [most = newer.progress.problems] = problems.toSorted(
    (x, y) => y.errors + y.warnings - (x.errors + x.warnings),
  );
  const sequences = [newer.lastSequence, older.lastSequence].filter((sequence) => sequence !== null);
  return {
    ...newer,
    lastSequence: sequences.length === 0 ? null : Math.max(...sequences),
    cancelRequestedBy: newer.cancelRequestedBy ?? older.cancelRequestedBy,
    cancelTaken: newer.cancelTaken === true || older.cancelTaken === true,
    progress: {
      ...newer.progress,
      phases,
      currentPhase,
      problems: most,
      metrics: currentPhase === 0 ? null : phaseAt(phases, currentPhase).metrics,
      progressPercent: overallPercent(phases, previous),
      cancelRequestedAt: newer.progress.cancelRequestedAt ?? older.progress.cancelRequestedAt,
    },
  };
}
