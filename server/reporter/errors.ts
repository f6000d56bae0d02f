/** Why a report failed: a stable code, and a sentence that says what would be right. */

/**
 * The server's codes, and three of the reporter's own: `NO_ANSWER` (the server could not be reached for too long),
 * `BAD_ENDPOINT` (the endpoint is not this server's GraphQL), `CLOSED` (the reporter was disposed).
 */
export type ReporterErrorCode =
  | 'UNAUTHENTICATED'
  | 'TOKEN_EXPIRED'
  | 'FORBIDDEN'
  | 'BAD_USER_INPUT'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'RATE_LIMITED'
  | 'UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR'
  | 'NO_ANSWER'
  | 'BAD_ENDPOINT'
  | 'CLOSED';

/** Every rejection of a reporter, and what its methods throw. */
export class ReporterError extends Error {
  override readonly name = 'ReporterError';
  readonly code: ReporterErrorCode;

  constructor(code: ReporterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether the same request may succeed later. */
export function isRetryable(code: ReporterErrorCode): boolean {
  return code === 'UNAVAILABLE' || code === 'RATE_LIMITED' || code === 'INTERNAL_SERVER_ERROR';
}
