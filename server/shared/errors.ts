/** Errors that reach a client or a job: a stable code, and a sentence that says what would be right. */

/** GraphQL and REST error codes; clients go by these, never by HTTP status. */
export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'TOKEN_EXPIRED'
  | 'FORBIDDEN'
  | 'BAD_USER_INPUT'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'RATE_LIMITED'
  | 'UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR';

/** An expected error; whatever else is thrown is masked before it leaves the server. */
export class ProgressError extends Error {
  override readonly name = 'ProgressError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A store or a bus that answers, and refuses. The message is its own words, for the log. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** What helps; holds no secret, so that `/readyz` may show it. */
  readonly advice: string;

  constructor(words: string, advice: string, options?: ErrorOptions) {
    super(`${words}: ${advice}`, options);
    this.advice = advice;
  }
}

/** The refusal behind an error; null if there is none. */
export function refusalBehind(error: unknown): RefusedError | null {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof RefusedError) return inner;
  }
  return null;
}
