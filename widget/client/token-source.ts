/**
 * Gets tokens from the host: one request at a time, each with a timeout. The last token is kept until a new one is forced or
 * the last subscriber leaves. The connection decides when a new one is needed. (invariant: every-step-has-a-timeout)
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
}

/** A token request in flight (invariant: one-token-refresh). */
interface TokenRequest {
  readonly force: boolean;
  readonly abort: AbortController;
  readonly token: Promise<string>;
}

/** Makes a source; it requests nothing before the first `getToken`. */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { environment, getToken, timeoutMs } = options;
  const timers = createTimers(environment);
  let last = options.token ?? null;
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
        reject(new OperationError(failureOf('retry', 'TOKEN_UNAVAILABLE', message)));
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
            else fail('getToken must return a non-empty string.');
          },
          (cause: unknown) => fail(`getToken failed: ${String(cause)}`),
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

  return {
    canRefresh: getToken !== undefined,
    subject: () => subjectOf(last ?? ''),
    async getToken(request) {
      isStale ||= request.force;
      const force = isStale;
      if (getToken === undefined || (!force && pending === null && last !== null)) return last;
      if (pending === null || (force && !pending.force)) newest = pending = requestToken(getToken, force);
      const current = pending;
      const token = await current.token;
      if (current === newest) [last, isStale] = [token, false];
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
 * The `sub` of a JWT; null if it can't be read. The signature is not verified (the server does that), and characters beyond
 * ASCII come out garbled, which is enough to tell users apart.
 */
export function subjectOf(token: string): string | null {
  try {
    const claims = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const { sub } = JSON.parse(atob(claims)) as { readonly sub?: unknown };
    return typeof sub === 'string' ? sub : null;
  } catch {
    // Not a readable JWT: nothing is cached for it.
    return null;
  }
}
