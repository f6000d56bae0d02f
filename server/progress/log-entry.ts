/** Log entries and events made from states. Pure. */
import type { IngestionCommand, RecordedEvent } from '@ingestion-progress/schema';
import type { IngestionChange } from './record.js';

/** The log's entry of a change; null for what the log does not hold (signs of life). */
export function recordedEvent({ event }: IngestionChange): RecordedEvent | null {
  const { type, ...payload } = event.payload;
  if (type === 'snapshot') return null;
  return { id: String(event.revision), type, revision: event.revision, timestamp: event.timestamp, payload };
}

/** The log's entry of a start. */
export function recordedStart({ event, record }: IngestionChange): RecordedEvent {
  const { retryOf, fromPhase, cancellable, staleAfterMs, phases } = record.progress;
  const phaseNames = phases.map((phase) => phase.name);
  const payload = { retryOf, fromPhase, cancellable, staleAfterMs, phaseNames };
  const { revision, timestamp } = event;
  return { id: String(revision), type: 'ingestion_started', revision, timestamp, payload };
}

/** The log's entry of a command, or of its answer. */
export function recordedCommand(command: IngestionCommand, revision: number, nowMs: number): RecordedEvent {
  const id = `${command.id}:${command.status}`;
  return { id, type: 'command', revision, timestamp: nowMs, payload: command };
}
