/**
 * Reports of a job that runs in another process than the server: the emitter's methods over the report mutations, with
 * fetch alone. Leaves each ingestion to its run.
 */
import type { ErrorInput, MetricsInput, ResultInput, StartOptions } from '@ingestion-progress/schema';
import { listenToCommands } from './commands.js';
import { systemEnvironment } from './environment.js';
import { ReporterError } from './errors.js';
import { checkOptions, REPORTER_DEFAULTS, type ReporterOptions } from './options.js';
import { openRun, type OpenRun, type ReporterRun } from './run.js';
import { createSender } from './sender.js';

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
  /** Sends what waits and resolves once all of it was answered. Call it before the process ends. */
  flush(): Promise<void>;
  /** Gives up what waits, and every timer and connection. A second call does no harm. */
  dispose(): void;
}

/**
 * Makes a reporter. Nothing is sent before the first report.
 *
 * @example
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
      const stop = listenToCommands({
        endpoint: options.endpoint,
        projectId: options.projectId,
        sender,
        environment,
        onCommand: ({ kind, ingestionId, requestedBy }) =>
          kind === 'CANCEL' && ingestionId === run.ingestionId ? run.requestCancel(requestedBy) : null,
      });
      listeners.add(stop);
      stopListening = () => {
        stop();
        listeners.delete(stop);
      };
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
    flush: () => current?.flush() ?? Promise.resolve(),
    dispose() {
      sender.dispose();
      for (const stop of listeners) stop();
      listeners.clear();
    },
  };
}
