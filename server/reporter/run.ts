/**
 * One ingestion as its job sees it: queues reports at once and sends them in order, one request at a time, updates at most
 * once per window. Leaves retries and tokens to the sender.
 */
import type {
  ErrorInput,
  MetricsInput,
  ProblemInput,
  ResultInput,
  StartOptions,
} from '@ingestion-progress/schema';
import type { MutationName, MutationResult } from './documents.js';
import type { ReporterEnvironment } from './environment.js';
import { ReporterError, type ReporterErrorCode } from './errors.js';
import type { ExitNotice } from './exit.js';
import { sendableError, sendableResult } from './ending-form.js';
import {
  createOutbox,
  createQueuedProblems,
  isEnding,
  type PendingReport,
  type QueuedProblems,
} from './outbox.js';
import type { Sender } from './sender.js';
import { createUnstored } from './unstored.js';
import { sleep } from '../shared/sleep.js';
import { createTrack, type Track } from '../shared/track.js';

/** How a phase begins. */
export interface PhaseOptions {
  /** Whether the phases that run go on beside it. @default false: they are completed */
  readonly keepRunning?: boolean;
}

/** What an update may say beside percent and counts. */
export interface UpdateOptions {
  /** Worker or shard that the counts are of, 1 to 128 characters; the phase shows the sums. @default none */
  readonly part?: string;
  /** For people; merged like the update. @default the phase's message stays */
  readonly message?: string;
}

/** What a job waits for. */
export interface WaitingInput {
  /** For people. @default null: not said */
  readonly waitingFor?: string | null;
  /** Place in the queue, from 1. @default null: not known */
  readonly queuePosition?: number | null;
}

/** The handle of an ingestion; the same methods as the emitter's. */
export interface ReporterRun {
  readonly projectId: string;
  readonly ingestionId: string;
  /** Aborts when a person asked to cancel, or when the server says that this attempt is over (`CONFLICT`). */
  readonly signal: AbortSignal;
  /** Whether a person asked to cancel. */
  readonly cancelRequested: boolean;
  /** Resolves once the report is queued, so that an outage never blocks the job. */
  emitPhaseStarted(phase: number, message: string, options?: PhaseOptions): Promise<void>;
  /**
   * `percent` is of the phase; null or NaN if unknown. Never waits; merged to one per window, phase and part. Only the
   * newest is kept while the server cannot be reached.
   */
  emitProgressUpdate(
    phase: number,
    percent?: number | null,
    metrics?: MetricsInput | null,
    options?: UpdateOptions,
  ): void;
  /**
   * Counts the items of a loop: `for (const item of run.track(items, { phase: 2 }))`, or `for await`. Reports twice a second
   * and at the loop's end. Once a person asked to cancel, the loop throws the signal's reason instead of the next item.
   */
  readonly track: Track;
  /** A phase is done, also if none begins after it. Resolves once the report is queued. */
  completePhase(phase: number): Promise<void>;
  /** What the job waits for before its first phase. Resolves once the report is queued. */
  reportWaiting(waiting: WaitingInput): Promise<void>;
  /**
   * What went wrong item by item, as many as you like. Known by phase, item and code: a repeat changes nothing. Resolves once
   * they are queued; up to 1,000 are kept while the server cannot be reached.
   */
  reportProblems(problems: readonly ProblemInput[]): Promise<void>;
  /** The job waits on purpose, until a time if it knows one (Unix ms). Resolves once the report is queued. */
  pause(reason: string, until?: number | null): Promise<void>;
  /** The job goes on; any report of progress says so too. Resolves once the report is queued. */
  resume(): Promise<void>;
  /** A sign of life; an open run sends its own. Resolves once the report is queued. */
  heartbeat(): Promise<void>;
  /** Sends what is queued without waiting for the window; resolves once all of it is stored. */
  flush(): Promise<void>;
  /** Resolves once the server has stored it. */
  emitComplete(result: ResultInput): Promise<void>;
  /**
   * Resolves once the server has accepted it. Of an `Error` that was thrown, its class becomes the code. Of several recoverable errors, pauses and resumptions that cannot be sent
   * yet, only the last one is.
   */
  emitError(phase: number | null, error: ErrorInput | Error): Promise<void>;
  /** The job stopped because a person asked it to. Resolves once the server has stored it. */
  confirmCancelled(): Promise<void>;
  /** Stops signs of life and cancel requests; an ending does so, too. A second call does no harm. */
  dispose(): void;
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
  readonly start: StartOptions & { readonly ingestionId: string; readonly attemptKey: string };
  readonly sender: Sender;
  readonly environment: ReporterEnvironment;
  readonly windowMs: number;
  readonly flushTimeoutMs: number;
  readonly handleExit: boolean;
  /** `isAwaited`: a caller gets the error, too. */
  readonly onRejected: (error: ReporterError, isAwaited: boolean) => void;
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

/** A CONFLICT of these may mean that the phase is over, while the ingestion goes on. */
const OF_A_PHASE: ReadonlySet<MutationName> = new Set<MutationName>(['phase', 'phaseCompleted', 'waiting']);

const MAX_PROBLEMS_AT_ONCE = 100;
const MAX_PHASE = 12;
/** As the server's, if the start does not say. */
const DEFAULT_STALE_AFTER_MS = 300_000;
const MIN_HEARTBEAT_MS = 1_000;
const MAX_HEARTBEAT_MS = 60_000;

/** Opens a run: its start is the first report to be sent. */
export function openRun(options: RunOptions): OpenRun {
  const { projectId, start, sender, environment, windowMs } = options;
  const { ingestionId, attemptKey } = start;
  const outbox = createOutbox();
  const unstored = createUnstored();
  const stop = new AbortController();
  const flushers: { resolve: () => void; reject: (error: ReporterError) => void }[] = [];
  const heartbeatMs = Math.min(
    MAX_HEARTBEAT_MS,
    Math.max(MIN_HEARTBEAT_MS, (start.staleAfterMs ?? DEFAULT_STALE_AFTER_MS) / 4),
  );
  let sequence = 0;
  let attempt: number | null = null;
  let windowOpenedAt = Number.NEGATIVE_INFINITY;
  /** Reports of the window that is being sent. */
  let batch = 0;
  let sentAt = environment.monotonicNow();
  let isSending = false;
  let isEnded = false;
  /** Whether the job's last word was a failure: a sign of life would revive it. */
  let isFailed = false;
  let isOver = false;
  let isCancelRequested = false;
  let failure: ReporterError | null = null;
  let cancelWindow: (() => void) | null = null;
  let cancelHeartbeat = (): void => {};

  const closedBy = (): ReporterError | null =>
    failure ?? (isEnded ? new ReporterError('CONFLICT', 'This ingestion has ended.') : null);

  function push(
    mutation: PendingReport['mutation'],
    phase: number | null,
    body: PendingReport['body'],
  ): PendingReport {
    const report = outbox.push({ mutation, phase, body });
    if (mutation !== 'heartbeat' && mutation !== 'problems') isFailed = mutation === 'error';
    if (!isSending && (cancelWindow === null || !outbox.isMergeable)) void sendWhatIsDue();
    return report;
  }

  /** Resolves once queued; if the server refuses it, `onRejected` is called. */
  function enqueue(...report: Parameters<typeof push>): Promise<void> {
    const [, phase] = report;
    const error = closedBy() ?? (phase === null ? null : problemOfPhase(phase));
    if (error !== null) return ignoreRejection(Promise.reject(error));
    push(...report);
    return Promise.resolve();
  }

  /** Resolves once accepted. Meanwhile the process stays alive. */
  function deliver(...report: Parameters<typeof push>): Promise<void> {
    const error = closedBy();
    if (error !== null) return ignoreRejection(Promise.reject(error));
    return outcomeOf(push(...report));
  }

  /** One for all that wait for a report, however many they are. */
  function outcomeOf(report: PendingReport): Promise<void> {
    if (report.outcome === undefined) {
      report.outcome = createOutcome();
      void whileAlive(report.outcome.promise);
    }
    return report.outcome.promise;
  }

  function whileAlive(promise: Promise<void>): Promise<void> {
    const release = environment.hold?.() ?? (() => {});
    promise.then(release, release);
    return ignoreRejection(promise);
  }

  /** The next report, unless all that is queued may still merge with newer ones. */
  function nextDue(): PendingReport | undefined {
    cancelWindow?.();
    cancelWindow = null;
    if (outbox.length === 0) return undefined;
    if (outbox.isMergeable && flushers.length === 0 && batch === 0) {
      const waitMs = windowOpenedAt + windowMs - environment.monotonicNow();
      if (waitMs > 0) {
        cancelWindow = environment.setTimer(waitMs, () => {
          cancelWindow = null;
          void sendWhatIsDue();
        });
        return undefined;
      }
      batch = outbox.length;
      windowOpenedAt = environment.monotonicNow();
    }
    batch = Math.max(0, batch - 1);
    return outbox.shift();
  }

  async function sendWhatIsDue(): Promise<void> {
    if (isSending) return;
    isSending = true;
    for (let next = nextDue(); next !== undefined; next = nextDue()) await settle(next);
    isSending = false;
    if (outbox.length > 0) return;
    for (const { resolve, reject } of flushers.splice(0)) {
      if (failure === null) resolve();
      else reject(failure);
    }
  }

  async function settle(report: PendingReport): Promise<void> {
    let error: ReporterError | null = null;
    try {
      error = closedBy();
      if (error === null) await sendReport(report);
      else if (report.outcome === undefined) return;
    } catch (cause) {
      error =
        cause instanceof ReporterError ? cause : new ReporterError('UNAVAILABLE', String(cause), { cause });
      const isAwaited = report.outcome !== undefined;
      if ((await isFinal(report, error)) || report.mutation === 'start') fail(error, isAwaited);
      else options.onRejected(error, isAwaited);
    }
    // Someone may ask for it later.
    if (report.mutation === 'start') report.outcome ??= createOutcome();
    report.outcome?.settle(error);
  }

  async function sendReport(report: PendingReport): Promise<void> {
    if (report.mutation === 'start') return renew();
    if (report.mutation === 'problems')
      return sendProblems((report.body['problems'] as QueuedProblems).list());
    if (report.mutation === 'update') windowOpenedAt = environment.monotonicNow();
    let result = await sendOnce(report);
    if (result.accepted === false && !isShown(report, result)) {
      // Lost is an answer, or the sequence to another process with the same key. Said again it changes nothing, or counts.
      await renew();
      result = await sendOnce(report);
    }
    sentAt = environment.monotonicNow();
    if (!isEnding(report)) return;
    if (result.accepted === false && !isShown(report, result)) {
      throw new ReporterError('CONFLICT', 'The server did not take this ending; it has a newer report.');
    }
    isEnded = true;
    close();
  }

  function sendNumbered({ mutation, body }: PendingReport): Promise<MutationResult> {
    const numbered = mutation === 'heartbeat' ? {} : { sequence: (sequence += 1) };
    return sender.send(mutation, { projectId, ingestionId, attemptKey, ...numbered, ...body });
  }

  /** Sends it, and again what the server turns out to have lost. */
  async function sendOnce(report: PendingReport): Promise<MutationResult> {
    const result = await sendNumbered(report);
    for (const lost of unstored.answered(report, result, environment.monotonicNow())) {
      await sendNumbered(lost).catch((error: unknown) => {
        // It was not lost; or the attempt is over, which the next report learns.
        if (!(error instanceof ReporterError) || error.code !== 'CONFLICT') throw error;
      });
    }
    return result;
  }

  async function sendProblems(problems: readonly ProblemInput[]): Promise<void> {
    if (problems.length === 0) return;
    if (problems.length > MAX_PROBLEMS_AT_ONCE) {
      await sendProblems(problems.slice(0, MAX_PROBLEMS_AT_ONCE));
      return sendProblems(problems.slice(MAX_PROBLEMS_AT_ONCE));
    }
    try {
      await sender.send('problems', { projectId, ingestionId, attemptKey, problems });
      sentAt = environment.monotonicNow();
    } catch (cause) {
      const isOneOfMany =
        cause instanceof ReporterError && cause.code === 'BAD_USER_INPUT' && problems.length > 1;
      if (!isOneOfMany) throw cause;
      // Without the one that breaks a rule, the others are taken.
      const half = problems.length >> 1;
      const halves = [problems.slice(0, half), problems.slice(half)];
      for (const part of halves) {
        await sendProblems(part).catch((error: unknown) => {
          if (!(error instanceof ReporterError) || FINAL_CODES.has(error.code)) throw error;
          options.onRejected(error, false);
        });
      }
    }
  }

  /** Starts the attempt; again, it is the same start, which tells how far the server is. */
  async function renew(): Promise<void> {
    const result = await sender.send('start', { projectId, ...start });
    const { progress } = result;
    if (progress !== undefined && isOverIn(progress)) {
      throw new ReporterError('CONFLICT', `Ingestion ${ingestionId} has ended; start another one.`);
    }
    attempt = progress?.attempt ?? null;
    sequence = Math.max(sequence, result.lastSequence ?? 0);
    sentAt = environment.monotonicNow();
  }

  /** Whether the state is this very ending. */
  function isShown(report: PendingReport, { progress }: MutationResult): boolean {
    if (progress === undefined || progress.attempt !== attempt || !isOverIn(progress)) return false;
    return isEnding(report) && progress.status === STATUS_AFTER[report.mutation];
  }

  async function isFinal({ mutation }: PendingReport, error: ReporterError): Promise<boolean> {
    if (error.code !== 'CONFLICT' || !OF_A_PHASE.has(mutation)) return FINAL_CODES.has(error.code);
    try {
      await renew();
      return false;
    } catch (cause) {
      return cause instanceof ReporterError && FINAL_CODES.has(cause.code);
    }
  }

  function fail(error: ReporterError, isAwaited: boolean): void {
    if (failure !== null) return;
    failure = error;
    if (error.code === 'CONFLICT') stop.abort(error);
    options.onRejected(error, isAwaited);
    close();
  }

  function close(): void {
    if (isOver) return;
    isOver = true;
    cancelHeartbeat();
    stopExit();
    options.onOver();
  }

  function beat(delayMs: number): void {
    cancelHeartbeat = environment.setTimer(delayMs, () => {
      const silentMs = environment.monotonicNow() - sentAt;
      const isDue = silentMs >= heartbeatMs;
      if (isDue && !isSending && !isFailed && outbox.length === 0) push('heartbeat', null, {});
      beat(isDue ? heartbeatMs : heartbeatMs - silentMs);
    });
  }

  /** Resolves once nothing is queued; rejects if it cannot be sent. */
  function drain(): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => flushers.push({ resolve, reject }));
    void sendWhatIsDue();
    return sent;
  }

  function onExit({ error, isFinal: isLast }: ExitNotice): Promise<void> | null {
    if (failure !== null || isEnded) return null;
    if (error !== null && !isFailed) push('error', null, { phase: null, ...error, recoverable: true });
    if (outbox.length === 0 && !isSending) return null;
    const release = environment.hold?.() ?? (() => {});
    const timeout = new AbortController();
    const finish = (): void => timeout.abort();
    drain().then(finish, finish);
    return sleep(environment, options.flushTimeoutMs, timeout.signal).then(() => {
      if (isLast && (outbox.length > 0 || isSending)) {
        fail(new ReporterError('NO_ANSWER', 'The process ended before every report was sent.'), false);
        sender.dispose();
      }
      release();
    });
  }

  const stopExit = (options.handleExit ? environment.onExit?.(onExit) : undefined) ?? (() => {});
  beat(heartbeatMs);
  const startReport = push('start', null, start);
  const run: Omit<OpenRun, 'track'> = {
    projectId,
    ingestionId,
    signal: stop.signal,
    get cancelRequested() {
      return isCancelRequested;
    },
    get isOpen() {
      return failure === null && !isEnded;
    },
    get started() {
      return outcomeOf(startReport);
    },
    requestCancel(requestedBy) {
      if (isOver) return false;
      isCancelRequested = true;
      stop.abort(new Error(`${requestedBy} asked to cancel.`));
      return true;
    },
    emitPhaseStarted: (phase, message, { keepRunning = false } = {}) =>
      enqueue('phase', phase, { phase, message, ...(keepRunning ? { keepRunning } : {}) }),
    emitProgressUpdate(phase, percent, metrics, details = {}) {
      const problem = problemOfPhase(phase);
      if (problem !== null) throw problem;
      checkNumbers({ metrics });
      // The first refused report was told; this one would be refused, too.
      if (failure !== null || isEnded) return;
      try {
        push('update', phase, {
          phase,
          progressPercent: percentFrom(percent),
          ...(metrics === undefined || metrics === null ? {} : { metrics: { ...metrics } }),
          ...(details.part === undefined ? {} : { part: details.part }),
          ...(details.message === undefined ? {} : { message: details.message }),
        });
      } catch (cause) {
        if (cause instanceof ReporterError) options.onRejected(cause, false);
        else throw cause;
      }
    },
    completePhase: (phase) => enqueue('phaseCompleted', phase, { phase }),
    reportWaiting: ({ waitingFor = null, queuePosition = null }) =>
      enqueue('waiting', null, { waitingFor, queuePosition }),
    reportProblems(given) {
      const problems = createQueuedProblems((message) =>
        options.onRejected(new ReporterError('RATE_LIMITED', message), false),
      );
      for (const problem of given) problems.add(problem);
      return enqueue('problems', null, { problems });
    },
    pause: (reason, until = null) => enqueue('pause', null, { reason, until }),
    resume: () => enqueue('resume', null, {}),
    heartbeat: () => enqueue('heartbeat', null, {}),
    flush() {
      if (failure !== null) return ignoreRejection(Promise.reject(failure));
      const isQueued = outbox.length > 0 || isSending;
      const stored = (isQueued ? drain() : Promise.resolve()).then(async () => {
        // What was taken is in the next event; this waits until it is stored.
        if (isEnded) return;
        const { accepted } = await sender.send('flush', { projectId, ingestionId });
        if (accepted === false) throw new ReporterError('CONFLICT', 'The server did not take this.');
      });
      return whileAlive(stored);
    },
    emitComplete: (result) => deliver('complete', null, { result: sendableResult(result) }),
    emitError: (phase, error) =>
      deliver('error', phase, { phase: isPhase(phase) ? phase : null, ...sendableError(error) }),
    confirmCancelled: () => deliver('cancelled', null, {}),
    dispose: close,
  };
  return Object.assign(run, { track: createTrack(run, environment) });
}

const STATUS_AFTER: Readonly<Partial<Record<MutationName, string>>> = Object.freeze({
  complete: 'COMPLETED',
  error: 'FAILED',
  cancelled: 'CANCELLED',
});

function isOverIn({ status, error }: NonNullable<MutationResult['progress']>): boolean {
  return status === 'FAILED' ? error?.recoverable === false : status !== 'RUNNING';
}

function createOutcome(): NonNullable<PendingReport['outcome']> {
  let settle: NonNullable<PendingReport['outcome']>['settle'] = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    settle = (error) => (error === null ? resolve() : reject(error));
  });
  return { promise: ignoreRejection(promise), settle: (error) => settle(error) };
}

/** A rejected report must not end a job that does not await it; onRejected is called for it too. */
function ignoreRejection<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

const isPhase = (phase: unknown): boolean =>
  Number.isInteger(phase) && (phase as number) >= 1 && (phase as number) <= MAX_PHASE;

function problemOfPhase(phase: number): ReporterError | null {
  if (isPhase(phase)) return null;
  return new ReporterError('BAD_USER_INPUT', `phase: must be 1 to ${MAX_PHASE}, not ${phase}`);
}

/** As the server takes it: a rounding error ends no job, and NaN is unknown. JSON has neither NaN nor infinity. */
function percentFrom(percent: number | null | undefined): number | null {
  if (percent === null || percent === undefined || Number.isNaN(percent)) return null;
  return Math.min(100, Math.max(0, percent));
}

/** JSON turns NaN and infinity into null, which means unknown; all other rules are checked by the server. */
function checkNumbers(value: unknown, path: readonly string[] = []): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new ReporterError('BAD_USER_INPUT', `${path.join('.')}: must be a finite number, not ${value}`);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) checkNumbers(child, [...path, key]);
}
