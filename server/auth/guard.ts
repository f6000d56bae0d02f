/**
 * Authentication and authorization for every path: WebSocket, SSE, query, mutation and REST
 * (invariant: authorized-on-every-path). Logs refusals with who, what and from where, and throttles addresses that bring
 * no token, or forged ones.
 */
import { idSchema } from '@ingestion-progress/schema';
import type { Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import { sleep, withTimeout } from '../shared/sleep.js';
import type { ErrorCode } from '../shared/errors.js';
import type { LimitLogger } from '../observability/limit-logger.js';
import { tokenAccess, type AccessPolicy } from './access.js';
import { addressBlock } from './client-address.js';
import type { TokenVerifier } from './jwt.js';
import { askedProjects, EVERY_PROJECT, someProjects, type ListAccess } from './list-access.js';
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
  /**
   * Of which projects the viewer may see lists. Null if it covers none, or if it does not cover each of `projectIds`.
   * Rejects with `UNAVAILABLE` if the access policy does not answer. Neither logs nor throttles.
   */
  listAccess(viewer: Viewer, projectIds: readonly string[] | null): Promise<ListAccess | null>;
  /** Rejects with `TOKEN_EXPIRED`, `FORBIDDEN` or `UNAVAILABLE`. The ids are well-formed. */
  authorizeList(
    viewer: Viewer,
    projectIds: readonly string[] | null,
    source: RequestSource,
  ): Promise<ListAccess>;
  /** Logs and counts a refusal, and rejects with the error. */
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
  readonly limitLogger: LimitLogger;
  readonly clock: Clock;
  /** Called at each refusal, for the metrics. */
  readonly onRefusal?: ((code: ErrorCode) => void) | undefined;
}

const ACCESS_TIMEOUT_MS = 5_000;

/** Creates the guard. */
export function createGuard(options: GuardOptions): Guard {
  const { verifier, access, failedAuthThrottle, quotas, limitLogger, clock, onRefusal } = options;
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
    const fields = { code: error.code, reason, who, what, from, transport, requestId };
    limitLogger.log('warn', `${error.code} ${addressBlock(from)}`, fields, 'access refused');
    onRefusal?.(error.code);
  }

  function reject(
    error: ProgressError,
    what: string,
    who: string | null,
    source: RequestSource,
  ): Promise<never> {
    recordRefusal(error, what, who, source);
    return Promise.reject(error);
  }

  /** Rejects a token; only one without a good signature counts against its address, and only such a one is throttled. */
  async function rejectToken(error: ProgressError, source: RequestSource): Promise<never> {
    recordRefusal(error, 'token', null, source);
    if (error.code !== 'UNAUTHENTICATED') throw error;
    const decision = failedAuthThrottle.recordFailure(source.address);
    if (decision.kind === 'limited') {
      throw new ProgressError('RATE_LIMITED', 'Too many failed attempts from this address; wait a minute.');
    }
    if (decision.kind === 'slow') await sleep(clock, decision.delayMs);
    throw error;
  }

  /** What the access policy answers, in time. */
  async function answerOf<T>(
    viewer: Viewer,
    projectId: string | undefined,
    ask: () => T,
  ): Promise<Awaited<T>> {
    try {
      const answer = ask();
      if (!(answer instanceof Promise)) return await answer;
      return await withTimeout(
        clock,
        answer as Promise<Awaited<T>>,
        ACCESS_TIMEOUT_MS,
        () => new Error('The access policy did not answer in time.'),
      );
    } catch (cause) {
      const fields = { error: String(cause), projectId, who: viewer.subject };
      limitLogger.log('error', viewer.subject, fields, 'access policy failed');
      throw new ProgressError('UNAVAILABLE', 'Access cannot be checked now; retry later.', { cause });
    }
  }

  const isAllowed = (viewer: Viewer, projectId: string, scope: Scope): Promise<boolean> =>
    answerOf(viewer, projectId, () => access.allows(viewer, projectId, scope));

  /** Those of some projects that the viewer may read. */
  async function readableOf(viewer: Viewer, projectIds: readonly string[]): Promise<ReadonlySet<string>> {
    const { filter } = access;
    if (filter !== undefined) {
      const ask = async () => new Set(await filter.call(access, viewer, projectIds, 'progress:read'));
      return answerOf(viewer, projectIds[0], ask);
    }
    const answers = await Promise.all(projectIds.map((id) => isAllowed(viewer, id, 'progress:read')));
    return new Set(projectIds.filter((_, index) => answers[index]));
  }

  async function listAccess(
    viewer: Viewer,
    projectIds: readonly string[] | null,
  ): Promise<ListAccess | null> {
    if (projectIds !== null) {
      const readable = await readableOf(viewer, projectIds);
      return projectIds.every((id) => readable.has(id)) ? someProjects(projectIds) : null;
    }
    // Only the token's own rule can name the projects beforehand.
    if (access !== tokenAccess) return askedProjects((asked) => readableOf(viewer, asked));
    if (!viewer.scopes.has('progress:read')) return null;
    return viewer.projects === '*' ? EVERY_PROJECT : someProjects(viewer.projects);
  }

  async function checkExpiry(viewer: Viewer, source: RequestSource): Promise<void> {
    if (viewer.expiresAt > clock.now()) return;
    await reject(
      new ProgressError('TOKEN_EXPIRED', 'The token has expired.'),
      'token',
      viewer.subject,
      source,
    );
  }

  return {
    isAllowed,
    listAccess,
    authorizeList: async (viewer, projectIds, source) => {
      await checkExpiry(viewer, source);
      const granted = await listAccess(viewer, projectIds);
      if (granted !== null) return granted;
      const whose = projectIds === null ? 'any project' : 'every project of the filter';
      const error = new ProgressError('FORBIDDEN', `This token does not cover progress:read of ${whose}.`);
      return reject(error, 'progress:read of a list', viewer.subject, source);
    },
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
          return await rejectToken(error, source);
        }
        const fields = { error: String(error), from: source.address };
        limitLogger.log('error', 'all', fields, 'token verification failed');
        throw error;
      }
    },
    authorize: async (viewer, projectId, scope, source) => {
      const id = idSchema.safeParse(projectId);
      if (!id.success) {
        throw new ProgressError('BAD_USER_INPUT', `projectId: ${id.error.issues[0]?.message ?? 'malformed'}`);
      }
      await checkExpiry(viewer, source);
      if (await isAllowed(viewer, projectId, scope)) return;
      const error = new ProgressError('FORBIDDEN', `This token does not cover ${scope} of this project.`);
      await reject(error, `${scope} ${projectId}`, viewer.subject, source);
    },
  };
}
