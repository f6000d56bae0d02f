/** What a close code, or the code of a GraphQL error, asks a client to do. The tables of PROTOCOL.md, and nothing else. */
import type { Advice } from './machine-state.js';
import type { Loss } from './transport.js';

const BY_CLOSE_CODE: Readonly<Record<number, readonly [Advice, string, string]>> = {
  4401: ['refresh', 'UNAUTHENTICATED', 'The server did not accept the token.'],
  4403: ['refresh', 'TOKEN_EXPIRED', 'The token has expired.'],
  1009: ['giveUp', 'MESSAGE_TOO_BIG', 'A message was bigger than the server takes.'],
  1012: ['spread', 'SERVER_RESTARTING', 'The server is restarting.'],
  1013: ['retry', 'SERVER_BUSY', 'The server asks to come back later.'],
  4408: ['retry', 'TIMEOUT', 'The connection took too long.'],
  4504: ['retry', 'TIMEOUT', 'The connection took too long.'],
};
const MISUSE = [4004, 4005, 4400, 4406, 4409, 4429];

/** What to do after the socket closed with this code. */
export function adviceForClose(code: number): Loss {
  const [advice, name, message] =
    BY_CLOSE_CODE[code] ??
    (MISUSE.includes(code)
      ? (['giveUp', 'PROTOCOL_ERROR', `The server ended the connection with code ${code}.`] as const)
      : (['retry', 'CONNECTION_LOST', 'The connection was lost.'] as const));
  return { advice, error: { code: name, message } };
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
export const adviceForCode = (code: string, message: string): Loss => ({
  advice: BY_ERROR_CODE[code] ?? 'giveUp',
  error: { code, message },
});

/** The loss that a list of GraphQL errors means. */
export function adviceForErrors(errors: unknown): Loss {
  const first: unknown = Array.isArray(errors) ? errors[0] : null;
  const { message, extensions } = (first ?? {}) as {
    message?: unknown;
    extensions?: { code?: unknown } | null;
  };
  const code = extensions?.code;
  return adviceForCode(
    typeof code === 'string' ? code : 'PROTOCOL_ERROR',
    typeof message === 'string' ? message : 'The server refused.',
  );
}

/** A step that took longer than its deadline. */
export const tooLate = (step: string): Loss => ({
  advice: 'retry',
  error: { code: 'TIMEOUT', message: `The server did not answer in time (${step}).` },
});
