/**
 * The ingestion job: one run at a time, reported through the emitter; can be cancelled and retried. The pipeline does the
 * work, the collections keep the result.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ProgressError, type IngestionEventEmitter, type IngestionRun } from '@ingestion-progress/server';
import type { PipelineResult, Source } from '../pipeline/documents.js';
import { firstPossiblePhase, PHASE_WEIGHTS } from '../pipeline/pipeline.js';
import type { Collections } from './collections.js';
import type { RunMarker } from './run-marker.js';
import { PipelineError, runInThread } from './run-in-thread.js';

/** How a run ended. */
export type RunOutcome = 'completed' | 'failed' | 'cancelled';

/** A run that was started. */
export interface StartedRun {
  readonly ingestionId: string;
  /** Resolves when the ending is stored and published; never rejects. */
  readonly ended: Promise<RunOutcome>;
}

/** Options of a run. */
export interface RunOptions {
  readonly retryOf?: string | undefined;
  /** Phases before this one are skipped if their results are still there. @default 1 */
  readonly fromPhase?: number | undefined;
}

/** The job. */
export interface IngestionJob {
  /** Rejects with a `ProgressError` `CONFLICT` if a run is in progress. */
  start(source: Source, options?: RunOptions): Promise<StartedRun>;
  /** The source of the current or the latest run. */
  readonly source: Source | null;
  /** Cancels the current run; resolves when it has ended. */
  stop(): Promise<void>;
}

/** Options of the job. */
export interface IngestionJobOptions {
  readonly emitter: IngestionEventEmitter;
  readonly projectId: string;
  readonly collections: Collections;
  readonly runMarker: RunMarker;
  /** Called with a new collection before its ingestion is reported as complete. */
  readonly onPublished: () => Promise<void>;
  /** Whether a failed run can be retried. */
  readonly canRetry: boolean;
  /** Prints a line to the terminal. */
  readonly print: (line: string) => void;
}

/** Error code and message of a failure, by Node's error code. */
const FAILURES: Readonly<Record<string, readonly [code: string, message: string]>> = Object.freeze({
  ENOENT: ['SOURCE_GONE', 'The folder no longer exists.'],
  EACCES: ['SOURCE_UNREADABLE', 'No permission to read the folder.'],
  ENOSPC: ['DISK_FULL', 'The disk is full. Free some space under DATA_DIR and retry.'],
  ERR_WORKER_OUT_OF_MEMORY: ['OUT_OF_MEMORY', 'Out of memory. Ingest a smaller folder.'],
});

/** Attempts to store an ending; the server gives each of them 30 s. */
const STORE_ATTEMPTS = 10;
const STORE_RETRY_DELAY_MS = 1_000;

/** Creates the job. */
export function createIngestionJob(options: IngestionJobOptions): IngestionJob {
  const { emitter, projectId, collections, runMarker, print } = options;
  const stopping = new AbortController();
  let isWorking = false;
  let ended: Promise<RunOutcome> | null = null;
  let source: Source | null = null;

  async function work(run: IngestionRun, at: Source, fromPhase: number): Promise<RunOutcome> {
    let phase: number = fromPhase;
    const signal = AbortSignal.any([run.signal, stopping.signal]);
    const request = { source: at, workFolder: collections.workFolder };
    try {
      const result = await runInThread(
        { ...request, fromPhase },
        {
          phaseStarted(number, message) {
            phase = number;
            // If the run is over, the signal aborts it; otherwise the first update starts the phase as well.
            run.emitPhaseStarted(number, message).catch(() => {});
          },
          progress: (number, percent, metrics) => run.emitProgressUpdate(number, percent, metrics),
        },
        signal,
      );
      await collections.publish(run.ingestionId, at, result.output);
      await options.onPublished();
      await untilStored(() => run.emitComplete(resultOf(result)));
      print(result.summary);
      return 'completed';
    } catch (error) {
      if (run.signal.aborted && !run.cancelRequested) {
        print(`Stopped: ${String(run.signal.reason)}`);
        return 'failed';
      }
      if (signal.aborted) {
        await untilStored(() => run.confirmCancelled());
        print('Cancelled.');
        return 'cancelled';
      }
      const [errorCode, message] = failureOf(error);
      const furthest = await firstPossiblePhase(request, phase);
      const retryOptions = { canRetry: options.canRetry, fromPhase: furthest };
      const failure = { errorCode, message, recoverable: options.canRetry, retryOptions };
      await untilStored(() => run.emitError(phase, failure));
      print(`Failed: ${message}`);
      return 'failed';
    } finally {
      run.dispose();
    }
  }

  return {
    get source() {
      return source;
    },
    async start(at, { retryOf, fromPhase: requested = 1 } = {}) {
      stopping.signal.throwIfAborted();
      if (isWorking) throw new ProgressError('CONFLICT', 'An ingestion is already running.');
      isWorking = true;
      try {
        const fromPhase = await firstPossiblePhase(
          { source: at, workFolder: collections.workFolder },
          requested,
        );
        const run = await emitter.startIngestion(projectId, {
          phaseWeights: [...PHASE_WEIGHTS],
          cancellable: true,
          fromPhase,
          retryOf: retryOf ?? null,
        });
        source = at;
        await runMarker.set({ ingestionId: run.ingestionId, source: at });
        ended = work(run, at, fromPhase)
          .catch((error: unknown) => {
            // The ending could not be reported: the server will mark the ingestion as stalled.
            print(`The ending was not stored: ${String(error)}`);
            return 'failed' as const;
          })
          .finally(async () => {
            await runMarker.clear();
            isWorking = false;
          });
        return { ingestionId: run.ingestionId, ended };
      } catch (error) {
        isWorking = false;
        throw error;
      }
    },
    async stop() {
      stopping.abort(new Error('The process is shutting down.'));
      await ended;
    },
  };
}

/** Repeats an ending that was not stored in time: the work is done and should not be lost. */
async function untilStored(report: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await report();
      return;
    } catch (error) {
      const isTransient = error instanceof ProgressError && error.code === 'UNAVAILABLE';
      if (!isTransient || attempt === STORE_ATTEMPTS) throw error;
      await pause(STORE_RETRY_DELAY_MS);
    }
  }
}

function resultOf(result: PipelineResult) {
  const { itemsProcessed, itemsFailed, bytesProcessed, summary, output } = result;
  return { itemsProcessed, itemsFailed, bytesProcessed, summary, output };
}

function failureOf(error: unknown): readonly [code: string, message: string] {
  const known = error instanceof PipelineError && error.code !== null ? FAILURES[error.code] : undefined;
  return known ?? ['INGESTION_FAILED', error instanceof Error ? error.message : String(error)];
}
