/** Watches a project with Apollo Client. */
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { connect } from './connection.js';
import type { ConnectionOptions } from './connection.js';
import { WATCH, newest } from './graphql-ws.js';
import type { Progress, WatchData } from './graphql-ws.js';

export function createApollo(options: ConnectionOptions): {
  readonly client: ApolloClient;
  readonly stop: () => void;
} {
  const socket = connect(options);
  const link = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    new HttpLink({
      uri: options.endpoint,
      fetch: async (input, init) => {
        const headers = new Headers(init?.headers);
        headers.set('Authorization', `Bearer ${await options.getToken()}`);
        return fetch(input, { ...init, headers });
      },
    }),
  );
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  return {
    client,
    stop: () => {
      client.stop();
      void socket.dispose();
    },
  };
}

/** Returns a function that stops watching. `no-cache`: each message is the full state, so there is nothing to merge. */
export function watch(
  client: ApolloClient,
  projectId: string,
  onProgress: (progress: Progress | null) => void,
  onError: (error: unknown) => void,
): () => void {
  const onData = newest(onProgress);
  const subscription = client
    .subscribe<WatchData>({ query: gql(WATCH), variables: { projectId }, fetchPolicy: 'no-cache' })
    .subscribe({
      next: ({ data, error }) => {
        if (data) onData(data);
        else onError(error);
      },
      error: onError,
    });
  return () => subscription.unsubscribe();
}
