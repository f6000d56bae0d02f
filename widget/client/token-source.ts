/**
 * Gets tokens from the host: one request at a time, each with a timeout. The last token is kept until a new one is forced or
 * the last subscriber leaves. A token that is past its end is never offered again. (invariant: every-step-has-a-timeout)
 */
import { failureOf } from './retry-policy.js';
import type { Environment } from './environment.js';
import { createTimers } from './timers.js';
import { OperationError } from './transport.js';
import type { GetToken } from './types.js';

/** Where tokens come from. */
export interface TokenSource {
  /** False if there is one fixed token, or none: another request would return the same. */
  readonly canRefresh: boolean;
  /** The unverified `sub` of the last token; null if unknown. Only used to separate the cached states of different users. */
  subject(): string | null;
  /** Null if there is no token. Rejects with `OperationError` if the host's `getToken` throws, hangs or returns none. */
  getToken(request: { readonly force: boolean }): Promise<string | null>;
  dispose(): void;
}

/** Options of a source; ms. */
export interface TokenSourceOptions {
  readonly environment: Environment;
  readonly token?: string | undefined;
  readonly getToken?: GetToken | undefined;
  readonly timeoutMs: number;
  /** The server's time; null while it is unknown. */
  readonly serverNow: () => number | null;
}

/** A token request in flight (invariant: one-token-refresh). */
interface TokenRequest {
  readonly force: boolean;
  readonly abort: AbortController;
  readonly token: Promise<string>;
}

/** Makes a source; it requests nothing before the first `getToken`. */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { environment, getToken, timeoutMs, serverNow } = options;
  const timers = createTimers(environment);
  let last = options.token ?? null;
  let receivedAt = 0;
  let pending: TokenRequest | null = null;
  /** The latest request, in flight or not: the result of an older one that settles later is dropped. */
  let newest: TokenRequest | null = null;
  /** `last` was rejected, or is about to expire: it is not offered again, even if its renewal fails for now. */
  let isStale = false;

  function requestToken(getToken: GetToken, force: boolean): TokenRequest {
    const abort = new AbortController();
    const { signal } = abort;
    const token = new Promise<string>((resolve, reject) => {
      const fail = (message: string): void => {
        reject(new OperationError(failureOf('soon', 'TOKEN_UNAVAILABLE', message)));
      };
      signal.addEventListener('abort', () => fail(String(signal.reason)));
      timers.deadline(abort, timeoutMs, () => {
        abort.abort('getToken timed out.');
      });
      // Inside a promise, so that a synchronous throw is handled like a rejection.
      Promise.resolve({ force, signal })
        .then(getToken)
        .then(
          (token: unknown) => {
            if (typeof token === 'string' && token) resolve(token);
            else
              fail(
                `getToken must return a non-empty string, not ${token === '' ? 'an empty one' : `a value of type ${typeof token}`}.`,
              );
          },
          (cause: unknown) => {
            if (cause instanceof OperationError) reject(cause);
            else fail(`getToken failed: ${String(cause)}`);
          },
        );
    });
    const requested: TokenRequest = { force, abort, token };
    const finish = (): void => {
      timers.cancel(abort);
      if (pending === requested) pending = null;
    };
    token.then(finish, finish);
    return requested;
  }

  /**
   * The last token is past its end by the server's clock or, before the server told its time, because it has been held for
   * longer than its whole lifetime. The local wall clock has no say, since it may be wrong.
   */
  function hasExpired(): boolean {
    const { exp, iat } = claimsOf(last ?? '');
    const now = serverNow() ?? Number(iat) * 1_000 + environment.monotonicNow() - receivedAt;
    return typeof exp === 'number' && exp * 1_000 <= now;
  }

  return {
    canRefresh: getToken !== undefined,
    subject: () => subjectOf(last ?? ''),
    async getToken(request) {
      isStale ||= request.force;
      if (getToken === undefined) return last;
      // Offered past its end, a token would only cost a refused connection.
      const force = isStale || hasExpired();
      if (!force && pending === null && last !== null) return last;
      if (pending === null || (force && !pending.force)) newest = pending = requestToken(getToken, force);
      const current = pending;
      const token = await current.token;
      if (current === newest) {
        isStale = false;
        if (last !== token) receivedAt = environment.monotonicNow();
        last = token;
      }
      return last ?? token;
    },
    dispose() {
      last = options.token ?? null; // the next subscriber may belong to another user
      pending?.abort.abort('No longer needed.');
      newest = pending = null;
      isStale = false;
    },
  };
}

/**
 * The claims of a JWT; none if they can't be read. The signature is not verified (the server does that), and characters beyond
 * ASCII come out garbled, which is enough to tell users apart.
 */
function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    const claims = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    return Object(JSON.parse(atob(claims))) as Record<string, unknown>;
  } catch {
    // Not a readable JWT: nothing is cached for it, and the server says when it has expired.
    return {};
  }
}

/** The `sub` of a JWT; null if it can't be read. */
export function subjectOf(token: string): string | null {
  const { sub } = claimsOf(token);
  return typeof sub === 'string' ? sub : null;
}
