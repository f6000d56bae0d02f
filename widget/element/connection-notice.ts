/** What the badge says about the connection: what happened, what happens next, when. Pure; never speaks of the job. */
import type { Connection, ConnectionError } from '../client/index.js';
import type { MessageKey } from './messages.js';
import type { NumberFormat } from './number-format.js';
import type { Translate } from './translator.js';

/** The badge. */
export interface ConnectionNotice {
  readonly tone: 'good' | 'busy' | 'degraded' | 'bad';
  /** One or two words. */
  readonly word: string;
  /** What happens next, or what to do; null where the word says it all. */
  readonly detail: string | null;
  readonly hasReconnect: boolean;
}

/** How long a new good connection is mentioned, in ms. */
export const GOOD_NEWS_MS = 3000;
/** How long a first connection may take before it is mentioned, in ms. */
export const PATIENCE_MS = 1000;

/** Sentences for the codes that a person can do something about. */
const BY_CODE: Readonly<Record<string, MessageKey>> = {
  PROJECT_ID_MISSING: 'errorProjectIdMissing',
  PROJECT_ID_INVALID: 'errorProjectIdInvalid',
  BAD_USER_INPUT: 'errorProjectIdInvalid',
  ENDPOINT_INVALID: 'errorEndpointInvalid',
  WS_ENDPOINT_INVALID: 'errorEndpointInvalid',
  MIXED_CONTENT: 'errorMixedContent',
  FORBIDDEN: 'errorForbidden',
  UNAUTHENTICATED: 'errorUnauthenticated',
  TOKEN_EXPIRED: 'errorUnauthenticated',
};

/**
 * The badge of a moment; null while there is nothing to say. `inStateMs` is how long the state has lasted, `quietMs` how old
 * the state of a running job is.
 */
export function connectionNotice(
  connection: Connection,
  quietMs: number | null,
  monotonicNow: number,
  inStateMs: number,
  translate: Translate,
  format: NumberFormat,
): ConnectionNotice | null {
  const lastUpdate = quietMs === null ? null : translate('lastUpdate', { age: format.duration(quietMs) });
  switch (connection.state) {
    case 'idle':
    case 'completed':
      return null;
    case 'connecting':
      return inStateMs < PATIENCE_MS ? null : notice('busy', translate('connecting'), null);
    case 'connected':
      return inStateMs >= GOOD_NEWS_MS ? null : notice('good', translate('live'), null);
    case 'reconnecting':
      return notice(
        'degraded',
        translate('reconnecting'),
        attempts(connection, monotonicNow, translate, format),
        isSpent(connection),
      );
    case 'polling':
      // a quiet probe a minute goes on outside the budget; the button asks for a fresh one
      return notice(
        'degraded',
        translate('polling'),
        translate('pollingHint'),
        connection.attempt >= connection.maxAttempts,
      );
    case 'offline':
      return notice('degraded', translate('offline'), joined(translate('offlineHint'), lastUpdate));
    case 'disconnected': {
      const why = translate(connection.reason === 'stopped' ? 'stoppedHint' : 'exhaustedHint');
      return notice('bad', translate('disconnected'), joined(why, lastUpdate), true);
    }
    case 'unauthorized':
      return notice('bad', translate('unauthorized'), explain(connection.error, translate), true);
    case 'error':
      return notice(
        'bad',
        translate('connectionFailed'),
        explain(connection.error, translate),
        !isOfConfiguration(connection.error),
      );
  }
}

/** A sentence that a person can act on, in their language where the code is known, else as it came. */
export function explain(error: ConnectionError, translate: Translate): string {
  const key = BY_CODE[error.code];
  return key === undefined ? error.message : translate(key);
}

/** No button mends a wrong attribute. */
function isOfConfiguration(error: ConnectionError): boolean {
  return /_(MISSING|INVALID)$|^MIXED_CONTENT$/.test(error.code);
}

type Retrying = Extract<Connection, { readonly attempt: number }>;

function isSpent(connection: Retrying): boolean {
  return connection.attempt >= connection.maxAttempts && connection.nextAttemptAt === null;
}

function attempts(connection: Retrying, now: number, translate: Translate, format: NumberFormat): string {
  const attempt = translate('attemptOf', {
    attempt: format.number(Math.max(1, connection.attempt)),
    count: format.number(connection.maxAttempts),
  });
  if (connection.nextAttemptAt === null) return attempt;
  const waitMs = Math.ceil(Math.max(0, connection.nextAttemptAt - now) / 1000) * 1000;
  return joined(attempt, translate('nextIn', { time: format.duration(waitMs) }));
}

function joined(...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null).join(' · ');
}

function notice(
  tone: ConnectionNotice['tone'],
  word: string,
  detail: string | null,
  hasReconnect = false,
): ConnectionNotice {
  return { tone, word, detail, hasReconnect };
}
