/**
 * Sends one mutation: the token, a timeout, and retries with backoff until the result is final. Leaves order and merging
 * to the outbox. (invariant: bounded-retries)
 */
import { MUTATIONS, type MutationName, type MutationResult } from './documents.js';
import { isRetryable, ReporterError, type ReporterErrorCode } from './errors.js';
import type { ReporterEnvironment } from './environment.js';
import { backoffDelayMs } from '../shared/backoff.js';
import { sleep } from '../shared/sleep.js';
import { REPORTER_DEFAULTS, type ReporterOptions, type Waiting } from './options.js';

/** Sends mutations, and holds the token. */
export interface Sender {
  /** Rejects with `ReporterError` once the mutation failed for good. */
  send(mutation: MutationName, input: Readonly<Record<string, unknown>>): Promise<MutationResult>;
  /** Headers with the token, for other requests. */
  headers(force: boolean): Promise<Record<string, string>>;
  /** Rejects what is in flight with `CLOSED`; a second call does no harm. */
  dispose(): void;
}

/** Delay between attempts: 1, 2, 4, … 30 s, a quarter more or less. */
export const RETRY_BACKOFF = Object.freeze({ minMs: 1_000, maxMs: 30_000, jitter: 0.25 });

/** Milliseconds without an answer after which a report is said to wait, though no attempt has failed yet. */
const QUIET_MS = 5_000;
/** Milliseconds between two such words. */
const REMINDER_MS = 60_000;

/** Not worth a word: another one follows soon, or nobody waits for it. */
const UNSPOKEN: ReadonlySet<MutationName> = new Set<MutationName>(['heartbeat', 'acknowledge']);

/** A failed attempt: why, and when the server wants the next one, in ms from now. */
interface Failure {
  readonly error: ReporterError;
  readonly retryAfterMs: number | null;
}

/** Creates a sender. */
export function createSender(options: ReporterOptions, environment: ReporterEnvironment): Sender {
  const { endpoint } = options;
  const requestTimeoutMs = options.requestTimeoutMs ?? REPORTER_DEFAULTS.requestTimeoutMs;
  const giveUpAfterMs = options.giveUpAfterMs ?? REPORTER_DEFAULTS.giveUpAfterMs;
  const closed = new AbortController();
  let token: string | null = options.token ?? null;

  async function headers(force: boolean): Promise<Record<string, string>> {
    if (options.getToken !== undefined && (token === null || force)) {
      try {
        token = await options.getToken({ force });
      } catch (cause) {
        throw new ReporterError('UNAVAILABLE', `getToken failed: ${String(cause)}`, { cause });
      }
    }
    return { 'content-type': 'application/json', authorization: `Bearer ${token ?? ''}` };
  }

  async function attempt(body: string, force: boolean): Promise<MutationResult | Failure> {
    const deadline = new AbortController();
    const cancelTimer = environment.setTimer(requestTimeoutMs, () => deadline.abort());
    try {
      const response = await environment.fetch(endpoint, {
        method: 'POST',
        headers: { ...(await headers(force)), accept: 'application/json' },
        body,
        signal: AbortSignal.any([deadline.signal, closed.signal]),
      });
      return readResult(response.status, await response.text(), response.headers.get('retry-after'));
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

  function sayWaiting(waiting: Waiting): void {
    const { waitedMs, error } = waiting;
    if (options.quiet !== true) {
      const duration = waitedMs < 1_000 ? '' : ` for ${Math.round(waitedMs / 1_000)} s`;
      const why = error?.message ?? `${endpoint}: no answer yet`;
      console.warn(
        `ingestion-progress: project ${options.projectId} waits${duration} for its server: ${why}`,
      );
    }
    options.onWaiting?.(waiting);
  }

  async function send(
    mutation: MutationName,
    input: Readonly<Record<string, unknown>>,
  ): Promise<MutationResult> {
    const body = JSON.stringify({ query: MUTATIONS[mutation], variables: { input } });
    const beganAt = environment.monotonicNow();
    let failures = 0;
    let isForced = false;
    let lastError: ReporterError | null = null;
    let hasSpoken = UNSPOKEN.has(mutation);
    let cancelReminder = (): void => {};
    const speak = (): void => {
      hasSpoken = true;
      remind(REMINDER_MS);
      sayWaiting({ waitedMs: environment.monotonicNow() - beganAt, error: lastError });
    };
    const remind = (delayMs: number): void => {
      cancelReminder();
      cancelReminder = environment.setTimer(delayMs, speak);
    };
    if (!hasSpoken) remind(QUIET_MS);
    try {
      while (!closed.signal.aborted) {
        const outcome = await attempt(body, isForced);
        if (!('error' in outcome)) return outcome;
        if (closed.signal.aborted) break;
        const { error, retryAfterMs } = outcome;
        const isTokenRejected = error.code === 'UNAUTHENTICATED' || error.code === 'TOKEN_EXPIRED';
        if (isTokenRejected && options.getToken !== undefined && !isForced) {
          isForced = true;
          continue;
        }
        if (!isRetryable(error.code)) throw error;
        failures += 1;
        isForced = false;
        const delayMs = Math.max(
          backoffDelayMs(RETRY_BACKOFF, failures, environment.random()),
          retryAfterMs ?? 0,
        );
        const passedMs = environment.monotonicNow() - beganAt;
        if (passedMs + delayMs > giveUpAfterMs) {
          const seconds = Math.round(passedMs / 1_000);
          const message = `Given up after ${failures} attempts in ${seconds} s; the last: ${error.message}`;
          throw new ReporterError('NO_ANSWER', message, { cause: error });
        }
        lastError = error;
        if (!hasSpoken) speak();
        await sleep(environment, delayMs, closed.signal);
      }
      throw new ReporterError('CLOSED', 'The reporter was disposed before this report was accepted.');
    } finally {
      cancelReminder();
    }
  }

  return { headers, send, dispose: () => closed.abort() };
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  // The message of fetch is "fetch failed"; the reason is its cause.
  if (!(cause.cause instanceof Error)) return cause.message;
  // Several addresses of one name fail together, without a message.
  return cause.cause.message || String('code' in cause.cause ? cause.cause.code : cause.cause);
}

interface GraphQLBody {
  readonly data?: { readonly result?: MutationResult | null } | null;
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

/** Goes by the code in the body; by the HTTP status only if the response is not this server's. */
function readResult(status: number, text: string, retryAfter: string | null): MutationResult | Failure {
  const retryAfterMs =
    retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : null;
  const body = parse(text);
  const result = body?.data?.result;
  if (result !== undefined && result !== null) return result;
  const first = body?.errors?.[0];
  const given = first?.extensions?.code;
  const code = given !== undefined && isCode(given) ? given : codeOfStatus(status);
  const message =
    first?.message ?? `Status ${status} without a GraphQL result; is endpoint the server's /graphql?`;
  return { error: new ReporterError(code, message), retryAfterMs };
}

function parse(text: string): GraphQLBody | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    // Not JSON, such as a proxy's page: the status decides.
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
