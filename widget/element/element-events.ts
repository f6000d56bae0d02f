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
  /** For a retry: the phase to start at, 1 to 4; null for the first phase, and for a cancel. */
  readonly fromPhase: number | null;
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
}

/** Name of an event. */
export type IngestionProgressEventName = keyof IngestionProgressEventMap;

/** Fires an event; false if a listener prevented its default action. */
export function fire<Name extends IngestionProgressEventName>(
  target: EventTarget,
  name: Name,
  detail: IngestionProgressEventMap[Name]['detail'],
): boolean {
  const cancelable = name === 'ingestion-retry' || name === 'ingestion-cancel';
  return target.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable }));
}

/** The error of a connection, if it has one. */
export function errorOf(connection: Connection): ConnectionError | null {
  return 'error' in connection ? connection.error : null;
}
