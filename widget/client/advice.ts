/** What a close code, or the code of a GraphQL error, asks a client to do. The tables of PROTOCOL.md, and nothing else. */
import type { Advice } from './machine-state.js';
import { OperationError, type Loss } from './transport.js';

/** A loss, from its parts. */
export const lossOf = (advice: Advice, code: string, message: string): Loss => ({
  advice,
  error: { code, message },
});

const SLOW = lossOf('retry', 'TIMEOUT', 'The connection took too long.');
const BY_CLOSE_CODE: Readonly<Record<number, Loss>> = {
  4401: lossOf('refresh', 'UNAUTHENTICATED', 'The server did not accept the token.'),
  4403: lossOf('refresh', 'TOKEN_EXPIRED', 'The token has expired.'),
  1009: lossOf('giveUp', 'MESSAGE_TOO_BIG', 'A message was too big.'),
  1012: lossOf('spread', 'SERVER_RESTARTING', 'The server is restarting.'),
  1013: lossOf('retry', 'SERVER_BUSY', 'The server is busy.'),
  4408: SLOW,
  4504: SLOW,
};

/** The network's or the server's silence: nothing more is known. */
export const LOST = lossOf('retry', 'CONNECTION_LOST', 'The connection was lost.');

/** What to do after the socket closed with this code. */
export const adviceForClose = (code: number): Loss =>
  BY_CLOSE_CODE[code] ??
  ([4004, 4005, 4400, 4406, 4409, 4429].includes(code)
    ? lossOf('giveUp', 'PROTOCOL_ERROR', `The server closed with ${code}.`)
    : LOST);

const BY_ERROR_CODE: Readonly<Record<string, Advice>> = {
  UNAVAILABLE: 'retry',
  RATE_LIMITED: 'retry',
  INTERNAL_SERVER_ERROR: 'retry',
  UNAUTHENTICATED: 'refresh',
  TOKEN_EXPIRED: 'refresh',
  FORBIDDEN: 'refuse',
};

/** What to do after the server answered one operation with this code. */
export const adviceForCode = (code: string, message: string): Loss =>
  lossOf(BY_ERROR_CODE[code] ?? 'giveUp', code, message);

/** The loss that a list of GraphQL errors means. */
export function adviceForErrors([first]: readonly unknown[]): Loss {
  const { message, extensions } = Object(first) as { message?: unknown; extensions?: { code?: unknown } };
  const code = extensions?.code;
  return adviceForCode(
    typeof code === 'string' ? code : 'PROTOCOL_ERROR',
    typeof message === 'string' ? message : 'The server refused.',
  );
}

/** A step that took longer than its deadline. */
export const tooLate = (step: string): Loss => lossOf('retry', 'TIMEOUT', `No answer in time (${step}).`);

/** What an error means, also one that nobody foresaw. */
export const lossIn = (error: unknown): Loss =>
  error instanceof OperationError ? error.loss : lossOf('retry', 'CONNECTION_LOST', String(error));
