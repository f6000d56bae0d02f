/**
 * The token, however it is come by: one request at a time, each with a deadline, the last answer kept until it is refused
 * or nobody needs it any more. Knows no server; the connection says when a fresh one is needed.
 * (invariant: one-token-refresh) (invariant: every-step-has-a-timeout)
 */
import { lossOf } from './advice.js';
import type { Environment } from './environment.js';
import { createTimers } from './timers.js';
import { OperationError } from './transport.js';
import type { GetToken } from './types.js';

/** Where tokens come from. */
export interface TokenSource {
  /** False where there is one fixed token, or none: asking again would give the same. */
  readonly renewable: boolean;
  /** The `sub` of the last token, as it says itself; null where not known. Only good for keeping apart what people saw. */
  subject(): string | null;
  /** Null where there is none at all. Rejects with `OperationError` where `getToken` throws, hangs or gives no token. */
  get(forced: boolean): Promise<string | null>;
  dispose(): void;
}

/** Options of a source; ms. */
export interface TokenSourceOptions {
  readonly environment: Environment;
  readonly token?: string | undefined;
  readonly getToken?: GetToken | undefined;
  readonly timeoutMs: number;
}

/** A request for a token that is under way. */
interface Flight {
  readonly forced: boolean;
  readonly request: AbortController;
  readonly answer: Promise<string>;
}

/** Makes a source; asks nobody before the first `get`. */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { environment, getToken, timeoutMs } = options;
  const timers = createTimers(environment);
  let last = options.token ?? null;
  let flight: Flight | null = null;
  /** The last request that was begun, under way or not: an older one that answers later has nothing to say. */
  let newest: Flight | null = null;

  function ask(getToken: GetToken, forced: boolean): Flight {
    const request = new AbortController();
    const { signal } = request;
    const answer = new Promise<string>((resolve, reject) => {
      const fail = (message: string): void => {
        reject(new OperationError(lossOf('retry', 'TOKEN_UNAVAILABLE', message)));
      };
      signal.addEventListener('abort', () => fail(String(signal.reason)));
      timers.deadline(request, timeoutMs, () => {
        request.abort('getToken did not answer in time.');
      });
      // In a promise of its own, so that one that throws at once is like one that rejects.
      Promise.resolve({ forced, signal })
        .then(getToken)
        .then(
          (token: unknown) => {
            if (typeof token === 'string' && token) resolve(token);
            else fail('getToken must give a string that is not empty.');
          },
          (cause: unknown) => fail(`getToken failed: ${String(cause)}`),
        );
    });
    const asked: Flight = { forced, request, answer };
    const landed = (): void => {
      timers.end(request);
      if (flight === asked) flight = null;
    };
    answer.then(landed, landed);
    return asked;
  }

  return {
    renewable: getToken !== undefined,
    subject: () => subjectOf(last ?? ''),
    async get(forced) {
      if (getToken === undefined || (!forced && flight === null && last !== null)) return last;
      if (flight === null || (forced && !flight.forced)) newest = flight = ask(getToken, forced);
      const mine = flight;
      const token = await mine.answer;
      if (mine === newest) last = token;
      return last ?? token;
    },
    dispose() {
      last = options.token ?? null; // who comes next may be somebody else
      flight?.request.abort('Nobody needs the token any more.');
      newest = flight = null;
    },
  };
}

/**
 * The `sub` of a JWT; null where it is none that can be read. Nothing is verified: the server does that; and nothing but
 * ASCII is spelled right, which is enough to tell one from another.
 */
export function subjectOf(token: string): string | null {
  try {
    const claims = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const { sub } = JSON.parse(atob(claims)) as { readonly sub?: unknown };
    return typeof sub === 'string' ? sub : null;
  } catch {
    // Not a JWT that can be read: then nothing is remembered under it.
    return null;
  }
}
