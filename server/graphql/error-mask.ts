/**
 * What of an error reaches a client: expected ones with their code, mistakes of the client's as BAD_USER_INPUT, and of
 * everything else only that it happened; that is logged once.
 */
import { GraphQLError } from 'graphql';
import { ProgressError } from '../shared/errors.js';
import type { ErrorCode } from '../shared/errors.js';
import type { Logger } from '../observability/logger.js';

/** Turns whatever was thrown into what a client is told. */
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

/** HTTP status of a code, where a whole answer is the error. */
export function httpStatusOf(code: ErrorCode): number {
  return HTTP_STATUS[code];
}

/** The innermost error that is not GraphQL's own; null where the whole chain is. */
function cause(error: unknown): unknown {
  let inner = error;
  while (inner instanceof GraphQLError) {
    if (inner.originalError === undefined) return null;
    inner = inner.originalError;
  }
  return inner;
}

function tell(error: unknown, message: string, code: ErrorCode): GraphQLError {
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

/** Makes a mask that logs what it hides. What it has masked already it leaves as it is. */
export function createErrorMask(logger: Logger): MaskError {
  const masked = new WeakSet<GraphQLError>();

  function told(error: unknown, message: string, code: ErrorCode): GraphQLError {
    const shown = tell(error, message, code);
    masked.add(shown);
    return shown;
  }

  return (error) => {
    for (let known = error; known instanceof GraphQLError; known = known.originalError) {
      if (masked.has(known)) return known;
    }
    const inner = cause(error);
    if (inner instanceof ProgressError) {
      if (inner.code === 'INTERNAL_SERVER_ERROR')
        logger.error({ error: inner.message }, 'answered with an error');
      return told(error, inner.message, inner.code);
    }
    // Raised by parsing, validation or coercion of what the client sent; what fails later has a path.
    if (inner === null && error instanceof GraphQLError && error.path === undefined) {
      return told(error, error.message, 'BAD_USER_INPUT');
    }
    const shown = inner ?? error;
    const stack = shown instanceof Error ? shown.stack : undefined;
    logger.error({ error: String(shown), stack }, 'unexpected error');
    return told(error, 'Something went wrong on the server.', 'INTERNAL_SERVER_ERROR');
  };
}
