/**
 * The ingestion job: one run at a time, each reported through the emitter, cancelled and tried again when asked. Leaves
 * the work to the pipeline, and what is searched to the collections.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ProgressError, type IngestionEventEmitter, type IngestionRun } from '@ingestion-progress/server';
import type { PhaseNumber } from '@ingestion-progress/schema';
import type { PipelineResult, Source } from '../pipeline/documents.js';
import { firstPossiblePhase, PHASE_WEIGHTS } from '../pipeline/pipeline.js';
import type { Collections } from './collections.js';
import type { RunningMarks } from './running-mark.js';
import { PipelineError, runInThread } from './run-in-thread.js';

/** How a run came out. */
export type RunOutcome = 'completed' | 'failed' | 'cancelled';

/** A run under way. */
export interface StartedRun {
  readonly ingestionId: string;
  /** Resolves once the ending is stored and published; never rejects. */
  readonly ended: Promise<RunOutcome>;
}

/** What a run begins with. */
export interface RunWish {
  readonly retryOf?: string | undefined;
  /** Where what earlier phases made is kept, phases before this one are skipped. @default 1 */
  readonly fromPhase?: PhaseNumber | undefined;
}

/** The job. */
export interface IngestionJob {
  /** Rejects with a `ProgressError`, `CONFLICT` where one runs already. */
  start(source: Source, wish?: RunWish): Promise<StartedRun>;
  /** The source of the run at hand, or of the one before it. */
  readonly source: Source | null;
  /** Cancels the run at hand, and resolves once it has ended. */
  stop(): Promise<void>;
}

/** What the job stands on. */
export interface IngestionJobOptions {
  readonly emitter: IngestionEventEmitter;
  readonly projectId: string;
  readonly collections: Collections;
  readonly marks: RunningMarks;
  /** Called with a new collection before its ingestion is reported as complete. */
  readonly onPublished: () => Promise<void>;
  /** Whether somebody may ask for another go. */
  readonly canRetry: boolean;
  /** For people, on the terminal. */
  readonly say: (line: string) => void;
}

/** What a failure is called, and what a person is told, by Node's code. */
const FAILURES: Readonly<Record<string, readonly [code: string, message: string]>> = Object.freeze({
  ENOENT: ['SOURCE_GONE', 'The folder is no longer there.'],
  EACCES: ['SOURCE_UNREADABLE', 'The folder may not be read.'],
  ENOSPC: ['DISK_FULL', 'The disk is full; make room under DATA_DIR and try again.'],
  ERR_WORKER_OUT_OF_MEMORY: ['OUT_OF_MEMORY', 'The memory did not suffice; ingest a smaller folder.'],
});

/** Attempts to have an ending stored, each of which the server itself gives 30 s. */
const STORING_ATTEMPTS = 10;
const STORING_PAUSE_MS = 1_000;

/** Makes the job. */
export function createIngestionJob(options: IngestionJobOptions): IngestionJob {
  const { emitter, projectId, collections, marks, say } = options;
  const stopping = new AbortController();
  let isWorking = false;
  let ended: Promise<RunOutcome> | null = null;
  let source: Source | null = null;

  async function work(run: IngestionRun, at: Source, fromPhase: PhaseNumber): Promise<RunOutcome> {
    let phase: PhaseNumber = fromPhase;
    const signal = AbortSignal.any([run.signal, stopping.signal]);
    const request = { source: at, workFolder: collections.workFolder };
    try {
      const result = await runInThread(
        { ...request, fromPhase },
        {
          phaseStarted(number, message) {
            phase = number;
            // A run that is over is heard of by the signal; else the phase's first update starts it as well.
            run.emitPhaseStarted(number, message).catch(() => {});
          },
          progress: (number, percent, metrics) => run.emitProgressUpdate(number, percent, metrics),
        },
        signal,
      );
      await collections.publish(run.ingestionId, at, result.output);
      await options.onPublished();
      await untilStored(() => run.emitComplete(resultOf(result)));
      say(result.summary);
      return 'completed';
    } catch (error) {
      if (run.signal.aborted && !run.cancelRequested) {
        say(`Stopped: ${String(run.signal.reason)}`);
        return 'failed';
      }
      if (signal.aborted) {
        await untilStored(() => run.confirmCancelled());
        say('Cancelled.');
        return 'cancelled';
      }
      const [errorCode, message] = failureOf(error);
      const furthest = await firstPossiblePhase(request, phase);
      const retryOptions = { canRetry: options.canRetry, fromPhase: furthest };
      const failure = { errorCode, message, recoverable: options.canRetry, retryOptions };
      await untilStored(() => run.emitError(phase, failure));
      say(`Failed: ${message}`);
      return 'failed';
    } finally {
      run.dispose();
    }
  }

  return {
    get source() {
      return source;
    },
    async start(at, { retryOf, fromPhase: wished = 1 } = {}) {
      stopping.signal.throwIfAborted();
      if (isWorking) throw new ProgressError('CONFLICT', 'An ingestion is running already.');
      isWorking = true;
      try {
        const fromPhase = await firstPossiblePhase(
          { source: at, workFolder: collections.workFolder },
          wished,
        );
        const run = await emitter.startIngestion(projectId, {
          phaseWeights: [...PHASE_WEIGHTS],
          cancellable: true,
          fromPhase,
          retryOf: retryOf ?? null,
        });
        source = at;
        await marks.set({ ingestionId: run.ingestionId, source: at });
        ended = work(run, at, fromPhase)
          .catch((error: unknown) => {
            // The ending could not be reported: the server marks the ingestion when it notices.
            say(`The ending was not stored: ${String(error)}`);
            return 'failed' as const;
          })
          .finally(async () => {
            await marks.clear();
            isWorking = false;
          });
        return { ingestionId: run.ingestionId, ended };
      } catch (error) {
        isWorking = false;
        throw error;
      }
    },
    async stop() {
      stopping.abort(new Error('The process is ending.'));
      await ended;
    },
  };
}

/** An ending that was not stored in time may be repeated, and is worth it: the work is done. */
async function untilStored(report: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await report();
      return;
    } catch (error) {
      const isPassing = error instanceof ProgressError && error.code === 'UNAVAILABLE';
      if (!isPassing || attempt === STORING_ATTEMPTS) throw error;
      await pause(STORING_PAUSE_MS);
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
