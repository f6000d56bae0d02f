/**
 * Reports of a job that runs in another process than the server: the emitter's methods over the report mutations, with
 * fetch alone. Leaves each ingestion to its run.
 */
import type { ErrorInput, MetricsInput, ResultInput, StartOptions } from '@ingestion-progress/schema';
import { listenToCommands, type CommandAnswer, type CommandListenerOptions } from './commands.js';
import { systemEnvironment } from './environment.js';
import { ReporterError } from './errors.js';
import { checkOptions, REPORTER_DEFAULTS, type ReporterOptions } from './options.js';
import { openRun, type OpenRun, type ReporterRun } from './run.js';
import { createSender } from './sender.js';

/** A person's request for another go. */
export interface RetryRequest {
  readonly ingestionId: string;
  /** The phase to begin at; null where nobody said. */
  readonly fromPhase: number | null;
}

/** Takes a retry request, or says why not. */
export type RetryHandler = (request: RetryRequest) => Promise<CommandAnswer | void> | CommandAnswer | void;

/** Reports for one project. */
export interface Reporter {
  /**
   * Starts an ingestion and resolves once the server has stored it. The same `ingestionId` again is the same start, so
   * that a job that was started again goes on. Rejects with `CONFLICT` where another ingestion of the project runs.
   */
  startIngestion(options?: StartOptions): Promise<ReporterRun>;
  /** Of the running ingestion; phase 1 starts one where none runs. Resolves once the report waits to be sent. */
  emitPhaseStarted(phase: number, message: string): Promise<void>;
  /** Of the running ingestion. `percent` is of the phase; null where not known. Never waits. */
  emitProgressUpdate(phase: number, percent: number | null, metrics?: MetricsInput): void;
  /** Of the running ingestion. Resolves once the server has stored it. */
  emitComplete(result: ResultInput): Promise<void>;
  /** Of the running ingestion. Resolves once the server has taken it. */
  emitError(phase: number | null, error: ErrorInput): Promise<void>;
  /**
   * Takes requests for another go until the returned function is called; the process stays alive for them. The handler
   * should start the job without waiting for its end: a request is NO_RECEIVER after 5 s.
   */
  onRetry(handler: RetryHandler): () => void;
  /** Sends what waits and resolves once all of it was answered. Call it before the process ends. */
  flush(): Promise<void>;
  /** Gives up what waits, and every timer and connection. A second call does no harm. */
  dispose(): void;
}

/**
 * Makes a reporter. Nothing is sent before the first report.
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
 * @throws ReporterError `BAD_USER_INPUT` where an option is wrong.
 */
export function createReporter(options: ReporterOptions): Reporter {
  checkOptions(options);
  const environment = options.environment ?? systemEnvironment;
  const sender = createSender(options, environment);
  const listeners = new Set<() => void>();
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

  function open(start: StartOptions): OpenRun {
    let stopListening = (): void => {};
    const run = openRun({
      projectId: options.projectId,
      start: { ...start, ingestionId: start.ingestionId ?? crypto.randomUUID() },
      sender,
      environment,
      windowMs: options.windowMs ?? REPORTER_DEFAULTS.windowMs,
      onRejected: (error) => options.onRejected?.(error),
      onOver: () => stopListening(),
    });
    if (start.cancellable === true) {
      stopListening = listen(({ kind, ingestionId, requestedBy }) => {
        if (kind !== 'CANCEL' || ingestionId !== run.ingestionId) return null;
        return { accepted: run.requestCancel(requestedBy) };
      });
    }
    return run;
  }

  /** The newest run, over or not: it knows what to answer. */
  function running(): OpenRun {
    if (current !== null) return current;
    throw new ReporterError('CONFLICT', 'No ingestion was started by this reporter; begin with phase 1.');
  }

  return {
    async startIngestion(start = {}) {
      const run = open(start);
      await run.started;
      current = run;
      return run;
    },
    emitPhaseStarted(phase, message) {
      if (phase === 1 && current?.isOpen !== true) current = open({});
      return running().emitPhaseStarted(phase, message);
    },
    emitProgressUpdate: (phase, percent, metrics) => running().emitProgressUpdate(phase, percent, metrics),
    emitComplete: (result) => running().emitComplete(result),
    emitError: (phase, error) => running().emitError(phase, error),
    onRetry: (handler) =>
      listen(async ({ kind, ingestionId, fromPhase }) => {
        if (kind !== 'RETRY') return null;
        return (await handler({ ingestionId, fromPhase })) ?? { accepted: true };
      }),
    flush: () => current?.flush() ?? Promise.resolve(),
    dispose() {
      sender.dispose();
      for (const stop of listeners) stop();
      listeners.clear();
    },
  };
}
