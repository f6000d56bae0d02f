/** GraphQL Yoga with a resolver that answers from memory, without its caches. */
import { createServer } from 'node:http';
import { createYoga } from 'graphql-yoga';
import { listen } from '../peers/listen.js';
import { createPeerSchema } from '../peers/schema.js';
import { stateAt } from '../workload.js';
import type { HttpPeer } from './http-peer.js';

/** Its state is that of the workload at sequence 1. */
export function createYogaHttpPeer(): HttpPeer {
  const { progress } = stateAt('project-0', 1);
  const yoga = createYoga({
    schema: createPeerSchema({
      watch: () => {
        throw new Error('Subscriptions are not used here.');
      },
      read: () => progress,
    }),
    parserAndValidationCache: false,
    logging: false,
    graphiql: false,
  });
  return { start: () => listen(createServer(yoga), 0), serve: () => undefined };
}
