/** The hook: a thin adapter over the client. What it shows comes from the client's snapshot, and nothing is kept here. */
import { useCallback, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import {
  createIngestionClient,
  type ConnectionError,
  type ConnectionState,
  type IngestionClient,
  type IngestionError,
  type IngestionResult,
  type PhaseMetrics,
  type Progress,
  type Snapshot,
} from '../client/index.js';
import { IngestionContext, type IngestionDefaults } from './provider.js';
import { useStableGetToken } from './stable-get-token.js';

/** Options of the hook; those of the connection come from the provider above where they are not given. */
export interface UseIngestionSocketOptions extends IngestionDefaults {
  /** Watch this ingestion and those that retry it; without it, the project's latest. */
  readonly ingestionId?: string | undefined;
  /** Stay for the project's next ingestions. Without it the socket is closed at completion. @default false */
  readonly follow?: boolean | undefined;
  /** Once for each completion that happens while this is shown. */
  readonly onComplete?: ((result: IngestionResult, progress: Progress) => void) | undefined;
  /** Once for each failure that happens while this is shown. */
  readonly onError?: ((error: IngestionError, progress: Progress) => void) | undefined;
  /** Once each time the connection gives up: disconnected with attempts spent, unauthorized, error. */
  readonly onConnectionError?: ((error: ConnectionError) => void) | undefined;
}

/** What the hook gives. */
export interface IngestionSocket {
  readonly connectionState: ConnectionState;
  /** 1 to 4; 0 while waiting for the first phase; null where nothing is known. */
  readonly currentPhase: number | null;
  /** Percent of each phase; null where not known. */
  readonly progress: Readonly<Record<1 | 2 | 3 | 4, number | null>>;
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
  /** A fresh budget of attempts, at once. */
  readonly reconnect: () => void;
}

const errorOf = ({ connection }: Snapshot): ConnectionError | null =>
  'error' in connection ? connection.error : null;

/** What a server renders: nothing is known, and nothing is opened. */
const ON_THE_SERVER: Snapshot = Object.freeze<Snapshot>({
  connection: { state: 'idle' },
  progress: null,
  knowledge: 'none',
  isDegraded: false,
  isOffline: false,
  scopes: null,
  serverTime: null,
  receivedAt: null,
});
const serverSnapshot = (): Snapshot => ON_THE_SERVER;

/**
 * Follows a project's ingestion for as long as the component is shown.
 *
 * @example
 * const { state, connectionState, reconnect } = useIngestionSocket('p1', { follow: true });
 */
export function useIngestionSocket(
  projectId: string,
  options: UseIngestionSocketOptions = {},
): IngestionSocket {
  const { onComplete, onError, onConnectionError, getToken: given, ...own } = options;
  const getToken = useStableGetToken(given);
  const client = useClient(projectId, { ...useContext(IngestionContext), ...defined({ ...own, getToken }) });
  const snapshot = useSyncExternalStore(client.subscribe, client.getSnapshot, serverSnapshot);

  const handlers = useRef({ onComplete, onError, onConnectionError });
  useEffect(() => {
    handlers.current = { onComplete, onError, onConnectionError };
  });
  useEffect(() => {
    const stops = [
      client.on('complete', ({ result, progress }) => handlers.current.onComplete?.(result, progress)),
      client.on('error', ({ error, progress }) => handlers.current.onError?.(error, progress)),
      client.on('connection-change', ({ connection }) => {
        const gaveUp = ['disconnected', 'unauthorized', 'error'].includes(connection.state);
        if (gaveUp && 'error' in connection && connection.error !== null) {
          handlers.current.onConnectionError?.(connection.error);
        }
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [client]);

  const reconnect = useCallback(() => {
    client.reconnect();
  }, [client]);
  const { progress } = snapshot;
  return useMemo(() => {
    const percentOf = (index: number): number | null => progress?.phases[index]?.percent ?? null;
    return {
      connectionState: snapshot.connection.state,
      currentPhase: progress?.currentPhase ?? null,
      progress: { 1: percentOf(0), 2: percentOf(1), 3: percentOf(2), 4: percentOf(3) },
      metrics: progress?.phases[progress.currentPhase - 1]?.metrics ?? null,
      error: progress?.error ?? null,
      result: progress?.result ?? null,
      state: progress,
      connectionError: errorOf(snapshot),
      isOffline: snapshot.isOffline,
      isDegraded: snapshot.isDegraded,
      reconnect,
    };
  }, [snapshot, progress, reconnect]);
}

/** Options that were given: an explicit `undefined` takes nothing away from the provider above. */
function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/**
 * One client for each set of options. Making it starts nothing and it stops with its last listener, so React may throw it
 * away, or mount twice, without anything to clean up.
 */
function useClient(
  projectId: string,
  options: Omit<UseIngestionSocketOptions, 'onComplete' | 'onError' | 'onConnectionError'>,
): IngestionClient {
  const { connection, endpoint, wsEndpoint, token, getToken, transport } = options;
  const { pollIntervalMs, jitter, maxAttempts, ingestionId, follow = false } = options;
  return useMemo(
    () =>
      createIngestionClient({
        projectId,
        ingestionId,
        follow,
        connection,
        endpoint,
        wsEndpoint,
        token,
        getToken,
        transport,
        pollIntervalMs,
        jitter,
        maxAttempts,
      }),
    [
      projectId,
      ingestionId,
      follow,
      connection,
      endpoint,
      wsEndpoint,
      token,
      getToken,
      transport,
      pollIntervalMs,
      jitter,
      maxAttempts,
    ],
  );
}
