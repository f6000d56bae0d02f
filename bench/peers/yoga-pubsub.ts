/** GraphQL Yoga with its own PubSub over graphql-ws, as in Yoga's page on subscriptions. */
import { createServer } from 'node:http';
import type { ExecutionArgs } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { Repeater, createPubSub, createYoga } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { stateAt, type ProgressMessage } from '../workload.js';
import { isValid, listen } from './listen.js';
import { NO_COUNTERS, type Peer } from './peer.js';
import { createPeerSchema } from './schema.js';

type Enveloped = ReturnType<ReturnType<typeof createYoga>['getEnveloped']>;
type Root = Pick<Enveloped, 'execute' | 'subscribe'>;

/** Sends the state first, then each event, with `Repeater.merge`, as in Yoga's documentation of initial values. */
export function createYogaPeer(): Peer {
  const pubSub = createPubSub<{ progress: [projectId: string, message: ProgressMessage] }>();
  const latest = new Map<string, ProgressMessage>();
  const yoga = createYoga({
    schema: createPeerSchema({
      watch: (projectId) => {
        const state = latest.get(projectId);
        const live = pubSub.subscribe('progress', projectId);
        return state === undefined ? live : Repeater.merge([state, live]);
      },
    }),
    logging: false,
  });
  const server = createServer(yoga);
  useServer(
    {
      execute: (args) => (args as ExecutionArgs & { rootValue: Root }).rootValue.execute(args),
      subscribe: (args) => (args as ExecutionArgs & { rootValue: Root }).rootValue.subscribe(args),
      onConnect: (context) => isValid(context.connectionParams?.['token']),
      onSubscribe: async (context, _id, params) => {
        const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
          ...context,
          req: context.extra.request,
          socket: context.extra.socket,
          params,
        });
        const args = {
          schema,
          operationName: params.operationName,
          document: parse(params.query),
          variableValues: params.variables,
          contextValue: await contextFactory(),
          rootValue: { execute, subscribe } satisfies Root,
        };
        const errors = validate(args.schema, args.document) as readonly never[];
        return errors.length > 0 ? errors : args;
      },
    },
    new WebSocketServer({ server, path: yoga.graphqlEndpoint }),
  );
  return {
    start: async (port) => `ws://127.0.0.1:${await listen(server, port)}/graphql`,
    prepare: async (projectIds, sequence) => {
      for (const id of projectIds) latest.set(id, stateAt(id, sequence));
    },
    emit: (projectId, sequence) => {
      const message = stateAt(projectId, sequence);
      latest.set(projectId, message);
      pubSub.publish('progress', projectId, message);
    },
    counters: () => NO_COUNTERS,
  };
}
