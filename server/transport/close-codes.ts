/**
 * Close codes of a WebSocket that we send ourselves; what a client should do at each stands in the protocol.
 * (invariant: close-code-says-what-to-do)
 */
import type { ErrorCode } from '../shared/errors.js';

/** A code and a reason of at most 123 bytes. */
export interface Close {
  readonly code: number;
  readonly reason: string;
}

/** Every close that is ours; graphql-ws has its own beside them (4400, 4406, 4409, 4429). */
export const CLOSES = Object.freeze({
  unauthenticated: { code: 4401, reason: 'Unauthenticated' },
  expired: { code: 4403, reason: 'Token expired' },
  malformed: { code: 4400, reason: 'Invalid message received' },
  initialisationTimeout: { code: 4408, reason: 'Connection initialisation timeout' },
  restarting: { code: 1012, reason: 'Server restarting' },
  tooSlow: { code: 1013, reason: 'Too slow a reader' },
  tooBusy: { code: 1013, reason: 'Too busy' },
  tooManyRefusals: { code: 1013, reason: 'Too many refusals' },
  tokensUncheckable: { code: 1013, reason: 'Tokens cannot be checked now' },
  failed: { code: 1011, reason: 'Internal error' },
} satisfies Record<string, Close>);

/** How a connection is closed whose token was not taken. */
export function closeOfRefusal(code: ErrorCode): Close {
  if (code === 'UNAUTHENTICATED') return CLOSES.unauthenticated;
  if (code === 'TOKEN_EXPIRED') return CLOSES.expired;
  if (code === 'RATE_LIMITED') return CLOSES.tooManyRefusals;
  return code === 'UNAVAILABLE' ? CLOSES.tokensUncheckable : CLOSES.failed;
}
