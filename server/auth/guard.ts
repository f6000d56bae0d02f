/**
 * Authentication and authorization for every path: WebSocket, SSE, query, mutation and REST
 * (invariant: authorized-on-every-path). Logs each refusal with who, what and from where, and throttles repeated ones.
 */
import { idSchema } from '@ingestion-progress/schema';
import type { Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import { sleep, withTimeout } from '../shared/sleep.js';
import type { ErrorCode } from '../shared/errors.js';
import type { Logger } from '../observability/logger.js';
import type { AccessPolicy } from './access.js';
import type { TokenVerifier } from './jwt.js';
import { createTokenCache } from './token-cache.js';
import type { Quotas } from './quotas.js';
import type { FailedAuthThrottle } from './failed-auth-throttle.js';
import type { Scope, Viewer } from './viewer.js';

/** The transport that a request came by. */
export type RequestTransport = 'websocket' | 'graphql' | 'rest';

/** Where a request came from, for logs and limits. */
export interface RequestSource {
  readonly address: string;
  readonly transport: RequestTransport;
  /** Correlates the log lines of one request or connection. */
  readonly requestId: string;
}

/** Authentication and authorization. */
export interface Guard {
  /** Rejects with `UNAUTHENTICATED`, `TOKEN_EXPIRED`, `RATE_LIMITED` or `UNAVAILABLE`. */
  authenticate(token: string | null, source: RequestSource): Promise<Viewer>;
  /** Rejects with `BAD_USER_INPUT` for a malformed id, `TOKEN_EXPIRED`, `FORBIDDEN`, `RATE_LIMITED` or `UNAVAILABLE`. */
  authorize(viewer: Viewer, projectId: string, scope: Scope, source: RequestSource): Promise<void>;
  /** What the access policy says; rejects with `UNAVAILABLE` if it does not answer. Neither logs nor throttles. */
  isAllowed(viewer: Viewer, projectId: string, scope: Scope): Promise<boolean>;
  /** Logs, counts and throttles a refusal, and rejects with the error, or with `RATE_LIMITED`. */
  reject(error: ProgressError, what: string, who: string | null, source: RequestSource): Promise<never>;
  /** Logs and counts a refusal that no caller waits for. */
  recordRefusal(error: ProgressError, what: string, who: string | null, source: RequestSource): void;
  readonly quotas: Quotas;
}

/** Options of the guard. */
export interface GuardOptions {
  readonly verifier: TokenVerifier;
  readonly access: AccessPolicy;
  readonly failedAuthThrottle: FailedAuthThrottle;
  readonly quotas: Quotas;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Called at each refusal, for the metrics. */
  readonly onRefusal?: ((code: ErrorCode) => void) | undefined;
}

const ACCESS_TIMEOUT_MS = 5_000;

/** Creates the guard. */
export function createGuard(options: GuardOptions): Guard {
  const { verifier, access, failedAuthThrottle, quotas, logger, clock, onRefusal } = options;
  // A connection's token is verified once anyway; a poller's comes with every poll.
  const cachingVerifier = createTokenCache(verifier, clock);

  function recordRefusal(
    error: ProgressError,
    what: string,
    who: string | null,
    { address: from, transport, requestId }: RequestSource,
  ): void {
    // A client does not learn what exactly is wrong with its token; the operator does.
    const reason = error.cause instanceof Error ? error.cause.message : error.message;
    logger.warn({ code: error.code, reason, who, what, from, transport, requestId }, 'access refused');
    onRefusal?.(error.code);
  }

  async function reject(
    error: ProgressError,
    what: string,
    who: string | null,
    source: RequestSource,
  ): Promise<never> {
    recordRefusal(error, what, who, source);
    const decision = failedAuthThrottle.recordFailure(source.address);
    if (decision.kind === 'limited') {
      throw new ProgressError('RATE_LIMITED', 'Too many refusals from this address; wait a minute.');
    }
    if (decision.kind === 'slow') await sleep(clock, decision.delayMs);
    throw error;
  }

  async function isAllowed(viewer: Viewer, projectId: string, scope: Scope): Promise<boolean> {
    try {
      const answer = access.allows(viewer, projectId, scope);
      if (typeof answer === 'boolean') return answer;
      return await withTimeout(
        clock,
        answer,
        ACCESS_TIMEOUT_MS,
        () => new Error('The access policy did not answer in time.'),
      );
    } catch (cause) {
      logger.error({ error: String(cause), projectId, who: viewer.subject }, 'access policy failed');
      throw new ProgressError('UNAVAILABLE', 'Access cannot be checked now; retry later.', { cause });
    }
  }

  return {
    isAllowed,
    reject,
    recordRefusal,
    quotas,
    authenticate: async (token, source) => {
      try {
        if (token === null)
          throw new ProgressError('UNAUTHENTICATED', 'A token is required: Authorization: Bearer …');
        return await (source.transport === 'websocket' ? verifier : cachingVerifier).verify(token);
      } catch (error) {
        if (error instanceof ProgressError && error.code !== 'UNAVAILABLE') {
          return await reject(error, 'token', null, source);
        }
        logger.error({ error: String(error), from: source.address }, 'token verification failed');
        throw error;
      }
    },
    authorize: async (viewer, projectId, scope, source) => {
      const id = idSchema.safeParse(projectId);
      if (!id.success) {
        throw new ProgressError('BAD_USER_INPUT', `projectId: ${id.error.issues[0]?.message ?? 'malformed'}`);
      }
      if (viewer.expiresAt <= clock.now()) {
        const error = new ProgressError('TOKEN_EXPIRED', 'The token has expired.');
        return reject(error, 'token', viewer.subject, source);
      }
      if (await isAllowed(viewer, projectId, scope)) return;
      const error = new ProgressError('FORBIDDEN', `This token does not cover ${scope} of this project.`);
      await reject(error, `${scope} ${projectId}`, viewer.subject, source);
    },
  };
}
