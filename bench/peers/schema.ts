/** Our own schema with the resolvers that a peer gives it, so that GraphQL peers answer the same document. */
import { readFileSync } from 'node:fs';
import { createSchema, type createYoga } from 'graphql-yoga';
import type { ProgressMessage } from '../workload.js';

/** How a peer answers the document's two roots. */
export interface Answers {
  readonly watch: (projectId: string) => AsyncIterable<ProgressMessage>;
  readonly read?: (projectId: string) => unknown;
}

/** Custom scalars pass values through: a peer spends nothing on checking them. */
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
