/** The hook: a thin adapter over the client. What it shows comes from the client's snapshot, and nothing is kept here. */
import { useCallback, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import {
  NOTHING_KNOWN,
  createIngestionClient,
  gaveUp,
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
export interface IngestionSocket extends IngestionView {
  /** A fresh budget of attempts, at once. */
  readonly reconnect: () => void;
}

/** What a server renders. */
const serverSnapshot = (): Snapshot => NOTHING_KNOWN;

/**
 * Follows a project's ingestion for as long as the component is shown.
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
  const looked = useRef<IngestionClient | null>(null);
  useEffect(() => {
    const tell = (now: Pick<Snapshot, 'connection'>): void => {
      const error = gaveUp(now);
      if (error !== null) handlers.current.onConnectionError?.(error);
    };
    const stops = [
      client.on('complete', ({ result, progress }) => handlers.current.onComplete?.(result, progress)),
      client.on('error', ({ error, progress }) => handlers.current.onError?.(error, progress)),
      client.on('connection-change', tell),
    ];
    // It may have given up before anybody listened; StrictMode comes here twice with the same one.
    if (looked.current !== client) tell(client.getSnapshot());
    looked.current = client;
    return () => {
      for (const stop of stops) stop();
    };
  }, [client]);

  const reconnect = useCallback(() => {
    client.reconnect();
  }, [client]);
  return useMemo(() => ({ ...viewOf(snapshot), reconnect }), [snapshot, reconnect]);
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
