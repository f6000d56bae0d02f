/** The scalars that are not GraphQL's own, with their ranges. */
import { LIMITS } from '@ingestion-progress/schema';
import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

function integer(name: string, least: number, most: number): GraphQLScalarType<number, number> {
  const check = (value: unknown): number => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw new GraphQLError(`${name} must be a whole number from ${least} to ${most}.`);
  };
  return new GraphQLScalarType({
    name,
    serialize: check,
    parseValue: check,
    parseLiteral: (node) => check(node.kind === Kind.INT ? Number(node.value) : null),
  });
}

/** An integer that JavaScript holds exactly. */
export const safeIntScalar = integer('SafeInt', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

/** Milliseconds since the Unix epoch. */
export const timestampScalar = integer('Timestamp', 0, LIMITS.timestampMost);
