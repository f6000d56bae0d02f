/** Watchers that reconnect with each subject's own client, with its defaults except that they never give up. */
import {
  createConnection,
  createEnvironment,
  createIngestionClient,
} from '@ingestion-progress/widget/client';
import { WatchProgressDocument, type WatchProgressSubscription } from '@ingestion-progress/schema/operations';
import { createClient } from 'graphql-ws';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import type { Subject } from '../peers/peer.js';

/** Subjects of the bench `storm`. */
export const STORM_SUBJECTS = [
  'ingestion-progress',
  'Socket.IO',
  'Yoga PubSub',
] as const satisfies readonly Subject[];

/** One of them. */
export type StormSubject = (typeof STORM_SUBJECTS)[number];

interface ProgressFields {
  readonly phases: readonly { readonly metrics: { readonly itemsProcessed: number | null } | null }[];
}

/** Starts watching; calls `onSequence` for each state. */
export type Watch = (
  url: string,
  projectId: string,
  token: string,
  onSequence: (sequence: number) => void,
) => void;

function sequenceOf(progress: ProgressFields | null | undefined): number {
  return progress?.phases[0]?.metrics?.itemsProcessed ?? 0;
}

const environment = createEnvironment({ webSocket: WebSocket as unknown as typeof globalThis.WebSocket });

/** Our client, as the element uses it. */
const watchOurs: Watch = (url, projectId, token, onSequence) => {
  const endpoint = url.replace('ws:', 'http:');
  const connection = createConnection({ endpoint, token }, { environment });
  const client = createIngestionClient({ projectId, connection, remember: 'none' });
  client.subscribe(() => onSequence(sequenceOf(client.getSnapshot().progress)));
};

const watchSocketIo: Watch = (url, projectId, token, onSequence) => {
  const socket = io(new URL(url.replace('ws:', 'http:')).origin, {
    transports: ['websocket'],
    auth: { token },
    forceNew: true,
  });
  socket.on('connect', () => socket.emit('watch', projectId));
  socket.on('progress', (message: { readonly progress: ProgressFields }) =>
    onSequence(sequenceOf(message.progress)),
  );
};

/** By default, the stock client never retries a refused connection and gives up after five attempts. */
const watchGraphqlWs: Watch = (url, projectId, token, onSequence) => {
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    connectionParams: { token },
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
  });
  client.subscribe<WatchProgressSubscription>(
    { query: WatchProgressDocument.toString(), variables: { projectId, follow: true } },
    {
      next: ({ data }) => onSequence(sequenceOf(data?.ingestionProgress.progress)),
      error: (cause) => console.error('The stock client gave up:', cause),
      complete: () => undefined,
    },
  );
};

/** Each subject's watcher. */
export const WATCHES: Readonly<Record<StormSubject, Watch>> = Object.freeze({
  'ingestion-progress': watchOurs,
  'Socket.IO': watchSocketIo,
  'Yoga PubSub': watchGraphqlWs,
});
