/**
 * Brings one mutation to the server: the token, a deadline, and attempts with backoff until it is answered for good.
 * Leaves order and merging to the outbox.
 */
import { MUTATIONS, type Answer, type MutationName } from './documents.js';
import { isPassing, ReporterError, type ReporterErrorCode } from './errors.js';
import type { ReporterEnvironment } from './environment.js';
import { pause } from './pause.js';
import { REPORTER_DEFAULTS, type ReporterOptions } from './options.js';

/** Sends mutations, and knows the token. */
export interface Sender {
  /** Rejects with `ReporterError` once it is certain that this will not be taken. */
  send(mutation: MutationName, input: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** For requests of another kind: headers with the token. */
  headers(forced: boolean): Promise<Record<string, string>>;
  /** Ends what is under way with `CLOSED`; a second call does no harm. */
  dispose(): void;
}

/** Milliseconds before the attempt after `failures` failed ones: 1, 2, 4, … 30 s, a quarter more or less. */
export function backoffMs(failures: number, random: number): number {
  const delay = Math.min(30_000, 1_000 * 2 ** Math.min(failures - 1, 5));
  return Math.min(30_000, delay * (0.75 + random / 2));
}

/** A failed attempt: why, and when the server wants the next one, in ms from now. */
interface Failure {
  readonly error: ReporterError;
  readonly retryAfterMs: number | null;
}

/** Makes a sender. */
export function createSender(options: ReporterOptions, environment: ReporterEnvironment): Sender {
  const { endpoint } = options;
  const requestTimeoutMs = options.requestTimeoutMs ?? REPORTER_DEFAULTS.requestTimeoutMs;
  const giveUpAfterMs = options.giveUpAfterMs ?? REPORTER_DEFAULTS.giveUpAfterMs;
  const closed = new AbortController();
  let token: string | null = options.token ?? null;

  async function headers(forced: boolean): Promise<Record<string, string>> {
    if (options.getToken !== undefined && (token === null || forced)) {
      try {
        token = await options.getToken({ forced });
      } catch (cause) {
        throw new ReporterError('UNAVAILABLE', `getToken failed: ${String(cause)}`, { cause });
      }
    }
    return { 'content-type': 'application/json', authorization: `Bearer ${token ?? ''}` };
  }

  async function attempt(body: string, forced: boolean): Promise<Answer | Failure> {
    const deadline = new AbortController();
    const cancelTimer = environment.setTimer(requestTimeoutMs, () => deadline.abort());
    try {
      const response = await environment.fetch(endpoint, {
        method: 'POST',
        headers: { ...(await headers(forced)), accept: 'application/json' },
        body,
        signal: AbortSignal.any([deadline.signal, closed.signal]),
      });
      return readAnswer(response.status, await response.text(), response.headers.get('retry-after'));
    } catch (cause) {
      if (cause instanceof ReporterError) return { error: cause, retryAfterMs: null };
      const what = deadline.signal.aborted ? `no answer within ${requestTimeoutMs} ms` : reasonOf(cause);
      return {
        error: new ReporterError('UNAVAILABLE', `${endpoint}: ${what}`, { cause }),
        retryAfterMs: null,
      };
    } finally {
      cancelTimer();
    }
  }

  return {
    headers,
    async send(mutation, input) {
      const body = JSON.stringify({ query: MUTATIONS[mutation], variables: { input } });
      const beganAt = environment.monotonicNow();
      let failures = 0;
      let isForced = false;
      while (!closed.signal.aborted) {
        const outcome = await attempt(body, isForced);
        if (!('error' in outcome)) return outcome;
        if (closed.signal.aborted) break;
        const { error, retryAfterMs } = outcome;
        const isRefused = error.code === 'UNAUTHENTICATED' || error.code === 'TOKEN_EXPIRED';
        if (isRefused && options.getToken !== undefined && !isForced) {
          isForced = true;
          continue;
        }
        if (!isPassing(error.code)) throw error;
        failures += 1;
        isForced = false;
        const delayMs = Math.max(backoffMs(failures, environment.random()), retryAfterMs ?? 0);
        const passedMs = environment.monotonicNow() - beganAt;
        if (passedMs + delayMs > giveUpAfterMs) {
          const seconds = Math.round(passedMs / 1_000);
          const message = `Given up after ${failures} attempts in ${seconds} s; the last: ${error.message}`;
          throw new ReporterError('NO_ANSWER', message, { cause: error });
        }
        await pause(environment, delayMs, closed.signal);
      }
      throw new ReporterError('CLOSED', 'The reporter was disposed of before this was taken.');
    },
    dispose() {
      closed.abort();
    },
  };
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  // fetch says "fetch failed" and keeps the reason in its cause.
  return cause.cause instanceof Error ? cause.cause.message || String(cause.cause) : cause.message;
}

interface GraphQLBody {
  readonly data?: { readonly answer?: Answer | null } | null;
  readonly errors?: readonly {
    readonly message?: string;
    readonly extensions?: { readonly code?: string };
  }[];
}

const CODES: ReadonlySet<string> = new Set<ReporterErrorCode>([
  ...(['UNAUTHENTICATED', 'TOKEN_EXPIRED', 'FORBIDDEN', 'BAD_USER_INPUT', 'NOT_FOUND', 'CONFLICT'] as const),
  ...(['RATE_LIMITED', 'UNAVAILABLE', 'INTERNAL_SERVER_ERROR'] as const),
]);

function isCode(code: string): code is ReporterErrorCode {
  return CODES.has(code);
}

/** Goes by the code in the body; by the status only where something else answered in the server's place. */
function readAnswer(status: number, text: string, retryAfter: string | null): Answer | Failure {
  const retryAfterMs =
    retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : null;
  const body = parse(text);
  const answer = body?.data?.answer;
  if (answer !== undefined && answer !== null) return answer;
  const first = body?.errors?.[0];
  const told = first?.extensions?.code;
  const code = told !== undefined && isCode(told) ? told : codeOfStatus(status);
  const message =
    first?.message ?? `The answer was ${status} and no GraphQL; is endpoint the server's /graphql?`;
  return { error: new ReporterError(code, message), retryAfterMs };
}

function parse(text: string): GraphQLBody | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    // Not JSON: a proxy's page. The status says what to make of it.
    return null;
  }
}

function codeOfStatus(status: number): ReporterErrorCode {
  if (status === 429) return 'RATE_LIMITED';
  if (status >= 500 || status === 408 || status === 425) return 'UNAVAILABLE';
  if (status === 401) return 'UNAUTHENTICATED';
  if (status === 403) return 'FORBIDDEN';
  return 'BAD_ENDPOINT';
}
