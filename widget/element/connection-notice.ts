/** Content of the connection badge: what happened, what happens next, and when. Pure; never about the job. */
import type { Connection, ConnectionError } from '../client/index.js';
import { attemptText, joinParts } from './job-text.js';
import type { MessageKey } from './messages.js';
import type { Localization } from './localization.js';

/** Content of the badge. */
export interface ConnectionNotice {
  readonly tone: 'good' | 'busy' | 'degraded' | 'bad';
  /** One or two words. */
  readonly label: string;
  /** What happens next, or what to do; null if the label says it all. */
  readonly detail: string | null;
  readonly hasReconnect: boolean;
}

/** How long the badge shows a new connection, in ms. */
export const LIVE_BADGE_MS = 3000;
/** How long the first connection may take before the badge shows it, in ms. */
const CONNECTING_DELAY_MS = 1000;

/** Messages for the codes that the user can act on. */
const MESSAGE_BY_CODE: Readonly<Record<string, MessageKey>> = {
  PROJECT_ID_MISSING: 'errorProjectIdMissing',
  PROJECT_ID_INVALID: 'errorIdInvalid',
  INGESTION_ID_INVALID: 'errorIdInvalid',
  ENDPOINT_INVALID: 'errorEndpointInvalid',
  MIXED_CONTENT: 'errorMixedContent',
  FORBIDDEN: 'errorForbidden',
  UNAUTHENTICATED: 'errorUnauthenticated',
  TOKEN_EXPIRED: 'errorUnauthenticated',
  TOKEN_UNAVAILABLE: 'errorUnauthenticated',
  NOT_GRAPHQL: 'errorNotGraphql',
};

/**
 * The badge's content; null if there is nothing to show. `stateDurationMs` is how long the connection has been in its state,
 * `sinceUpdateMs` how old the state of a running job is.
 */
export function connectionNotice(
  connection: Connection,
  sinceUpdateMs: number | null,
  monotonicNow: number,
  stateDurationMs: number,
  localization: Localization,
): ConnectionNotice | null {
  const { translate, format } = localization;
  const notice = (
    tone: ConnectionNotice['tone'],
    label: MessageKey,
    detail: string | null = null,
    hasReconnect = false,
  ): ConnectionNotice => ({ tone, label: translate(label), detail, hasReconnect });
  const withAge = (hint: MessageKey): string =>
    joinParts(
      translate(hint),
      sinceUpdateMs === null ? null : translate('lastUpdate', { age: format.duration(sinceUpdateMs) }),
    );

  switch (connection.state) {
    case 'idle':
    case 'completed':
      return null;
    case 'connecting':
      return stateDurationMs < CONNECTING_DELAY_MS ? null : notice('busy', 'connecting');
    case 'connected':
      return stateDurationMs < LIVE_BADGE_MS && sinceUpdateMs !== null ? notice('good', 'live') : null;
    case 'reconnecting': {
      const { attempt, maxAttempts, nextAttemptAt } = connection;
      const next =
        nextAttemptAt === null
          ? null
          : translate('nextIn', { time: format.countdown(nextAttemptAt - monotonicNow) });
      const detail = joinParts(attemptText(Math.max(1, attempt), maxAttempts, localization), next);
      return notice('degraded', 'reconnecting', detail, attempt >= maxAttempts && nextAttemptAt === null);
    }
    case 'polling':
      // background retries continue; the button starts a new budget of attempts
      return notice(
        'degraded',
        'polling',
        translate('pollingHint'),
        connection.attempt >= connection.maxAttempts,
      );
    case 'offline':
      return notice('degraded', 'offline', withAge('offlineHint'));
    case 'disconnected':
      return notice(
        'bad',
        'disconnected',
        withAge(
          connection.reason === 'stopped'
            ? 'stoppedHint'
            : (MESSAGE_BY_CODE[connection.error?.code ?? ''] ?? 'exhaustedHint'),
        ),
        true,
      );
    case 'unauthorized':
      return notice('bad', 'unauthorized', errorText(connection.error, localization), true);
    case 'error': {
      // a button can't fix a wrong attribute
      const isConfigError = /_(MISSING|INVALID|NOT_ALLOWED)$|^MIXED_CONTENT$/.test(connection.error.code);
      return notice('bad', 'connectionFailed', errorText(connection.error, localization), !isConfigError);
    }
  }
}

/** A message that the user can act on, for any code. */
function errorText({ code }: ConnectionError, { translate }: Localization): string {
  const name = code.slice(0, -'_INVALID'.length).toLowerCase().replace('_', '-');
  return translate(MESSAGE_BY_CODE[code] ?? 'errorUnexpected', { code, name });
}
