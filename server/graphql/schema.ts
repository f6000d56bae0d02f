/** The executable schema: the contract's text with our resolvers. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { GraphQLSchema } from 'graphql';
import { createSchema } from 'graphql-yoga';
import type { GraphqlContext, ResolverOptions } from './context.js';
import { createResolvers } from './resolvers.js';

const contract = createRequire(import.meta.url).resolve('@ingestion-progress/schema/schema.graphql');

/** Builds the schema. */
export function createProgressSchema(options: ResolverOptions): GraphQLSchema {
  return createSchema<GraphqlContext>({
    typeDefs: readFileSync(contract, 'utf8'),
    resolvers: createResolvers(options),
  });
}
