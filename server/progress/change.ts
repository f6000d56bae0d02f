/** A change on its way: worked out, and then given its revision. Pure. */
import type { EventPayload, IngestionProgress } from '@ingestion-progress/schema';
import { phaseAt } from './phases.js';
import type { IngestionChange, IngestionRecord } from './record.js';

/** A change without its revision: that is given when it is committed. */
export interface Draft {
  readonly record: IngestionRecord;
  readonly payload: EventPayload;
}

/** How a change travels: with others inside a window, at once, or stored before it is told. */
export type Manner = 'merge' | 'now' | 'ending';

/** Hybrid logical clock: strictly rising, and close to the wall clock. */
export function nextRevision(previous: number, nowMs: number): number {
  return Math.max(previous + 1, Math.trunc(nowMs));
}

/** Gives a draft the revision after `previousRevision`, and makes its event. */
export function seal(draft: Draft, previousRevision: number, nowMs: number): IngestionChange {
  const progress = { ...draft.record.progress, revision: nextRevision(previousRevision, nowMs) };
  return changeOf({ ...draft.record, progress }, draft.payload, nowMs);
}

/** A state with its event, which carries all of it. (invariant: whole-state-events) */
export function changeOf(record: IngestionRecord, payload: EventPayload, timestamp: number): IngestionChange {
  const { progress } = record;
  const { projectId, id, revision } = progress;
  return { record, event: { projectId, ingestionId: id, revision, timestamp, progress, payload } };
}

/** The state with some fields changed. */
export function touched(
  record: IngestionRecord,
  nowMs: number,
  change: Partial<IngestionProgress>,
  payload: EventPayload,
): Draft {
  const progress = { ...record.progress, ...change, updatedAt: nowMs };
  const { currentPhase, phases } = progress;
  const metrics = currentPhase === 0 ? null : phaseAt(phases, currentPhase).metrics;
  return { record: { ...record, progress: { ...progress, metrics } }, payload };
}

/** The state at its end. */
export function ended(
  record: IngestionRecord,
  nowMs: number,
  change: Partial<IngestionProgress>,
  payload: EventPayload,
): Draft {
  const last = { ...change, completedAt: nowMs, etaSeconds: null };
  return touched({ ...record, rate: null }, nowMs, last, payload);
}
