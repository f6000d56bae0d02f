/** A snapshot in the shape that hooks and composables return. Pure; independent of frameworks. */
import type {
  ConnectionError,
  ConnectionState,
  IngestionError,
  IngestionResult,
  PhaseMetrics,
  Progress,
  Snapshot,
} from './types.js';

/** What a component shows of an ingestion and its connection. */
export interface IngestionView {
  readonly connectionState: ConnectionState;
  /** 1 to 12; 0 before the first phase; null if nothing is known. */
  readonly currentPhase: number | null;
  /** Percent of each phase by its number; null if unknown. Of four phases until a state is known. */
  readonly progress: Readonly<Record<number, number | null>>;
  /** Of the current phase. */
  readonly metrics: PhaseMetrics | null;
  readonly error: IngestionError | null;
  readonly result: IngestionResult | null;
  /** The whole state. */
  readonly state: Progress | null;
  readonly connectionError: ConnectionError | null;
  readonly isOffline: boolean;
  /** Real time is degraded: polling. */
  readonly isDegraded: boolean;
}

/** The snapshot before a client exists, and during server rendering. */
export const EMPTY_SNAPSHOT: Snapshot = Object.freeze<Snapshot>({
  connection: { state: 'idle' },
  progress: null,
  knowledge: 'none',
  isDegraded: false,
  isOffline: false,
  scopes: null,
  serverTime: null,
  receivedAt: null,
});

const NO_PHASES = [1, 2, 3, 4].map((number) => ({ number, percent: null }));

/** The view of a snapshot. */
export function viewOf({ connection, progress, isOffline, isDegraded }: Snapshot): IngestionView {
  return {
    connectionState: connection.state,
    currentPhase: progress?.currentPhase ?? null,
    progress: Object.fromEntries(
      (progress?.phases ?? NO_PHASES).map(({ number, percent }) => [number, percent]),
    ),
    metrics: progress?.phases[progress.currentPhase - 1]?.metrics ?? null,
    error: progress?.error ?? null,
    result: progress?.result ?? null,
    state: progress,
    connectionError: 'error' in connection ? connection.error : null,
    isOffline,
    isDegraded,
  };
}

/** Why the connection stopped; null if it has not, or if the user stopped it. */
export function terminalError({ connection }: Pick<Snapshot, 'connection'>): ConnectionError | null {
  const isTerminal = ['disconnected', 'unauthorized', 'error'].includes(connection.state);
  return isTerminal && 'error' in connection ? connection.error : null;
}
