/** The handle of one ingestion that runs in this process: reports for it and no other, and a signal that stops the job. */
import {
  isEnded,
  type ErrorInput,
  type IngestionCommand,
  type IngestionProgress,
  type MetricsInput,
  type ProblemInput,
  type ResultInput,
} from '@ingestion-progress/schema';
import type { IngestionService } from '../ingestion/service.js';
import type { Logger } from '../observability/logger.js';
import type { Report } from '../progress/report.js';
import { ProgressError } from '../shared/errors.js';
import { systemClock } from '../shared/clock.js';
import { errorFieldsOf } from '../shared/thrown.js';
import { createTrack, type Track } from '../shared/track.js';
import type { Unsubscribe } from '../shared/unsubscribe.js';
import { UpdateBuffer } from '../ingestion/update-buffer.js';

/** Logged for the first rejected update of an ingestion. */
export const UPDATE_REJECTED = 'progress update rejected';

/** The abort reason of a run's signal after a person asked to cancel. */
export class CancelRequested extends Error {
  override readonly name = 'CancelRequested';

  constructor(
    /** Token subject that asked. */
    readonly requestedBy: string,
  ) {
    super(`Cancelled by ${requestedBy}.`);
  }
}

/** One ingestion, as its job sees it. Every awaited method rejects with `ProgressError`. */
export interface IngestionRun {
  readonly projectId: string;
  readonly ingestionId: string;
  /**
   * Aborted when the job should stop: a person asked to cancel (`reason` is a `CancelRequested`; stop, then
   * `confirmCancelled`), or its reports are rejected because the ingestion ended or was replaced (`reason` is a
   * `ProgressError` `CONFLICT`; there is nothing more to report).
   */
  readonly signal: AbortSignal;
  /** True once a person asked to cancel. */
  readonly cancelRequested: boolean;
  /** A phase began. Those before it are completed or skipped, unless `keepRunning`. */
  emitPhaseStarted(phase: number, message: string, options?: PhaseOptions): Promise<IngestionProgress>;
  /**
   * Returns at once; throws only for arguments that break the schema. A rejection aborts `signal`.
   *
   * @param percent Of the phase, 0 to 100; null or NaN if not known. Worked out from bytes or items if never given.
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
  /** A phase is done, also if none begins after it. */
  completePhase(phase: number): Promise<IngestionProgress>;
  /** What the job waits for before its first phase. */
  reportWaiting(waiting: WaitingInput): Promise<IngestionProgress>;
  /**
   * What went wrong item by item, 1 to 100 at once, at most 10 calls a second; resolves once it is stored. Known by phase, item
   * and code: a repeat changes nothing.
   */
  reportProblems(problems: readonly ProblemInput[]): Promise<IngestionProgress>;
  /** The job waits on purpose: no stall until it goes on, or until the time it gave (ms since the epoch) is over. */
  pause(reason: string, until?: number | null): Promise<IngestionProgress>;
  /** The job goes on; any report of progress says so too. */
  resume(): Promise<IngestionProgress>;
  /** A sign of life, for a job that has nothing new to say. */
  heartbeat(): Promise<IngestionProgress>;
  /** Resolves once everything reported so far is stored; rejects with `UNAVAILABLE` if the store is away. */
  flush(): Promise<void>;
  emitComplete(result: ResultInput): Promise<IngestionProgress>;
  /** The ingestion failed; for good, unless `recoverable`. Of an `Error` that was thrown, its class becomes the code. */
  emitError(phase: number | null, error: ErrorInput | Error): Promise<IngestionProgress>;
  /** The job stopped because a person asked it to. */
  confirmCancelled(): Promise<IngestionProgress>;
  /** Stops listening to cancel requests; an ending does so, too. A second call does no harm. */
  dispose(): void;
}

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

/** Options of a run. */
export interface IngestionRunOptions {
  readonly service: IngestionService;
  readonly logger: Logger;
  /** The state at its start. */
  readonly progress: IngestionProgress;
  /** Key of its attempt. */
  readonly attemptKey: string | null;
  readonly onRejected: (error: ProgressError) => void;
}

/** Creates the handle; if the ingestion is cancellable, once it receives cancel requests. */
export async function createIngestionRun(options: IngestionRunOptions): Promise<IngestionRun> {
  const { service, logger, progress, attemptKey } = options;
  const { projectId, id: ingestionId, cancellable } = progress;
  const controller = new AbortController();
  let hasRejection = false;
  let stopWatching: Unsubscribe = () => undefined;

  /** Another ingestion replaced it, or it was ended elsewhere: no cancel request will follow. */
  const stop = (error: ProgressError) => {
    controller.abort(error);
    stopWatching();
  };

  const onRejected = (error: ProgressError) => {
    if (!hasRejection) {
      hasRejection = true;
      logger.warn({ projectId, ingestionId, code: error.code, reason: error.message }, UPDATE_REJECTED);
    }
    if (error.code === 'CONFLICT') stop(error);
    options.onRejected(error);
  };
  const enqueue: UpdateBuffer['enqueue'] = (producer, phase) =>
    service.updates.enqueueUpdates(projectId, producer, phase);
  const buffer = new UpdateBuffer({ enqueue, projectId, ingestionId, attemptKey, onRejected });

  const isOpen = () => {
    const latest = service.live(projectId)?.progress;
    return latest?.id === ingestionId && latest.attempt === progress.attempt && !isEnded(latest);
  };

  const send = async (report: Report): Promise<IngestionProgress> => {
    try {
      return (await service.report(report)).progress;
    } catch (error) {
      const isConflict = error instanceof ProgressError && error.code === 'CONFLICT';
      // A report for an earlier phase is a conflict, too, but no reason to stop.
      if (isConflict && !isOpen()) stop(error);
      throw error;
    }
  };
  const end = async (report: Report): Promise<IngestionProgress> => {
    const ended = await send(report);
    stopWatching();
    return ended;
  };

  const acceptCancel = (command: IngestionCommand) => {
    if (command.kind !== 'CANCEL' || command.ingestionId !== ingestionId) return;
    controller.abort(new CancelRequested(command.requestedBy));
    const { id: commandId } = command;
    service
      .acknowledgeCommand({ projectId, commandId, accepted: true, reason: null })
      .catch((cause: unknown) =>
        logger.warn(
          { projectId, ingestionId, commandId, cause },
          'cancel request accepted but not acknowledged',
        ),
      );
  };
  if (cancellable) {
    // It runs even if it receives no cancel requests; the server then executes them.
    stopWatching = await service.watchCommands(projectId, acceptCancel).catch((cause: unknown) => {
      logger.warn({ projectId, ingestionId, cause }, 'cancel requests unavailable');
      return stopWatching;
    });
  }

  const address = { projectId, ingestionId, attemptKey };
  const run: Omit<IngestionRun, 'track'> = {
    projectId,
    ingestionId,
    signal: controller.signal,
    get cancelRequested() {
      return controller.signal.reason instanceof CancelRequested;
    },
    emitPhaseStarted: (phase, message, { keepRunning = false } = {}) =>
      send({ type: 'phase_started', report: { ...address, phase, message, keepRunning } }),
    emitProgressUpdate: (phase, percent, metrics, details) => buffer.put(phase, percent, metrics, details),
    completePhase: (phase) => send({ type: 'phase_completed', report: { ...address, phase } }),
    reportWaiting: (waiting) => send({ type: 'waiting', report: { ...address, ...waiting } }),
    reportProblems: (problems) => send({ type: 'problems', report: { ...address, problems: [...problems] } }),
    pause: (reason, until = null) => send({ type: 'pause', report: { ...address, reason, until } }),
    resume: () => send({ type: 'resume', report: address }),
    heartbeat: () => send({ type: 'heartbeat', report: address }),
    flush: async () => {
      await service.flushReports(projectId, ingestionId);
    },
    emitComplete: (result) => end({ type: 'ingestion_complete', report: { ...address, result } }),
    emitError: (phase, given) => {
      const error = errorFieldsOf(given);
      const report: Report = { type: 'error', report: { ...error, ...address, phase } };
      return error.recoverable ? send(report) : end(report);
    },
    confirmCancelled: () => end({ type: 'cancelled', report: address }),
    dispose: () => stopWatching(),
  };
  return Object.assign(run, { track: createTrack(run, systemClock) });
}
