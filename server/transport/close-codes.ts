/**
 * Close codes that this server sends; PROTOCOL.md defines what a client does at each.
 * (invariant: close-code-says-what-to-do)
 */
import { CloseCode } from 'graphql-ws';
import type { ErrorCode } from '../shared/errors.js';

/** A code and a reason of at most 123 bytes. */
export interface Close {
  readonly code: number;
  readonly reason: string;
}

/** Every close that this server sends; graphql-ws has its own besides (4400, 4406, 4409, 4429). */
export const CLOSES = Object.freeze({
  unauthenticated: { code: 4401, reason: 'Unauthenticated' },
  expired: { code: 4403, reason: 'Token expired' },
  malformed: { code: 4400, reason: 'Invalid message received' },
  initialisationTimeout: { code: 4408, reason: 'Connection initialisation timeout' },
  restarting: { code: 1012, reason: 'Server restarting' },
  tooMuchUnacknowledged: { code: 1009, reason: 'Too much before connection_ack' },
  unfinished: { code: 1008, reason: 'Message not finished in time' },
  tooSlow: { code: 1013, reason: 'Client too slow' },
  tooManyConnections: { code: 1013, reason: 'Too many connections' },
  tooManyFailedAuths: { code: 1013, reason: 'Too many failed attempts' },
  keysUnavailable: { code: 1013, reason: 'Token verification unavailable' },
  failed: { code: 1011, reason: 'Internal error' },
} satisfies Record<string, Close>);

/** The close of a connection whose authentication failed. */
export function closeForAuthError(code: ErrorCode): Close {
  if (code === 'UNAUTHENTICATED') return CLOSES.unauthenticated;
  if (code === 'TOKEN_EXPIRED') return CLOSES.expired;
  if (code === 'RATE_LIMITED') return CLOSES.tooManyFailedAuths;
  return code === 'UNAVAILABLE' ? CLOSES.keysUnavailable : CLOSES.failed;
}

/** Those of graphql-ws and our own. */
const KNOWN_CODES = new Set<unknown>([
  ...Object.values(CloseCode),
  ...Object.values(CLOSES).map(({ code }) => code),
]);
/** RFC 6455 has those from 1000 to here. */
const LAST_STANDARD_CODE = 1_015;

/** A close code as the label of a metric: a client may choose any, and each would be a time series. */
export function closeLabel(code: number): string {
  return code <= LAST_STANDARD_CODE || KNOWN_CODES.has(code) ? String(code) : 'other';
}
