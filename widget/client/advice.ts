/**
 * What a close code, or the code of a GraphQL error, asks a client to do. The tables of PROTOCOL.md, and nothing else. Pure.
 * (invariant: close-code-says-what-to-do)
 */
import type { Advice } from './machine-state.js';
import { OperationError, type Loss } from './transport.js';
import type { ConnectionError } from './types.js';

/** `TOKEN_EXPIRED` as a sentence: "Token expired." */
const sentenceOf = (code: string): string =>
  `${code.charAt(0)}${code.slice(1).toLowerCase().replaceAll('_', ' ')}.`;

/** A loss, from its parts; where nobody says more, its code is its sentence. */
export const lossOf = (advice: Advice, code: string, message = sentenceOf(code)): Loss => ({
  advice,
  error: { code, message },
});

const BY_CLOSE_CODE: Readonly<Record<number, readonly [Advice, string]>> = {
  4401: ['refresh', 'UNAUTHENTICATED'],
  4403: ['refresh', 'TOKEN_EXPIRED'],
  1009: ['giveUp', 'MESSAGE_TOO_BIG'],
  1012: ['spread', 'SERVER_RESTARTING'],
  1013: ['retry', 'SERVER_BUSY'],
  4408: ['retry', 'TIMEOUT'],
  4504: ['retry', 'TIMEOUT'],
};
const MISUSE = [4004, 4005, 4400, 4406, 4409, 4429];

/** The network's or the server's silence: nothing more is known. */
export const LOST = lossOf('retry', 'CONNECTION_LOST');

/** What to do after the socket closed with this code. */
export function adviceForClose(code: number): Loss {
  const known = BY_CLOSE_CODE[code];
  if (known) return lossOf(...known);
  return MISUSE.includes(code) ? lossOf('giveUp', 'PROTOCOL_ERROR', `Closed with ${code}.`) : LOST;
}

const BY_ERROR_CODE: Readonly<Record<string, Advice>> = {
  UNAVAILABLE: 'retry',
  RATE_LIMITED: 'retry',
  INTERNAL_SERVER_ERROR: 'retry',
  UNAUTHENTICATED: 'refresh',
  TOKEN_EXPIRED: 'refresh',
  FORBIDDEN: 'refuse',
};

/** What to do after the server answered one operation with this code. */
export const adviceForCode = (code: string, message?: string): Loss =>
  lossOf(BY_ERROR_CODE[code] ?? 'giveUp', code, message);

/** The loss that a list of GraphQL errors means. */
export function adviceForErrors([first]: readonly unknown[]): Loss {
  const { message, extensions } = Object(first) as { message?: unknown; extensions?: { code?: unknown } };
  return adviceForCode(text(extensions?.code) ?? 'PROTOCOL_ERROR', text(message));
}
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** A step that took longer than its deadline. */
export const tooLate = (step: string): Loss => lossOf('retry', 'TIMEOUT', `No answer in time (${step}).`);

/**
 * How a loss is the end, where it is: given up, or refused although another token was asked for.
 * (invariant: one-token-refresh)
 */
export function endOf(
  { advice, error }: Loss,
  refreshed: boolean,
  renewable: boolean,
): { readonly name: 'error' | 'unauthorized'; readonly error: ConnectionError } | null {
  if (advice === 'giveUp') return { name: 'error', error };
  const refused = advice === 'refuse' || (advice === 'refresh' && (refreshed || !renewable));
  return refused ? { name: 'unauthorized', error } : null;
}

/** What an error means, also one that nobody foresaw. */
export const lossIn = (error: unknown): Loss =>
  error instanceof OperationError ? error.loss : lossOf('retry', LOST.error.code, String(error));
