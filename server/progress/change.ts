/** A change of an ingestion: its next record, the revision and event that belong to it, and what came of it. Pure. */
import type { EventPayload, IngestionProgress } from '@ingestion-progress/schema';
import { phaseAt } from './phases.js';
import type { IngestionChange, IngestionRecord } from './record.js';

/** A change without its revision, which it gets when it is committed. */
export interface Change {
  readonly record: IngestionRecord;
  readonly payload: EventPayload;
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
  return Math.max(previous + 1, Math.trunc(nowMs));
}

/** Gives a change the revision after `previousRevision`, and its event. */
export function stampRevision(change: Change, previousRevision: number, nowMs: number): IngestionChange {
  const progress = { ...change.record.progress, revision: nextRevision(previousRevision, nowMs) };
  return withEvent({ ...change.record, progress }, change.payload, nowMs);
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

/** The record with some fields of its progress changed. */
export function patch(
  record: IngestionRecord,
  nowMs: number,
  fields: Partial<IngestionProgress>,
  payload: EventPayload,
): Change {
  const progress = { ...record.progress, ...fields, updatedAt: nowMs };
  const { currentPhase, phases } = progress;
  const metrics = currentPhase === 0 ? null : phaseAt(phases, currentPhase).metrics;
  return { record: { ...record, progress: { ...progress, metrics } }, payload };
}

/** The record at its end. */
export function end(
  record: IngestionRecord,
  nowMs: number,
  fields: Partial<IngestionProgress>,
  payload: EventPayload,
): Change {
  return patch(
    { ...record, rate: null },
    nowMs,
    { ...fields, completedAt: nowMs, etaSeconds: null },
    payload,
  );
}
