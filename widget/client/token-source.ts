/**
 * The token, however it is come by: one request at a time, each with a deadline, the last answer kept until it is refused
 * or half gone. Knows no server; the connection says when a fresh one is needed.
 */
import { setDeadline } from './deadline.js';
import type { Environment } from './environment.js';
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
  readonly token: string | undefined;
  readonly getToken: GetToken | undefined;
  readonly timeoutMs: number;
}

/** A request for a token that is under way. */
interface Flight {
  readonly forced: boolean;
  readonly answer: Promise<string>;
  readonly stop: () => void;
}

/** Makes a source; asks nobody before the first `get`. */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { environment, getToken } = options;
  let last: string | null = options.token ?? null;
  let flight: Flight | null = null;

  function ask(getToken: GetToken, forced: boolean): Flight {
    const request = new AbortController();
    let fail: (message: string) => void = () => undefined;
    const answer = new Promise<string>((resolve, reject) => {
      fail = (message) => {
        cancel();
        request.abort();
        reject(new OperationError({ advice: 'retry', error: { code: 'TOKEN_UNAVAILABLE', message } }));
      };
      const cancel = setDeadline(environment, options.timeoutMs, () => {
        fail('getToken did not answer in time.');
      });
      // In a promise of its own, so that one that throws at once is like one that rejects.
      Promise.resolve()
        .then(() => getToken({ forced, signal: request.signal }))
        .then(
          (token: unknown) => {
            cancel();
            if (typeof token === 'string' && token !== '') resolve(token);
            else fail('getToken must give a token: a string that is not empty.');
          },
          (cause: unknown) => {
            fail(`getToken failed: ${cause instanceof Error ? cause.message : String(cause)}`);
          },
        );
    });
    const asked: Flight = { forced, answer, stop: () => fail('Nobody needs the token any more.') };
    const landed = (): void => {
      if (flight === asked) flight = null;
    };
    answer.then(landed, landed);
    return asked;
  }

  return {
    renewable: getToken !== undefined,
    subject: () => (last === null ? null : subjectOf(last)),
    async get(forced) {
      if (getToken === undefined || (!forced && flight === null && last !== null)) return last;
      if (flight === null || (forced && !flight.forced)) flight = ask(getToken, forced);
      last = await flight.answer;
      return last;
    },
    dispose() {
      flight?.stop();
    },
  };
}

/** The `sub` of a JWT; null where it is none that can be read. Nothing is verified: the server does that. */
export function subjectOf(token: string): string | null {
  const part = token.split('.')[1];
  if (part === undefined) return null;
  try {
    const bytes = Uint8Array.from(atob(part.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const sub = (claims as { sub?: unknown } | null)?.sub;
    return typeof sub === 'string' ? sub : null;
  } catch {
    // Not a JWT that can be read: then nothing is remembered under it.
    return null;
  }
}
