/** The watchers of a run: some through our own client core, some through the stock graphql-ws client as a stranger would write it. */
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { createConnection, createEnvironment, createIngestionClient } from '../../widget/client/index.js';
import { tokenFor } from '../support/tokens.js';
import { createSeen, type Seen, type Sight } from './seen.js';

/** One watcher. */
export interface FaultWatcher {
  readonly name: string;
  readonly projectId: string;
  readonly seen: Seen;
  /** How it is connected, for whoever reads about a violation. */
  state(): string;
  dispose(): void;
}

/** What a watcher is told. */
export interface WatcherOptions {
  readonly name: string;
  /** GraphQL address. */
  readonly endpoint: string;
  readonly projectId: string;
  /** Ingestions in the order of their starts. */
  readonly order: () => readonly string[];
  /** Whether updates of an ingestion may have died unstored by now. */
  readonly mayBeOlder: (ingestionId: string) => boolean;
}

interface Told {
  readonly id: string;
  readonly revision: number;
  readonly status: string;
  readonly currentPhase: number;
  readonly progressPercent: number | null;
}

const sightOf = (progress: Told): Sight => ({
  id: progress.id,
  revision: progress.revision,
  status: progress.status,
  phase: progress.currentPhase,
  percent: progress.progressPercent,
});

/** A watcher through the widget's client core. */
export function watchAsWeDo(options: WatcherOptions): FaultWatcher {
  const seen = createSeen(options.name, options.order);
  const environment = createEnvironment({ webSocket: WebSocket as unknown as typeof globalThis.WebSocket });
  const connection = createConnection(
    { endpoint: options.endpoint, token: tokenFor({ sub: options.name }) },
    { environment },
  );
  const client = createIngestionClient({ projectId: options.projectId, connection, remember: 'none' });
  const stop = client.subscribe(() => {
    const { progress } = client.getSnapshot();
    if (progress !== null) seen.show(sightOf(progress));
  });
  return {
    name: options.name,
    projectId: options.projectId,
    seen,
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
const COME_BACK_MS = 500;
const PING_EVERY_MS = 2_000;
const PONG_WITHIN_MS = 3_000;

/** What goes wrong is told by the close; in Node an error that nobody listens to would end the process. */
class CalmWebSocket extends WebSocket {
  constructor(url: string, protocols?: string | string[]) {
    super(url, protocols);
    this.on('error', () => undefined);
  }
}

/** A watcher through the stock client, by the recipes of its documentation. */
export function watchAsStrangersDo(options: WatcherOptions): FaultWatcher {
  const seen = createSeen(options.name, options.order, options.mayBeOlder);
  let pong: NodeJS.Timeout | undefined;
  let isDisposed = false;
  let state = 'connecting';
  const client = createClient({
    url: options.endpoint.replace('http', 'ws'),
    webSocketImpl: CalmWebSocket,
    connectionParams: { token: tokenFor({ sub: options.name }) },
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, COME_BACK_MS)),
    connectionAckWaitTimeout: 5_000,
    keepAlive: PING_EVERY_MS,
    on: {
      connected: () => {
        state = 'connected';
        seen.reconnected();
      },
      closed: (event) => {
        clearTimeout(pong);
        state = `closed with ${String((event as { code?: number }).code)}`;
      },
      ping: (isReceived) => {
        if (!isReceived) pong = setTimeout(() => client.terminate(), PONG_WITHIN_MS);
      },
      pong: (isReceived) => {
        if (isReceived) clearTimeout(pong);
      },
    },
  });
  const again = () => {
    if (!isDisposed) setTimeout(subscribe, COME_BACK_MS);
  };
  const subscribe = () => {
    if (isDisposed) return;
    seen.reconnected();
    client.subscribe<{ ingestionProgress: { progress: Told | null } }>(
      { query: SUBSCRIPTION, variables: { projectId: options.projectId } },
      {
        next: ({ data }) => {
          const progress = data?.ingestionProgress.progress ?? null;
          if (progress !== null) seen.show(sightOf(progress));
        },
        error: again,
        complete: again,
      },
    );
  };
  subscribe();
  return {
    name: options.name,
    projectId: options.projectId,
    seen,
    state: () => state,
    dispose: () => {
      isDisposed = true;
      clearTimeout(pong);
      // Rejects where the connection it was making fails, which is nothing to us any more.
      Promise.resolve(client.dispose()).catch(() => undefined);
      client.terminate();
    },
  };
}
