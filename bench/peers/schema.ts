/** Our schema with a peer's resolvers, so that GraphQL peers answer the same document. */
import { readFileSync } from 'node:fs';
import { createSchema, type createYoga } from 'graphql-yoga';
import type { ProgressMessage } from '../workload.js';

/** A peer's resolvers for the two root fields. */
export interface Answers {
  readonly watch: (projectId: string) => AsyncIterable<ProgressMessage>;
  readonly read?: (projectId: string) => unknown;
}

/** Custom scalars pass values through: a peer does not validate them. */
export function createPeerSchema(answers: Answers): NonNullable<Parameters<typeof createYoga>[0]['schema']> {
  return createSchema({
    typeDefs: readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'),
    resolvers: {
      Query: {
        progress: (_root: unknown, { projectId }: { projectId: string }) => answers.read?.(projectId) ?? null,
      },
      Subscription: {
        ingestionProgress: {
          subscribe: (_root: unknown, { projectId }: { projectId: string }) => answers.watch(projectId),
          resolve: (message: ProgressMessage) => message,
        },
      },
    },
  });
}
