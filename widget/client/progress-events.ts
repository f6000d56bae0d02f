/** Derives events from two states: each once, the same on every transport. Pure. */
import { hasEnded } from './reduce-progress.js';
import type { IngestionClientEvents, Progress } from './types.js';

/** One event of a client, with its name. */
export type NamedEvent = {
  [Name in keyof IngestionClientEvents]: { readonly name: Name; readonly event: IngestionClientEvents[Name] };
}[keyof IngestionClientEvents];

/**
 * The events between `before` and `after`. If `before` is null or belongs to another ingestion, the events of `after` so far
 * are returned: its phases from the first one it ran, and its ending.
 */
export function eventsBetween(before: Progress | null, after: Progress): readonly NamedEvent[] {
  if (before === after) return [];
  const earlier = before?.id === after.id ? before : null;
  const events: NamedEvent[] = [];
  const from = earlier === null || earlier.currentPhase === 0 ? after.fromPhase : earlier.currentPhase + 1;
  for (const phase of after.phases) {
    if (phase.number < from || phase.number > after.currentPhase) continue;
    events.push({
      name: 'phase-started',
      event: { progress: after, phase: phase.number, phaseName: phase.name, message: phase.message },
    });
  }
  events.push({ name: 'progress', event: { progress: after } });
  const { result, error } = after;
  const changed = earlier?.status !== after.status;
  if (after.status === 'COMPLETED' && result !== null && changed) {
    events.push({ name: 'complete', event: { progress: after, result } });
  } else if (after.status === 'CANCELLED' && changed) {
    events.push({ name: 'cancelled', event: { progress: after } });
  } else if (after.status === 'FAILED' && error !== null) {
    const same = !changed && earlier?.error?.recoverable === error.recoverable;
    if (!same || earlier?.error?.occurredAt !== error.occurredAt) {
      events.push({ name: 'error', event: { progress: after, error } });
    }
  }
  return events;
}

/** Whether the old ingestion's ending was missed: a different one arrived before the old one was known to have ended. */
export const endingWasMissed = (before: Progress | null, after: Progress): before is Progress =>
  before !== null && before.id !== after.id && !hasEnded(before);
