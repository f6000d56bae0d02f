/** The events that the element fires: their names, what they carry, and how they are made. */
import type { Connection, ConnectionError, IngestionClientEvents, Progress } from '../client/index.js';

/** What `ingestion-connection-change` carries. */
export interface ConnectionChangeDetail {
  readonly connection: Connection;
  readonly previous: Connection;
  /** Why the connection is not well; null while it is. */
  readonly error: ConnectionError | null;
}

/** What `ingestion-retry` and `ingestion-cancel` carry. */
export interface CommandDetail {
  readonly progress: Progress;
  /** For a retry: the phase to begin at, 1 to 4; null for the first, and for a cancel. */
  readonly fromPhase: number | null;
}

/** Every event of `<ingestion-progress>`; all bubble and cross shadow roots. */
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

/** Name of one of them. */
export type IngestionProgressEventName = keyof IngestionProgressEventMap;

/** Fires one; false where a listener prevented its default action. */
export function fire<Name extends IngestionProgressEventName>(
  target: EventTarget,
  name: Name,
  detail: IngestionProgressEventMap[Name]['detail'],
): boolean {
  const cancelable = name === 'ingestion-retry' || name === 'ingestion-cancel';
  return target.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable }));
}

/** Why a connection is not well, where it says so. */
export function errorOf(connection: Connection): ConnectionError | null {
  return 'error' in connection ? connection.error : null;
}
