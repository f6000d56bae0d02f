/** Entries of an ingestion's event log. Pure. */
import type { IngestionCommand, RecordedEvent } from '@ingestion-progress/schema';
import type { IngestionChange } from './record.js';

/** The entries of a change; none for a snapshot without a note, which is only a sign of life. */
export function changeEntries({ event, note }: IngestionChange): readonly RecordedEvent[] {
  const { revision, timestamp } = event;
  if (note !== undefined) return [{ id: String(revision), ...note, revision, timestamp }];
  const { type, ...payload } = event.payload;
  if (type === 'snapshot') return [];
  return [{ id: String(revision), type, revision, timestamp, payload }];
}

/** The entry of a start. */
export function startEntry({ event, record }: IngestionChange): RecordedEvent {
  const { retryOf, fromPhase, cancellable, staleAfterMs, phases, title, labels } = record.progress;
  const phaseNames = phases.map((phase) => phase.name);
  const payload = { retryOf, fromPhase, cancellable, staleAfterMs, phaseNames, title, labels };
  const { revision, timestamp } = event;
  return { id: String(revision), type: 'ingestion_started', revision, timestamp, payload };
}

/** The entry of a command, or of its answer. */
export function commandEntry(command: IngestionCommand, revision: number, nowMs: number): RecordedEvent {
  const id = `${command.id}:${command.status}`;
  return { id, type: 'command', revision, timestamp: nowMs, payload: command };
}
