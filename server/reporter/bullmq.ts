/**
 * Reports the jobs of a BullMQ worker.
 *
 * @module @ingestion-progress/server/bullmq
 */
import type { StartOptions } from '@ingestion-progress/schema';
import type { Job, Processor } from 'bullmq';
import { ReporterError } from './errors.js';
import { REPORTER_DEFAULTS, type ReporterOptions } from './options.js';
import { createReadingReport, readingOf } from './reading.js';
import { createReporter, type OpenedRun, type Reporter } from './reporter.js';
import type { ReporterRun } from './run.js';

/** How jobs are reported. */
export interface BullmqOptions<Data = unknown> extends Omit<ReporterOptions, 'projectId' | 'handleExit'> {
  /** One ingestion of a project runs at a time: another job of the same project runs without being reported. */
  readonly projectId: string | ((job: Job<Data>) => string);
  /**
   * How a job's ingestion starts. @default the job's name as title and only phase; its queue, id and time of creation as id;
   * its number of attempts
   */
  readonly start?: ((job: Job<Data>) => StartOptions) | undefined;
}

/** What a processor gets beside the job: null if the job is not reported. */
export type ReportedProcessor<Data, Result, Name extends string> = (
  job: Job<Data, Result, Name>,
  token: string | undefined,
  signal: AbortSignal,
  run: ReporterRun | null,
) => Promise<Result>;

/** Milliseconds for which a job waits for its start to be stored; then it works, and its reports are queued. */
const START_TIMEOUT_MS = 1_000;

/** Errors by which a processor hands its job back to the queue: the job has not failed. */
const HANDED_BACK: ReadonlySet<string> = new Set([
  'DelayedError',
  'RateLimitError',
  'WaitingError',
  'WaitingChildrenError',
]);

/**
 * Wraps a processor so that each job is one ingestion, and each of the job's attempts is one of the ingestion's.
 * `job.updateProgress` takes a percent or `{ phase, percent, message, done, total, bytes, bytesTotal, problem }`; it and
 * `job.log` are reported and still do what they did. The signal aborts when a person cancels, or when another worker took
 * the job over because this one stalled. A server that can't be reached delays a job, but never fails it.
 *
 * @example
 * import { withProgress } from '@ingestion-progress/server/bullmq';
 * import { Worker, type Job } from 'bullmq';
 *
 * async function ingest(job: Job<{ project: string; pages: string[] }>) {
 *   for (const [index] of job.data.pages.entries()) {
 *     await job.updateProgress({ done: index + 1, total: job.data.pages.length });
 *   }
 * }
 * const endpoint = 'https://progress.example.com/graphql';
 * const processor = withProgress(ingest, { endpoint, token, projectId: (job) => job.data.project });
 * const worker = new Worker('ingestions', processor, { connection: { host: 'redis' } });
 */
export function withProgress<Data = unknown, Result = unknown, Name extends string = string>(
  processor: ReportedProcessor<Data, Result, Name>,
  options: BullmqOptions<Data>,
): Processor<Data, Result, Name> {
  const { projectId, start, ...reporterOptions } = options;
  // BullMQ passes a signal to a processor with three parameters.
  return async (job, token, signal) => {
    const given = job as Job<Data>;
    const reporter = createReporter({
      ...reporterOptions,
      projectId: typeof projectId === 'string' ? projectId : projectId(given),
      // The worker closes in its own way: its jobs then stall, and are taken over.
      handleExit: false,
    });
    const stop = new AbortController();
    const signals = AbortSignal.any([stop.signal, ...(signal === undefined ? [] : [signal])]);
    const opened = await open(reporter, job, { ...startOf(job), ...start?.(given) });
    if (opened === null) {
      reporter.dispose();
      return processor(job, token, signals, null);
    }
    const { run, hasStarted } = opened;
    run.signal.addEventListener('abort', () => {
      // Not if it never started, because another ingestion of the project runs.
      if (run.cancelRequested || hasStarted()) stop.abort(run.signal.reason);
    });
    const report = createReadingReport(run, job.name);
    const { updateProgress, log } = job;
    job.updateProgress = (progress) => {
      const fields = typeof progress === 'object' ? progress : { percent: progress };
      const reading = readingOf({ ...fields });
      if (reading !== null) report.add(reading);
      return updateProgress.call(job, progress);
    };
    job.log = (row) => {
      report.add({ message: row });
      return log.call(job, row);
    };
    const end = async (ending: Promise<void>): Promise<void> => {
      const settled = ending.catch(() => {}).finally(() => reporter.dispose());
      const timeoutMs = options.flushTimeoutMs ?? REPORTER_DEFAULTS.flushTimeoutMs;
      const expired = timer(timeoutMs);
      // A server that never answered does not hold up the queue; it may still come back within this time.
      void expired.promise.then(() => reporter.dispose());
      void settled.then(expired.cancel);
      if (hasStarted()) await Promise.race([settled, expired.promise]);
    };
    try {
      const result = await processor(job, token, signals, run);
      await end(run.emitComplete({}));
      return result;
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      if (run.cancelRequested) {
        await end(run.confirmCancelled());
        // By this name BullMQ knows that the job is not to be tried again.
        throw Object.assign(new Error(error.message, { cause }), { name: 'UnrecoverableError' });
      }
      if (HANDED_BACK.has(error.name)) await end(run.pause(error.message).then(() => run.flush()));
      else {
        const isLast =
          job.attemptsMade + 1 >= (job.opts.attempts ?? 1) || error.name === 'UnrecoverableError';
        const { name: errorCode, message } = error;
        await end(run.emitError(report.phase, { errorCode, message, recoverable: !isLast }));
      }
      throw cause;
    }
  };
}

function startOf(job: Pick<Job, 'id' | 'name' | 'queueName' | 'timestamp' | 'opts'>): StartOptions {
  return {
    // With its time, since a queue that was emptied counts its jobs from 1 again.
    ingestionId: `${job.queueName}:${job.id}:${job.timestamp}`,
    title: job.name,
    phases: [{ name: job.name }],
    // 0 is BullMQ's way to say once.
    maxAttempts: Math.max(1, job.opts.attempts ?? 1),
    cancellable: true,
  };
}

interface Opened {
  readonly run: OpenedRun;
  readonly hasStarted: () => boolean;
}

/** Null if the ingestion cannot be reported. */
async function open(
  reporter: Reporter,
  job: Pick<Job, 'attemptsStarted'>,
  start: StartOptions,
): Promise<Opened | null> {
  const first = await tryToOpen(reporter, start);
  if (first instanceof ReporterError && first.code === 'CONFLICT' && typeof start.ingestionId === 'string') {
    // It has ended, and someone put the job into the queue again.
    const ingestionId = `${start.ingestionId}:${job.attemptsStarted}`;
    const again = await tryToOpen(reporter, { ...start, ingestionId, retryOf: start.ingestionId });
    return again instanceof ReporterError ? null : again;
  }
  return first instanceof ReporterError ? null : first;
}

async function tryToOpen(reporter: Reporter, start: StartOptions): Promise<Opened | ReporterError> {
  const run = reporter.openIngestion(start);
  let isStarted = false;
  const failed = run.started.then(
    () => {
      isStarted = true;
      return null;
    },
    (error: unknown) => error as ReporterError,
  );
  const { promise, cancel } = timer(START_TIMEOUT_MS);
  const error = await Promise.race([failed, promise]);
  cancel();
  return error ?? { run, hasStarted: () => isStarted };
}

/** Resolves with null after this time. It does not keep the process alive. */
function timer(delayMs: number): { readonly promise: Promise<null>; readonly cancel: () => void } {
  let cancel = (): void => {};
  const promise = new Promise<null>((resolve) => {
    const timeout = setTimeout(resolve, delayMs, null);
    timeout.unref();
    cancel = () => clearTimeout(timeout);
  });
  return { promise, cancel };
}
