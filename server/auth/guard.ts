/**
 * The one place that every way in passes through: WebSocket, SSE, query, mutation and REST. Tells who asks and whether
 * they may, logs each refusal with who, what and from where, and slows those who are refused again and again.
 * (invariant: authorized-on-every-path)
 */
import { idSchema } from '@ingestion-progress/schema';
import type { Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import type { ErrorCode } from '../shared/errors.js';
import type { Logger } from '../observability/logger.js';
import type { AccessPolicy } from './access.js';
import type { TokenVerifier } from './jwt.js';
import { createTokenCache } from './token-cache.js';
import type { Quotas } from './quotas.js';
import type { RefusalLedger } from './failed-auth-throttle.js';
import type { Scope, Viewer } from './viewer.js';

/** By which way a request came. */
export type Way = 'websocket' | 'graphql' | 'rest';

/** Where a request came from, for logs and limits. */
export interface Origin {
  readonly address: string;
  readonly way: Way;
  /** Correlates the lines of one request or connection. */
  readonly requestId: string;
}

/** Authentication and authorisation. */
export interface Guard {
  /** Rejects with `UNAUTHENTICATED`, `TOKEN_EXPIRED`, `RATE_LIMITED` or `UNAVAILABLE`. */
  authenticate(token: string | null, origin: Origin): Promise<Viewer>;
  /** Rejects with `BAD_USER_INPUT` for a malformed id, then as `check`. */
  authorise(viewer: Viewer, projectId: string, scope: Scope, origin: Origin): Promise<void>;
  /** Whether access still stands; rejects with `UNAVAILABLE` where the policy does not answer. Logs and slows nothing. */
  stands(viewer: Viewer, projectId: string, scope: Scope): Promise<boolean>;
  /** Refuses: logs, counts, slows, and rejects with the error, or with `RATE_LIMITED`. */
  refuse(error: ProgressError, what: string, who: string | null, origin: Origin): Promise<never>;
  /** Logs and counts a refusal that nobody waits for. */
  note(error: ProgressError, what: string, who: string | null, origin: Origin): void;
  /** What viewers have open and how fast they report. */
  readonly quotas: Quotas;
}

/** What the guard stands on. */
export interface GuardOptions {
  readonly verifier: TokenVerifier;
  readonly access: AccessPolicy;
  readonly refusals: RefusalLedger;
  readonly quotas: Quotas;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Told of each refusal, for the counters. */
  readonly onRefusal?: ((code: ErrorCode) => void) | undefined;
}

const ACCESS_TIMEOUT_MS = 5_000;

/** Makes the guard. */
export function createGuard(options: GuardOptions): Guard {
  const { verifier, access, refusals, quotas, logger, clock, onRefusal } = options;
  // A connection's token is checked once as it is; a poller's comes with every poll.
  const remembering = createTokenCache(verifier, clock);

  const wait = (delayMs: number) => new Promise<void>((resolve) => void clock.setTimer(delayMs, resolve));

  function note(error: ProgressError, what: string, who: string | null, origin: Origin): void {
    const { address: from, way, requestId } = origin;
    // Who is refused is not told what exactly is wrong with a token; whoever runs the server wants to know.
    const reason = error.cause instanceof Error ? error.cause.message : error.message;
    logger.warn({ code: error.code, reason, who, what, from, way, requestId }, 'refused');
    onRefusal?.(error.code);
  }

  async function refuse(
    error: ProgressError,
    what: string,
    who: string | null,
    origin: Origin,
  ): Promise<never> {
    note(error, what, who, origin);
    const penalty = refusals.refuse(origin.address);
    if (penalty.kind === 'limited') {
      throw new ProgressError('RATE_LIMITED', 'Too many refusals from this address; wait a minute.');
    }
    if (penalty.kind === 'slow') await wait(penalty.delayMs);
    throw error;
  }

  async function stands(viewer: Viewer, projectId: string, scope: Scope): Promise<boolean> {
    let cancel = () => {};
    try {
      const answer = access.allows(viewer, projectId, scope);
      if (typeof answer === 'boolean') return answer;
      const late = new Promise<never>((_, reject) => {
        cancel = clock.setTimer(ACCESS_TIMEOUT_MS, () =>
          reject(new Error('The access rule did not answer in time.')),
        );
      });
      return await Promise.race([answer, late]);
    } catch (cause) {
      logger.error({ error: String(cause), projectId, who: viewer.subject }, 'access rule failed');
      throw new ProgressError('UNAVAILABLE', 'Access cannot be checked now; try again later.', { cause });
    } finally {
      cancel();
    }
  }

  return {
    stands,
    refuse,
    note,
    quotas,
    authenticate: async (token, origin) => {
      try {
        if (token === null)
          throw new ProgressError('UNAUTHENTICATED', 'A token is needed: Authorization: Bearer …');
        return await (origin.way === 'websocket' ? verifier : remembering).verify(token);
      } catch (error) {
        if (error instanceof ProgressError && error.code !== 'UNAVAILABLE') {
          return await refuse(error, 'token', null, origin);
        }
        logger.error({ error: String(error), from: origin.address }, 'a token could not be checked');
        throw error;
      }
    },
    authorise: async (viewer, projectId, scope, origin) => {
      const id = idSchema.safeParse(projectId);
      if (!id.success) {
        throw new ProgressError('BAD_USER_INPUT', `projectId: ${id.error.issues[0]?.message ?? 'malformed'}`);
      }
      if (viewer.expiresAt <= clock.now()) {
        return refuse(
          new ProgressError('TOKEN_EXPIRED', 'The token has expired.'),
          'token',
          viewer.subject,
          origin,
        );
      }
      if (await stands(viewer, projectId, scope)) return;
      const error = new ProgressError('FORBIDDEN', `This token does not cover ${scope} of this project.`);
      await refuse(error, `${scope} ${projectId}`, viewer.subject, origin);
    },
  };
}
