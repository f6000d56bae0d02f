/**
 * Masks errors before they reach a client: expected ones keep their code, mistakes of the client become BAD_USER_INPUT,
 * and everything else becomes INTERNAL_SERVER_ERROR and is logged once.
 */
import { GraphQLError } from 'graphql';
import { ProgressError } from '../shared/errors.js';
import type { ErrorCode } from '../shared/errors.js';
import type { LogFields } from '../observability/logger.js';
import type { LimitLogger } from '../observability/limit-logger.js';

/** Turns anything that was thrown into the error that a client receives. */
export type MaskError = (error: unknown) => GraphQLError;

const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = Object.freeze({
  UNAUTHENTICATED: 401,
  TOKEN_EXPIRED: 401,
  FORBIDDEN: 403,
  BAD_USER_INPUT: 400,
  NOT_FOUND: 404,
  CONFLICT: 409,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
  INTERNAL_SERVER_ERROR: 500,
});

/** HTTP status of a code, for responses that are an error as a whole. */
export function httpStatusOf(code: ErrorCode): number {
  return HTTP_STATUS[code];
}

/** The innermost error that is not GraphQL's own; null if there is none. */
function rootCause(error: unknown): unknown {
  let inner = error;
  while (inner instanceof GraphQLError) {
    if (inner.originalError === undefined) return null;
    inner = inner.originalError;
  }
  return inner;
}

function withCode(error: unknown, message: string, code: ErrorCode): GraphQLError {
  const { nodes, source, positions, path } = error instanceof GraphQLError ? error : new GraphQLError('');
  const extensions = { ...(error instanceof GraphQLError ? error.extensions : {}), code };
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    extensions,
  });
}

/** Lines of a stack that are logged: more do not help, and a line of the log stays under 2 kB. */
const MAX_STACK_LINES = 10;

/** What was thrown, and where: the same fault asked for again and again is one line a minute with a count. */
function fieldsOf(thrown: unknown): { readonly where: string; readonly fields: LogFields } {
  const [, ...frames] = thrown instanceof Error ? (thrown.stack?.split('\n') ?? []) : [];
  const stack = frames.filter((line) => line.startsWith('    at ')).slice(0, MAX_STACK_LINES);
  return {
    where: stack[0]?.trim() ?? '',
    fields: { error: String(thrown), stack: stack.map((line) => line.trim()) },
  };
}

/** Creates a mask that logs what it hides. Errors that it masked already are returned as they are. */
export function createErrorMask(limitLogger: Pick<LimitLogger, 'log'>): MaskError {
  const masked = new WeakSet<GraphQLError>();

  function maskedAs(error: unknown, message: string, code: ErrorCode): GraphQLError {
    const publicError = withCode(error, message, code);
    masked.add(publicError);
    return publicError;
  }

  return (error) => {
    for (let known = error; known instanceof GraphQLError; known = known.originalError) {
      if (masked.has(known)) return known;
    }
    const inner = rootCause(error);
    if (inner instanceof ProgressError) {
      if (inner.code === 'INTERNAL_SERVER_ERROR') {
        const { where, fields } = fieldsOf(inner.cause ?? inner);
        limitLogger.log('error', where, { ...fields, sent: inner.message }, 'internal error sent to client');
      }
      return maskedAs(error, inner.message, inner.code);
    }
    // Raised by parsing, validation or coercion of the request; errors of execution have a path.
    if (inner === null && error instanceof GraphQLError && error.path === undefined) {
      return maskedAs(error, error.message, 'BAD_USER_INPUT');
    }
    const { where, fields } = fieldsOf(inner ?? error);
    limitLogger.log('error', where, fields, 'unexpected error masked');
    return maskedAs(error, 'Something went wrong on the server.', 'INTERNAL_SERVER_ERROR');
  };
}
