/** Events of the element: names, details, and how they are fired. */
import type { Connection, ConnectionError, IngestionClientEvents, Progress } from '../client/index.js';

/** Detail of `ingestion-connection-change`. */
export interface ConnectionChangeDetail {
  readonly connection: Connection;
  readonly previous: Connection;
  /** Why the connection failed; null if it has not. */
  readonly error: ConnectionError | null;
}

/** Detail of `ingestion-retry` and `ingestion-cancel`. */
export interface CommandDetail {
  readonly progress: Progress;
  /** For a retry: the phase to start at, 1 to 12; null for the first phase, and for a cancel. */
  readonly fromPhase: number | null;
}

/** Detail of `ingestion-problems-open`. */
export interface ProblemsOpenDetail {
  readonly projectId: string;
  readonly ingestionId: string;
}

/** All events of `<ingestion-progress>`; they bubble and are composed. */
export interface IngestionProgressEventMap {
  'ingestion-phase-started': CustomEvent<IngestionClientEvents['phase-started']>;
  'ingestion-progress': CustomEvent<IngestionClientEvents['progress']>;
  'ingestion-complete': CustomEvent<IngestionClientEvents['complete']>;
  'ingestion-error': CustomEvent<IngestionClientEvents['error']>;
  'ingestion-cancelled': CustomEvent<IngestionClientEvents['cancelled']>;
  'ingestion-connection-change': CustomEvent<ConnectionChangeDetail>;
  'ingestion-retry': CustomEvent<CommandDetail>;
  'ingestion-cancel': CustomEvent<CommandDetail>;
  'ingestion-problems-open': CustomEvent<ProblemsOpenDetail>;
}

/** Name of an event. */
export type IngestionProgressEventName = keyof IngestionProgressEventMap;

/** Fires an event; false if a listener prevented its default action. */
export function fire<Name extends IngestionProgressEventName>(
  target: EventTarget,
  name: Name,
  detail: IngestionProgressEventMap[Name]['detail'],
): boolean {
  const cancelable = /-(retry|cancel|open)$/.test(name);
  return target.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable }));
}

/** The error of a connection, if it has one. */
export function errorOf(connection: Connection): ConnectionError | null {
  return 'error' in connection ? connection.error : null;
}
