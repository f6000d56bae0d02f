/** The watchers of a run: some with the widget's client, some with the stock graphql-ws client as a third party would use it. */
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { createConnection, createEnvironment, createIngestionClient } from '../../widget/client/index.js';
import { tokenFor } from '../support/tokens.js';
import { createObservationLog, type ObservationLog, type Observation } from './observations.js';

/** One watcher. */
export interface ChaosWatcher {
  readonly name: string;
  readonly projectId: string;
  readonly log: ObservationLog;
  /** The state of its connection, shown with a violation. */
  state(): string;
  dispose(): void;
}

/** Options of a watcher. */
export interface WatcherOptions {
  readonly name: string;
  /** GraphQL address. */
  readonly endpoint: string;
  readonly projectId: string;
  /** Ingestions in the order of their starts. */
  readonly startOrder: () => readonly string[];
  /** Whether updates of an ingestion may have died unstored by now. */
  readonly mayRegress: (ingestionId: string) => boolean;
}

interface ProgressFields {
  readonly id: string;
  readonly revision: number;
  readonly status: string;
  readonly currentPhase: number;
  readonly progressPercent: number | null;
}

const toObservation = (progress: ProgressFields): Observation => ({
  id: progress.id,
  revision: progress.revision,
  status: progress.status,
  phase: progress.currentPhase,
  percent: progress.progressPercent,
});

/** Watches with the widget's client. */
export function watchWithWidgetClient(options: WatcherOptions): ChaosWatcher {
  const log = createObservationLog(options.name, options.startOrder);
  const environment = createEnvironment({ webSocket: WebSocket as unknown as typeof globalThis.WebSocket });
  const connection = createConnection(
    { endpoint: options.endpoint, token: tokenFor({ sub: options.name }) },
    { environment },
  );
  const client = createIngestionClient({ projectId: options.projectId, connection, remember: 'none' });
  const stop = client.subscribe(() => {
    const { progress } = client.getSnapshot();
    if (progress !== null) log.observe(toObservation(progress));
  });
  return {
    name: options.name,
    projectId: options.projectId,
    log,
    state: () => JSON.stringify(client.getSnapshot().connection),
    dispose: () => {
      stop();
      client.dispose();
      connection.dispose();
    },
  };
}

const SUBSCRIPTION = `subscription ($projectId: ID!) {
  ingestionProgress(projectId: $projectId, follow: true) {
    progress { id revision status currentPhase progressPercent }
  }
}`;
const RECONNECT_DELAY_MS = 500;
const PING_INTERVAL_MS = 2_000;
const PONG_TIMEOUT_MS = 3_000;

/** Errors are reported by the close event; in Node an `error` event without a listener would end the process. */
class TolerantWebSocket extends WebSocket {
  constructor(url: string, protocols?: string | string[]) {
    super(url, protocols);
    this.on('error', () => undefined);
  }
}

/** Watches with the stock client, configured as its documentation recommends. */
export function watchWithStockClient(options: WatcherOptions): ChaosWatcher {
  const log = createObservationLog(options.name, options.startOrder, options.mayRegress);
  let pong: NodeJS.Timeout | undefined;
  let isDisposed = false;
  let state = 'connecting';
  const client = createClient({
    url: options.endpoint.replace('http', 'ws'),
    webSocketImpl: TolerantWebSocket,
    connectionParams: { token: tokenFor({ sub: options.name }) },
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, RECONNECT_DELAY_MS)),
    connectionAckWaitTimeout: 5_000,
    keepAlive: PING_INTERVAL_MS,
    on: {
      connected: () => {
        state = 'connected';
        log.reconnected();
      },
      closed: (event) => {
        clearTimeout(pong);
        state = `closed with ${String((event as { code?: number }).code)}`;
      },
      ping: (isReceived) => {
        if (!isReceived) pong = setTimeout(() => client.terminate(), PONG_TIMEOUT_MS);
      },
      pong: (isReceived) => {
        if (isReceived) clearTimeout(pong);
      },
    },
  });
  const resubscribe = () => {
    if (!isDisposed) setTimeout(subscribe, RECONNECT_DELAY_MS);
  };
  const subscribe = () => {
    if (isDisposed) return;
    log.reconnected();
    client.subscribe<{ ingestionProgress: { progress: ProgressFields | null } }>(
      { query: SUBSCRIPTION, variables: { projectId: options.projectId } },
      {
        next: ({ data }) => {
          const progress = data?.ingestionProgress.progress ?? null;
          if (progress !== null) log.observe(toObservation(progress));
        },
        error: resubscribe,
        complete: resubscribe,
      },
    );
  };
  subscribe();
  return {
    name: options.name,
    projectId: options.projectId,
    log,
    state: () => state,
    dispose: () => {
      isDisposed = true;
      clearTimeout(pong);
      // Rejects if a connection attempt fails, which no longer matters here.
      Promise.resolve(client.dispose()).catch(() => undefined);
      client.terminate();
    },
  };
}
