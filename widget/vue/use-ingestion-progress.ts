/** The composable: a thin adapter over the client. What it shows comes from the client's snapshot. */
import { shallowRef, toValue, watchPostEffect, type MaybeRefOrGetter, type ShallowRef } from 'vue';
import { NOTHING_KNOWN, createIngestionClient, gaveUp, viewOf } from '../client/index.js';
import type {
  ConnectionError,
  IngestionClientEvents,
  IngestionClientOptions,
  IngestionView,
} from '../client/index.js';

/** Options of the composable; hosts that change `projectId` keep the others. */
export interface UseIngestionProgressOptions extends Omit<IngestionClientOptions, 'projectId' | 'follow'> {
  /** Stay for the project's next ingestions. Without it the socket is closed at completion. @default false */
  readonly follow?: boolean | undefined;
  /** Once for each completion that happens while this is shown. */
  readonly onComplete?: ((event: IngestionClientEvents['complete']) => void) | undefined;
  /** Once for each failure that happens while this is shown. */
  readonly onError?: ((event: IngestionClientEvents['error']) => void) | undefined;
  /** Once each time the connection gives up: disconnected with attempts spent, unauthorized, error. */
  readonly onConnectionError?: ((error: ConnectionError) => void) | undefined;
}

/** What the composable gives. */
export interface IngestionProgressRefs {
  /** What is to be shown; another object after each change. */
  readonly view: Readonly<ShallowRef<IngestionView>>;
  /** A fresh budget of attempts, at once. */
  readonly reconnect: () => void;
}

/**
 * Follows a project's ingestion for as long as the component, or the effect scope, lives; nothing is opened on a server.
 * Closes at completion unless `follow` is set.
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
  const view = shallowRef(viewOf(NOTHING_KNOWN));
  let reconnect = (): void => undefined;
  watchPostEffect((onCleanup) => {
    const client = createIngestionClient({ follow: false, ...options, projectId: toValue(projectId) });
    const show = (): void => {
      view.value = viewOf(client.getSnapshot());
    };
    const tell = (snapshot: Parameters<typeof gaveUp>[0]): void => {
      const error = gaveUp(snapshot);
      if (error !== null) onConnectionError?.(error);
    };
    const stops = [
      client.on('complete', (event) => onComplete?.(event)),
      client.on('error', (event) => onError?.(event)),
      client.on('connection-change', tell),
      client.subscribe(show),
    ];
    show();
    tell(client.getSnapshot()); // it may have given up before anybody listened
    ({ reconnect } = client);
    // Without its listeners a client gives its place back after a second: the next project finds the socket still open.
    onCleanup(() => {
      for (const stop of stops) stop();
    });
  });
  return { view, reconnect: () => reconnect() };
}
