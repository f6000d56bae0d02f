/** Watches a project with urql. */
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import type { ExecutionResult } from '@urql/core';
import { connect } from './connection.js';
import type { ConnectionOptions } from './connection.js';
import { WATCH, newest } from './graphql-ws.js';
import type { Progress, WatchData } from './graphql-ws.js';

export function createUrql(options: ConnectionOptions): {
  readonly client: Client;
  readonly stop: () => void;
} {
  const socket = connect(options);
  const client = new Client({
    url: options.endpoint,
    preferGetMethod: false,
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables = {} }) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe(
              { query, variables },
              { ...sink, next: (result) => sink.next(result as ExecutionResult) },
            ),
          }),
        }),
      }),
    ],
    fetch: async (input, init) => {
      const headers = new Headers(init?.headers);
      headers.set('Authorization', `Bearer ${await options.getToken()}`);
      return fetch(input, { ...init, headers });
    },
  });
  return { client, stop: () => void socket.dispose() };
}

/** Returns a function that stops watching. */
export function watch(
  client: Client,
  projectId: string,
  onProgress: (progress: Progress | null) => void,
  onError: (error: unknown) => void,
): () => void {
  const onData = newest(onProgress);
  const { unsubscribe } = client
    .subscription<WatchData>(WATCH, { projectId })
    .subscribe(({ data, error }) => {
      if (data) onData(data);
      else onError(error);
    });
  return unsubscribe;
}
