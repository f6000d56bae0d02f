/**
 * Reports from a job in another process than the server: the emitter's methods over the report mutations, with fetch
 * only. Leaves each ingestion to its run.
 */
import type { ErrorInput, MetricsInput, ResultInput, StartOptions } from '@ingestion-progress/schema';
import { listenToCommands, type CommandAnswer, type CommandListenerOptions } from './commands.js';
import { systemEnvironment } from './environment.js';
import { ReporterError } from './errors.js';
import { checkOptions, REPORTER_DEFAULTS, type ReporterOptions } from './options.js';
import { openRun, type OpenRun, type PhaseOptions, type ReporterRun, type UpdateOptions } from './run.js';
import { createSender } from './sender.js';

/** A person's request to retry an ingestion. */
export interface RetryRequest {
  readonly ingestionId: string;
  /** The phase to begin at; null for the first. */
  readonly fromPhase: number | null;
}

/** Accepts a retry request, or returns why not. */
export type RetryHandler = (request: RetryRequest) => Promise<CommandAnswer | void> | CommandAnswer | void;

/** An ingestion whose start the server may not have stored yet. */
export interface OpenedRun extends ReporterRun {
  /** Resolves and rejects as `startIngestion`. */
  readonly started: Promise<void>;
}

/** Reports for one project. */
export interface Reporter {
  /**
   * Starts an ingestion and resolves once the server has stored it. If one with the same `ingestionId` runs or has failed
   * recoverably, this is its next attempt: the earlier run's reports are rejected with `CONFLICT`, and its `signal` aborts.
   * Workers that share one attempt give the same `attemptKey`. Rejects with `CONFLICT` if that ingestion has ended, or
   * another one of the project is running.
   */
  startIngestion(options?: StartOptions): Promise<ReporterRun>;
  /** As `startIngestion`, without waiting for the server: reports are queued until it has stored the start. */
  openIngestion(options?: StartOptions): OpenedRun;
  /** For the running ingestion; phase 1 starts one if none is running. Resolves once the report is queued. */
  emitPhaseStarted(phase: number, message: string, options?: PhaseOptions): Promise<void>;
  /** For the running ingestion. `percent` is of the phase; null if unknown. Never waits. */
  emitProgressUpdate(
    phase: number,
    percent?: number | null,
    metrics?: MetricsInput | null,
    options?: UpdateOptions,
  ): void;
  /** For the running ingestion. Resolves once the server has stored it. */
  emitComplete(result: ResultInput): Promise<void>;
  /** For the running ingestion. Resolves once the server has accepted it. */
  emitError(phase: number | null, error: ErrorInput | Error): Promise<void>;
  /**
   * Receives retry requests until the returned function is called; the process stays alive for them. The handler should
   * start the job without waiting for its end: a request that is not answered within 5 s fails.
   */
  onRetry(handler: RetryHandler): () => void;
  /** Sends what is queued; resolves once all of it is settled. Call it before the process ends. */
  flush(): Promise<void>;
  /** Drops what is queued, and closes every timer and connection. A second call does no harm. */
  dispose(): void;
}

/**
 * Creates a reporter. Nothing is sent before the first report.
 *
 * @example
 * import { createReporter } from '@ingestion-progress/server/reporter';
 *
 * const reporter = createReporter({ endpoint: 'https://progress.example.com/graphql', token, projectId: 'p1' });
 * const run = await reporter.startIngestion({ cancellable: true });
 * await run.emitPhaseStarted(1, 'Reading the folder');
 * run.emitProgressUpdate(1, 42.5, { itemsProcessed: 425, itemsTotal: 1000 });
 * await run.emitComplete({ itemsProcessed: 1000, itemsFailed: 0 });
 *
 * @throws ReporterError `BAD_USER_INPUT` if an option is wrong.
 */
export function createReporter(options: ReporterOptions): Reporter {
  checkOptions(options);
  const environment = options.environment ?? systemEnvironment;
  const sender = createSender(options, environment);
  const listeners = new Set<() => void>();
  const runs = new Set<OpenRun>();
  let current: OpenRun | null = null;

  function listen(onCommand: CommandListenerOptions['onCommand']): () => void {
    const { endpoint, projectId } = options;
    const stop = listenToCommands({ endpoint, projectId, sender, environment, onCommand });
    listeners.add(stop);
    return () => {
      stop();
      listeners.delete(stop);
    };
  }

  function rejected(error: ReporterError, isAwaited: boolean, isFirst: boolean): void {
    if (options.onRejected !== undefined) options.onRejected(error);
    else if (isFirst && !isAwaited && options.quiet !== true) {
      const { code, message } = error;
      console.warn(
        `ingestion-progress: a report of project ${options.projectId} was rejected (${code}): ${message}`,
      );
    }
  }

  function open(start: StartOptions): OpenRun {
    let stopListening = (): void => {};
    let hasRejection = false;
    const run = openRun({
      projectId: options.projectId,
      start: {
        ...start,
        ingestionId: start.ingestionId ?? crypto.randomUUID(),
        attemptKey: start.attemptKey ?? crypto.randomUUID(),
      },
      sender,
      environment,
      windowMs: options.windowMs ?? REPORTER_DEFAULTS.windowMs,
      flushTimeoutMs: options.flushTimeoutMs ?? REPORTER_DEFAULTS.flushTimeoutMs,
      handleExit: options.handleExit ?? true,
      onRejected(error, isAwaited) {
        rejected(error, isAwaited, !hasRejection);
        hasRejection ||= !isAwaited;
      },
      onOver() {
        stopListening();
        runs.delete(run);
      },
    });
    runs.add(run);
    if (start.cancellable === true) {
      stopListening = listen(({ kind, ingestionId, requestedBy }) => {
        if (kind !== 'CANCEL' || ingestionId !== run.ingestionId) return null;
        return { accepted: run.requestCancel(requestedBy) };
      });
    }
    return run;
  }

  /** The newest run, ended or not. */
  function running(): OpenRun {
    if (current !== null) return current;
    throw new ReporterError('CONFLICT', 'This reporter has started no ingestion; begin with phase 1.');
  }

  return {
    async startIngestion(start = {}) {
      const run = open(start);
      await run.started;
      current = run;
      return run;
    },
    openIngestion: (start = {}) => (current = open(start)),
    emitPhaseStarted(phase, message, phaseOptions) {
      if (phase === 1 && current?.isOpen !== true) current = open({});
      return running().emitPhaseStarted(phase, message, phaseOptions);
    },
    emitProgressUpdate: (...update) => running().emitProgressUpdate(...update),
    emitComplete: (result) => running().emitComplete(result),
    emitError: (phase, error) => running().emitError(phase, error),
    onRetry(handler) {
      const release = environment.hold?.() ?? (() => {});
      const stop = listen(async ({ kind, ingestionId, fromPhase }) => {
        if (kind !== 'RETRY') return null;
        return (await handler({ ingestionId, fromPhase })) ?? { accepted: true };
      });
      const stopHolding = (): void => {
        release();
        stop();
        listeners.delete(stopHolding);
      };
      listeners.add(stopHolding);
      return stopHolding;
    },
    flush: () => current?.flush() ?? Promise.resolve(),
    dispose() {
      sender.dispose();
      for (const run of runs) run.dispose();
      for (const stop of listeners) stop();
      listeners.clear();
    },
  };
}
