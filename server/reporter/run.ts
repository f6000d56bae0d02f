/**
 * One ingestion as its job sees it: takes what the job says at once, and sends it in order, one request at a time,
 * updates at most once a window. Leaves attempts and tokens to the sender.
 */
import type { ErrorInput, MetricsInput, ResultInput, StartOptions } from '@ingestion-progress/schema';
import type { MutationName } from './documents.js';
import type { ReporterEnvironment } from './environment.js';
import { ReporterError, type ReporterErrorCode } from './errors.js';
import { createOutbox, type Waiting } from './outbox.js';
import type { Sender } from './sender.js';

/** The handle of an ingestion; the same methods as the emitter's. */
export interface ReporterRun {
  readonly ingestionId: string;
  /** Aborts when a person asked to cancel, or when the server says that this ingestion is over (`CONFLICT`). */
  readonly signal: AbortSignal;
  /** Resolves once the report waits to be sent, so that an outage never holds up the job. */
  emitPhaseStarted(phase: number, message: string): Promise<void>;
  /** `percent` is of the phase; null where not known. Never waits; merged to one in a window. */
  emitProgressUpdate(phase: number, percent: number | null, metrics?: MetricsInput): void;
  /** Resolves once the server has stored it. */
  emitComplete(result: ResultInput): Promise<void>;
  /** Resolves once the server has taken it. */
  emitError(phase: number | null, error: ErrorInput): Promise<void>;
  /** Resolves once the server has stored it. */
  confirmCancelled(): Promise<void>;
  /** Sends what waits without waiting for the window, and resolves once all of it was answered. */
  flush(): Promise<void>;
}

/** A run as the reporter sees it. */
export interface OpenRun extends ReporterRun {
  /** Whether more may be said. */
  readonly isOpen: boolean;
  /** Resolves once the start was taken. */
  readonly started: Promise<void>;
  requestCancel(requestedBy: string): boolean;
}

/** What a run stands on. */
export interface RunOptions {
  readonly projectId: string;
  readonly start: StartOptions & { readonly ingestionId: string };
  readonly sender: Sender;
  readonly environment: ReporterEnvironment;
  readonly windowMs: number;
  readonly onRejected: (error: ReporterError) => void;
  /** Called once nothing more can be said. */
  readonly onOver: () => void;
}

/** After these no later report can fare better. */
const FINAL: ReadonlySet<ReporterErrorCode> = new Set<ReporterErrorCode>([
  ...([
    'CONFLICT',
    'FORBIDDEN',
    'UNAUTHENTICATED',
    'TOKEN_EXPIRED',
    'NO_ANSWER',
    'BAD_ENDPOINT',
    'CLOSED',
  ] as const),
]);

/** Begins a run: its start is the first thing to be sent. */
export function openRun(options: RunOptions): OpenRun {
  const { projectId, start, sender, environment, windowMs } = options;
  const { ingestionId } = start;
  const outbox = createOutbox();
  const stop = new AbortController();
  const flushers: { resolve: () => void; reject: (error: ReporterError) => void }[] = [];
  let sequence = 0;
  let furthestPhase = 0;
  let updateSentAt = Number.NEGATIVE_INFINITY;
  let isSending = false;
  let isEnded = false;
  let refusal: ReporterError | null = null;
  let cancelTimer = (): void => {};

  function push(mutation: Waiting['mutation'], phase: number | null, body: Waiting['body']): Promise<void> {
    const taken = new Promise<void>((resolve, reject) => {
      if (refusal !== null) throw refusal;
      if (isEnded) throw new ReporterError('CONFLICT', 'This ingestion has ended.');
      outbox.push({
        mutation,
        phase,
        body,
        settle: [(error) => (error === null ? resolve() : reject(error))],
      });
    });
    void sendWhatIsDue();
    return calm(taken);
  }

  /** The next report, unless it is an update that may still merge with newer ones. */
  function nextDue(): Waiting | undefined {
    const isMergeable = outbox.first?.mutation === 'update' && outbox.length === 1 && flushers.length === 0;
    const waitMs = isMergeable ? updateSentAt + windowMs - environment.monotonicNow() : 0;
    if (waitMs <= 0) return outbox.shift();
    cancelTimer();
    cancelTimer = environment.setTimer(waitMs, () => void sendWhatIsDue());
    return undefined;
  }

  async function sendWhatIsDue(): Promise<void> {
    if (isSending) return;
    isSending = true;
    for (let next = nextDue(); next !== undefined; next = nextDue()) await deliver(next);
    isSending = false;
    if (outbox.length > 0) return;
    for (const { resolve, reject } of flushers.splice(0)) {
      if (refusal === null) resolve();
      else reject(refusal);
    }
  }

  async function deliver(waiting: Waiting): Promise<void> {
    const { mutation, body, settle } = waiting;
    try {
      if (refusal !== null) throw refusal;
      if (mutation === 'update') updateSentAt = environment.monotonicNow();
      const answer = await sender.send(mutation, {
        projectId,
        ingestionId,
        ...sequenceFor(mutation),
        ...body,
      });
      // A start that was made before, by a reporter that is gone: go on above what it said.
      sequence = Math.max(sequence, answer.lastSequence ?? 0);
      if (isEnding(waiting)) end();
      for (const tell of settle) tell(null);
    } catch (cause) {
      const error =
        cause instanceof ReporterError ? cause : new ReporterError('UNAVAILABLE', String(cause), { cause });
      if (FINAL.has(error.code) || mutation === 'start') refuse(error);
      else options.onRejected(error);
      for (const tell of settle) tell(error);
    }
  }

  /** Rises also from one process to the next: a hybrid of the clock and a counter. */
  function sequenceFor(mutation: MutationName): { readonly sequence?: number } {
    if (mutation === 'start') return {};
    sequence = Math.max(sequence + 1, environment.now());
    return { sequence };
  }

  function refuse(error: ReporterError): void {
    if (refusal !== null) return;
    refusal = error;
    if (error.code === 'CONFLICT') stop.abort(error);
    options.onRejected(error);
    options.onOver();
  }

  function end(): void {
    isEnded = true;
    options.onOver();
  }

  const started = push('start', null, start);
  return {
    ingestionId,
    signal: stop.signal,
    started,
    get isOpen() {
      return refusal === null && !isEnded;
    },
    requestCancel(requestedBy) {
      if (isEnded || refusal !== null) return false;
      stop.abort(new Error(`${requestedBy} asked to cancel.`));
      return true;
    },
    async emitPhaseStarted(phase, message) {
      checkPhase(phase);
      if (phase < furthestPhase) {
        throw new ReporterError(
          'CONFLICT',
          `phase: ${phase} is behind phase ${furthestPhase}, which has begun`,
        );
      }
      furthestPhase = phase;
      const taken = push('phase', phase, { phase, message });
      if (refusal !== null || isEnded) await taken;
    },
    emitProgressUpdate(phase, percent, metrics) {
      checkPhase(phase);
      checkNumbers({ percent, metrics });
      if (percent !== null && (percent < 0 || percent > 100)) {
        throw new ReporterError('BAD_USER_INPUT', `percent: must be 0 to 100 or null, not ${percent}`);
      }
      // The server would ignore it.
      if (phase < furthestPhase) return;
      furthestPhase = phase;
      void push('update', phase, {
        phase,
        progressPercent: percent,
        ...(metrics === undefined ? {} : { metrics }),
      });
    },
    emitComplete(result) {
      checkNumbers({ result });
      return push('complete', null, { result });
    },
    emitError(phase, error) {
      if (phase !== null) checkPhase(phase);
      return push('error', phase, { phase, ...error });
    },
    confirmCancelled: () => push('cancelled', null, {}),
    flush() {
      if (outbox.length === 0 && !isSending) {
        return refusal === null ? Promise.resolve() : calm(Promise.reject(refusal));
      }
      const flushed = new Promise<void>((resolve, reject) => flushers.push({ resolve, reject }));
      void sendWhatIsDue();
      return calm(flushed);
    },
  };
}

/** Nobody has to await it: a job is not ended by a report that was refused, and onRejected is told of it too. */
function calm(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}

function isEnding({ mutation, body }: Waiting): boolean {
  return (
    mutation === 'complete' ||
    mutation === 'cancelled' ||
    (mutation === 'error' && body['recoverable'] !== true)
  );
}

function checkPhase(phase: number): void {
  if (!Number.isInteger(phase) || phase < 1 || phase > 4) {
    throw new ReporterError('BAD_USER_INPUT', `phase: must be 1, 2, 3 or 4, not ${phase}`);
  }
}

/** JSON would make null of NaN and of infinity, and null means unknown; the rest of the rules is the server's. */
function checkNumbers(value: unknown, path: readonly string[] = []): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new ReporterError('BAD_USER_INPUT', `${path.join('.')}: must be a finite number, not ${value}`);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) checkNumbers(child, [...path, key]);
}
