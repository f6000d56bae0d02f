/** The Vue composable: a thin adapter over the client. It returns the client's snapshot. */
import { shallowRef, toValue, watchPostEffect, type MaybeRefOrGetter, type ShallowRef } from 'vue';
import { EMPTY_SNAPSHOT, createIngestionClient, terminalError, viewOf } from '../client/index.js';
import type {
  ConnectionError,
  IngestionClientEvents,
  IngestionClientOptions,
  IngestionView,
} from '../client/index.js';

/** Options of the composable. */
export interface UseIngestionProgressOptions extends Omit<IngestionClientOptions, 'projectId' | 'follow'> {
  /** Keep following the project's next ingestions; otherwise the socket is closed on completion. @default false */
  readonly follow?: boolean | undefined;
  /** Called once for each completion while the component is mounted. */
  readonly onComplete?: ((event: IngestionClientEvents['complete']) => void) | undefined;
  /** Called once for each failure while the component is mounted. */
  readonly onError?: ((event: IngestionClientEvents['error']) => void) | undefined;
  /** Called once each time the connection stops: disconnected with no attempts left, unauthorized, or error. */
  readonly onConnectionError?: ((error: ConnectionError) => void) | undefined;
}

/** What the composable returns. */
export interface IngestionProgressRefs {
  /** The view of the client; a new object after each change. */
  readonly view: Readonly<ShallowRef<IngestionView>>;
  /** Reconnects now with a new budget of attempts. */
  readonly reconnect: () => void;
}

/**
 * Follows a project's ingestion until the component, or the effect scope, is disposed. Connects only in the browser. Closes on
 * completion unless `follow` is set.
 *
 * @example
 * import { useIngestionProgress } from '@ingestion-progress/widget/vue';
 *
 * const { view, reconnect } = useIngestionProgress(() => 'project-1', { getToken, follow: true });
 */
export function useIngestionProgress(
  projectId: MaybeRefOrGetter<string>,
  { onComplete, onError, onConnectionError, ...options }: UseIngestionProgressOptions = {},
): IngestionProgressRefs {
  const view = shallowRef(viewOf(EMPTY_SNAPSHOT));
  let reconnect = (): void => undefined;
  watchPostEffect((onCleanup) => {
    const client = createIngestionClient({ follow: false, ...options, projectId: toValue(projectId) });
    const show = (): void => {
      view.value = viewOf(client.getSnapshot());
    };
    const reportTerminalError = (snapshot: Parameters<typeof terminalError>[0]): void => {
      const error = terminalError(snapshot);
      if (error !== null) onConnectionError?.(error);
    };
    const stops = [
      client.on('complete', (event) => onComplete?.(event)),
      client.on('error', (event) => onError?.(event)),
      client.on('connection-change', reportTerminalError),
      client.subscribe(show),
    ];
    show();
    reportTerminalError(client.getSnapshot()); // it may have stopped before the listener was added
    ({ reconnect } = client);
    // Without listeners the client stays subscribed for another second, so that the next project reuses the open socket.
    onCleanup(() => {
      for (const stop of stops) stop();
    });
  });
  return { view, reconnect: () => reconnect() };
}
