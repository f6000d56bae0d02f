/**
 * One ingestion as its job sees it: queues reports at once and sends them in order, one request at a time, updates at most
 * once per window. Leaves retries and tokens to the sender.
 */
import type { ErrorInput, MetricsInput, ResultInput, StartOptions } from '@ingestion-progress/schema';
import type { MutationName } from './documents.js';
import type { ReporterEnvironment } from './environment.js';
import { ReporterError, type ReporterErrorCode } from './errors.js';
import { createOutbox, type PendingReport } from './outbox.js';
import type { Sender } from './sender.js';

/** The handle of an ingestion; the same methods as the emitter's. */
export interface ReporterRun {
  readonly ingestionId: string;
  /** Aborts when a person asked to cancel, or when the server says that this ingestion is over (`CONFLICT`). */
  readonly signal: AbortSignal;
  /** Resolves once the report is queued, so that an outage never blocks the job. */
  emitPhaseStarted(phase: number, message: string): Promise<void>;
  /** `percent` is of the phase; null if unknown. Never waits; merged to one per window. */
  emitProgressUpdate(phase: number, percent: number | null, metrics?: MetricsInput): void;
  /** Resolves once the server has stored it. */
  emitComplete(result: ResultInput): Promise<void>;
  /** Resolves once the server has accepted it. */
  emitError(phase: number | null, error: ErrorInput): Promise<void>;
  /** Resolves once the server has stored it. */
  confirmCancelled(): Promise<void>;
  /** Sends what is queued without waiting for the window; resolves once all of it is stored. */
  flush(): Promise<void>;
}

/** A run as the reporter sees it. */
export interface OpenRun extends ReporterRun {
  /** Whether more may be reported. */
  readonly isOpen: boolean;
  /** Resolves once the start was accepted. */
  readonly started: Promise<void>;
  requestCancel(requestedBy: string): boolean;
}

/** Options of a run. */
export interface RunOptions {
  readonly projectId: string;
  readonly start: StartOptions & { readonly ingestionId: string };
  readonly sender: Sender;
  readonly environment: ReporterEnvironment;
  readonly windowMs: number;
  readonly onRejected: (error: ReporterError) => void;
  /** Called once nothing more can be reported. */
  readonly onOver: () => void;
}

/** After these no later report can succeed. */
const FINAL_CODES: ReadonlySet<ReporterErrorCode> = new Set<ReporterErrorCode>([
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

/** Opens a run: its start is the first report to be sent. */
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
  let failure: ReporterError | null = null;
  let cancelTimer = (): void => {};

  function push(
    mutation: PendingReport['mutation'],
    phase: number | null,
    body: PendingReport['body'],
  ): Promise<void> {
    const accepted = new Promise<void>((resolve, reject) => {
      if (failure !== null) throw failure;
      if (isEnded) throw new ReporterError('CONFLICT', 'This ingestion has ended.');
      outbox.push({
        mutation,
        phase,
        body,
        settle: [(error) => (error === null ? resolve() : reject(error))],
      });
    });
    void sendWhatIsDue();
    return ignoreRejection(accepted);
  }

  /** The next report, unless it is an update that may still merge with newer ones. */
  function nextDue(): PendingReport | undefined {
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
      if (failure === null) resolve();
      else reject(failure);
    }
  }

  async function deliver(report: PendingReport): Promise<void> {
    const { mutation, body, settle } = report;
    try {
      if (failure !== null) throw failure;
      if (mutation === 'update') updateSentAt = environment.monotonicNow();
      const result = await sender.send(mutation, {
        projectId,
        ingestionId,
        ...sequenceFor(mutation),
        ...body,
      });
      // The run was started by an earlier reporter: continue above its last sequence.
      sequence = Math.max(sequence, result.lastSequence ?? 0);
      if (isEnding(report)) end();
      for (const callback of settle) callback(null);
    } catch (cause) {
      const error =
        cause instanceof ReporterError ? cause : new ReporterError('UNAVAILABLE', String(cause), { cause });
      if (FINAL_CODES.has(error.code) || mutation === 'start') fail(error);
      else options.onRejected(error);
      for (const callback of settle) callback(error);
    }
  }

  /** A hybrid of clock and counter, so that it rises across processes too. */
  function sequenceFor(mutation: MutationName): { readonly sequence?: number } {
    if (mutation === 'start') return {};
    sequence = Math.max(sequence + 1, environment.now());
    return { sequence };
  }

  function fail(error: ReporterError): void {
    if (failure !== null) return;
    failure = error;
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
      return failure === null && !isEnded;
    },
    requestCancel(requestedBy) {
      if (isEnded || failure !== null) return false;
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
      const accepted = push('phase', phase, { phase, message });
      if (failure !== null || isEnded) await accepted;
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
    async flush() {
      if (failure !== null) throw failure;
      if (outbox.length > 0 || isSending) {
        const sent = new Promise<void>((resolve, reject) => flushers.push({ resolve, reject }));
        void sendWhatIsDue();
        await sent;
      }
      // What was taken is in the next event; this waits until it is stored.
      if (!isEnded) await sender.send('flush', { projectId, ingestionId });
    },
  };
}

/** A rejected report must not end a job that does not await it; onRejected is called for it too. */
function ignoreRejection(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}

function isEnding({ mutation, body }: PendingReport): boolean {
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

/** JSON turns NaN and infinity into null, which means unknown; all other rules are checked by the server. */
function checkNumbers(value: unknown, path: readonly string[] = []): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new ReporterError('BAD_USER_INPUT', `${path.join('.')}: must be a finite number, not ${value}`);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) checkNumbers(child, [...path, key]);
}
