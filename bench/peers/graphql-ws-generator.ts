/**
 * graphql-ws as in its recipes: `useServer` with a schema and an async generator. The generator has its own queue, because
 * `events.on` of Node costs 35 kB more per watcher.
 */
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { stateAt, type ProgressMessage } from '../workload.js';
import { isValid, listen } from './listen.js';
import { NO_COUNTERS, type Peer } from './peer.js';
import { createPeerSchema } from './schema.js';

/** Sends the state first, then each event. */
export function createGeneratorPeer(): Peer {
  const server = createServer();
  const events = new EventEmitter();
  events.setMaxListeners(0);
  const latest = new Map<string, ProgressMessage>();
  async function* watch(projectId: string): AsyncGenerator<ProgressMessage> {
    const queue: ProgressMessage[] = [];
    let wake = () => {};
    const listener = (message: ProgressMessage) => {
      queue.push(message);
      wake();
    };
    events.on(projectId, listener);
    try {
      const state = latest.get(projectId);
      if (state !== undefined) yield state;
      for (;;) {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) yield next;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      events.off(projectId, listener);
    }
  }
  useServer(
    {
      schema: createPeerSchema({ watch }) as GraphQLSchema,
      onConnect: (context) => isValid(context.connectionParams?.['token']),
    },
    new WebSocketServer({ server, path: '/graphql' }),
  );
  return {
    start: async (port) => `ws://127.0.0.1:${await listen(server, port)}/graphql`,
    prepare: async (projectIds, sequence) => {
      for (const id of projectIds) latest.set(id, stateAt(id, sequence));
    },
    emit: (projectId, sequence) => {
      const message = stateAt(projectId, sequence);
      latest.set(projectId, message);
      events.emit(projectId, message);
    },
    counters: () => NO_COUNTERS,
  };
}
