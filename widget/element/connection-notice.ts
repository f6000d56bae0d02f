/** What the badge says about the connection: what happened, what happens next, when. Pure; never speaks of the job. */
import type { Connection, ConnectionError } from '../client/index.js';
import { line } from './job-text.js';
import type { MessageKey } from './messages.js';
import type { Voice } from './localization.js';

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
const PATIENCE_MS = 1000;

/** Sentences for the codes that a person can do something about. */
const BY_CODE: Readonly<Record<string, MessageKey>> = {
  PROJECT_ID_MISSING: 'errorProjectIdMissing',
  PROJECT_ID_INVALID: 'errorIdInvalid',
  INGESTION_ID_INVALID: 'errorIdInvalid',
  ENDPOINT_INVALID: 'errorEndpointInvalid',
  MIXED_CONTENT: 'errorMixedContent',
  FORBIDDEN: 'errorForbidden',
  UNAUTHENTICATED: 'errorUnauthenticated',
  TOKEN_EXPIRED: 'errorUnauthenticated',
  TOKEN_UNAVAILABLE: 'errorUnauthenticated',
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
  voice: Voice,
): ConnectionNotice | null {
  const { translate, format } = voice;
  const notice = (
    tone: ConnectionNotice['tone'],
    word: MessageKey,
    detail: string | null = null,
    hasReconnect = false,
  ): ConnectionNotice => ({ tone, word: translate(word), detail, hasReconnect });
  const andAge = (hint: MessageKey): string =>
    line(
      translate(hint),
      quietMs === null ? null : translate('lastUpdate', { age: format.duration(quietMs) }),
    );

  switch (connection.state) {
    case 'idle':
    case 'completed':
      return null;
    case 'connecting':
      return inStateMs < PATIENCE_MS ? null : notice('busy', 'connecting');
    case 'connected':
      return inStateMs < GOOD_NEWS_MS ? notice('good', 'live') : null;
    case 'reconnecting': {
      const { attempt, maxAttempts, nextAttemptAt } = connection;
      const next =
        nextAttemptAt === null
          ? null
          : translate('nextIn', { time: format.countdown(nextAttemptAt - monotonicNow) });
      const detail = line(attemptOf(Math.max(1, attempt), maxAttempts, voice), next);
      return notice('degraded', 'reconnecting', detail, attempt >= maxAttempts && nextAttemptAt === null);
    }
    case 'polling':
      // a quiet probe a minute goes on outside the budget; the button asks for a fresh one
      return notice(
        'degraded',
        'polling',
        translate('pollingHint'),
        connection.attempt >= connection.maxAttempts,
      );
    case 'offline':
      return notice('degraded', 'offline', andAge('offlineHint'));
    case 'disconnected':
      return notice(
        'bad',
        'disconnected',
        andAge(
          connection.reason === 'stopped'
            ? 'stoppedHint'
            : (BY_CODE[connection.error?.code ?? ''] ?? 'exhaustedHint'),
        ),
        true,
      );
    case 'unauthorized':
      return notice('bad', 'unauthorized', explain(connection.error, voice), true);
    case 'error': {
      // no button mends a wrong attribute
      const isOfConfiguration = /_(MISSING|INVALID)$|^MIXED_CONTENT$/.test(connection.error.code);
      return notice('bad', 'connectionFailed', explain(connection.error, voice), !isOfConfiguration);
    }
  }
}

/** `Attempt 3 of 10`, of a connection or of a job. */
export function attemptOf(attempt: number, count: number, { translate, format }: Voice): string {
  return translate('attemptOf', { attempt: format.number(attempt), count: format.number(count) });
}

/** A sentence that a person can act on: in their language, whatever the code. */
function explain({ code }: ConnectionError, { translate }: Voice): string {
  const name = code.slice(0, -'_INVALID'.length).toLowerCase().replace('_', '-');
  return translate(BY_CODE[code] ?? 'errorUnexpected', { code, name });
}
