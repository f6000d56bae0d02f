/** The React hook: a thin adapter over the client. It returns the client's snapshot and keeps no state of its own. */
import { useCallback, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import {
  EMPTY_SNAPSHOT,
  createIngestionClient,
  terminalError,
  viewOf,
  type ConnectionError,
  type IngestionClient,
  type IngestionError,
  type IngestionResult,
  type IngestionView,
  type Progress,
  type Snapshot,
} from '../client/index.js';
import { IngestionContext, type IngestionDefaults } from './provider.js';
import { useStableGetToken } from './stable-get-token.js';

/** Options of the hook; connection options default to those of the provider. */
export interface UseIngestionSocketOptions extends IngestionDefaults {
  /** Watch this ingestion and those that retry it; without it, the project's latest. */
  readonly ingestionId?: string | undefined;
  /** Keep following the project's next ingestions; otherwise the socket is closed on completion. @default false */
  readonly follow?: boolean | undefined;
  /** Called once for each completion while the component is mounted. */
  readonly onComplete?: ((result: IngestionResult, progress: Progress) => void) | undefined;
  /** Called once for each failure while the component is mounted. */
  readonly onError?: ((error: IngestionError, progress: Progress) => void) | undefined;
  /** Called once each time the connection stops: disconnected with no attempts left, unauthorized, or error. */
  readonly onConnectionError?: ((error: ConnectionError) => void) | undefined;
}

/** What the hook returns. */
export interface IngestionSocket extends IngestionView {
  /** Reconnects now with a new budget of attempts. */
  readonly reconnect: () => void;
}

/** The snapshot for server rendering. */
const serverSnapshot = (): Snapshot => EMPTY_SNAPSHOT;

/**
 * Follows a project's ingestion while the component is mounted.
 *
 * @example
 * import { useIngestionSocket } from '@ingestion-progress/widget/react';
 *
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
  const reportedClient = useRef<IngestionClient | null>(null);
  useEffect(() => {
    const reportTerminalError = (now: Pick<Snapshot, 'connection'>): void => {
      const error = terminalError(now);
      if (error !== null) handlers.current.onConnectionError?.(error);
    };
    const stops = [
      client.on('complete', ({ result, progress }) => handlers.current.onComplete?.(result, progress)),
      client.on('error', ({ error, progress }) => handlers.current.onError?.(error, progress)),
      client.on('connection-change', reportTerminalError),
    ];
    // It may have stopped before the listener was added; StrictMode runs this twice with the same client.
    if (reportedClient.current !== client) reportTerminalError(client.getSnapshot());
    reportedClient.current = client;
    return () => {
      for (const stop of stops) stop();
    };
  }, [client]);

  const reconnect = useCallback(() => {
    client.reconnect();
  }, [client]);
  return useMemo(() => ({ ...viewOf(snapshot), reconnect }), [snapshot, reconnect]);
}

/** Drops undefined options, so that they don't override those of the provider. */
function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/**
 * One client for each set of options. Creating it starts nothing and it stops with its last listener, so React may discard it
 * or mount twice without cleanup.
 */
function useClient(
  projectId: string,
  options: Omit<UseIngestionSocketOptions, 'onComplete' | 'onError' | 'onConnectionError'>,
): IngestionClient {
  const { connection, endpoint, wsEndpoint, token, getToken, transport } = options;
  const { pollIntervalMs, jitter, maxAttempts, ingestionId, follow = false } = options;
  const given = {
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
  };
  return useMemo(() => createIngestionClient(given), Object.values(given));
}
