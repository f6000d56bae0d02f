/** The executable schema: the contract's text with our resolvers. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { GraphQLSchema } from 'graphql';
import { createSchema } from 'graphql-yoga';
import type { GraphqlContext, ResolverOptions } from './context.js';
import { createResolvers } from './resolvers.js';

const contract = createRequire(import.meta.url).resolve('@ingestion-progress/schema/schema.graphql');

/** Builds the schema; throws if graphql-yoga builds it with another copy of `graphql` than this server's. */
export function createProgressSchema(options: ResolverOptions): GraphQLSchema {
  const schema: unknown = createSchema<GraphqlContext>({
    typeDefs: readFileSync(contract, 'utf8'),
    resolvers: createResolvers(options),
  });
  if (schema instanceof GraphQLSchema) return schema;
  throw new Error(
    'Two copies of the package graphql are installed, and ingestion-progress and graphql-yoga use different ones: ' +
      'keep one (^16.8.1 or ^17); `npm ls graphql` shows where they are, `npm dedupe` may remove one.',
  );
}
