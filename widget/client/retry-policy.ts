/**
 * Maps close codes and GraphQL error codes to a retry policy, as the tables in PROTOCOL.md define them. Pure.
 * (invariant: close-code-says-what-to-do)
 */
import type { RetryPolicy } from './connection-machine-state.js';
import { OperationError, type Failure } from './transport.js';
import type { ConnectionError } from './types.js';

/** `TOKEN_EXPIRED` as a sentence: "Token expired." */
const sentenceOf = (code: string): string =>
  `${code.charAt(0)}${code.slice(1).toLowerCase().replaceAll('_', ' ')}.`;

/** Makes a failure; without a message, the code becomes the sentence. */
export const failureOf = (policy: RetryPolicy, code: string, message = sentenceOf(code)): Failure => ({
  policy,
  error: { code, message },
});

const POLICY_BY_CLOSE_CODE: Readonly<Record<number, readonly [RetryPolicy, string]>> = {
  4401: ['refresh', 'UNAUTHENTICATED'],
  4403: ['refresh', 'TOKEN_EXPIRED'],
  1009: ['fatal', 'MESSAGE_TOO_BIG'],
  1012: ['jittered', 'SERVER_RESTARTING'],
  1013: ['retry', 'SERVER_BUSY'],
  4408: ['retry', 'TIMEOUT'],
  4504: ['retry', 'TIMEOUT'],
};
const PROTOCOL_ERRORS = [4004, 4005, 4400, 4406, 4409, 4429];

/** The connection ended without a reason. */
export const CONNECTION_LOST = failureOf('retry', 'CONNECTION_LOST');

/** The failure that a close code stands for. */
export function failureForClose(code: number): Failure {
  const known = POLICY_BY_CLOSE_CODE[code];
  if (known) return failureOf(...known);
  return PROTOCOL_ERRORS.includes(code)
    ? failureOf('fatal', 'PROTOCOL_ERROR', `Socket closed with ${code}.`)
    : CONNECTION_LOST;
}

const POLICY_BY_ERROR_CODE: Readonly<Record<string, RetryPolicy>> = {
  UNAVAILABLE: 'retry',
  RATE_LIMITED: 'retry',
  INTERNAL_SERVER_ERROR: 'retry',
  UNAUTHENTICATED: 'refresh',
  TOKEN_EXPIRED: 'refresh',
  FORBIDDEN: 'deny',
};

/** The failure that an error code of one operation stands for. */
export const failureForCode = (code: string, message?: string): Failure =>
  failureOf(POLICY_BY_ERROR_CODE[code] ?? 'fatal', code, message);

/** The failure that a list of GraphQL errors stands for. */
export function failureForErrors([first]: readonly unknown[]): Failure {
  const { message, extensions } = Object(first) as { message?: unknown; extensions?: { code?: unknown } };
  return failureForCode(text(extensions?.code) ?? 'PROTOCOL_ERROR', text(message));
}
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** A step that exceeded its timeout. */
export const timeoutFailure = (step: string): Failure =>
  failureOf('retry', 'TIMEOUT', `Timed out (${step}).`);

/** The state in which a failure stops the client; null if it may retry. (invariant: one-token-refresh) */
export function terminalStateFor(
  { policy, error }: Failure,
  refreshed: boolean,
  canRefresh: boolean,
): { readonly name: 'error' | 'unauthorized'; readonly error: ConnectionError } | null {
  if (policy === 'fatal') return { name: 'error', error };
  const unauthorized = policy === 'deny' || (policy === 'refresh' && (refreshed || !canRefresh));
  return unauthorized ? { name: 'unauthorized', error } : null;
}

/** The failure behind an error; unexpected errors may be retried. */
export const toFailure = (error: unknown): Failure =>
  error instanceof OperationError
    ? error.failure
    : failureOf('retry', CONNECTION_LOST.error.code, String(error));
