/** The handle of one ingestion that runs in this process: reports for it and no other, and a signal that says stop. */
import {
  isEnded,
  type ErrorInput,
  type IngestionCommand,
  type IngestionProgress,
  type MetricsInput,
  type ResultInput,
} from '@ingestion-progress/schema';
import type { Unsubscribe } from '../bus/event-bus.js';
import { ProgressError } from '../shared/errors.js';
import type { Logger } from '../observability/logger.js';
import type { IngestionService } from '../ingestion/service.js';
import type { Report } from '../progress/report.js';
import { createUpdateLane } from './update-buffer.js';

/** What the log says of an update that was refused, once for an ingestion. */
export const REFUSED = 'a progress update was refused';

/** Why a run's signal was aborted by a person's request. */
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
   * `confirmCancelled`), or its reports are refused because the ingestion ended or was replaced (`reason` is a
   * `ProgressError` `CONFLICT`; there is nothing more to report).
   */
  readonly signal: AbortSignal;
  /** True once a person asked to cancel. */
  readonly cancelRequested: boolean;
  emitPhaseStarted(phase: number, message: string): Promise<IngestionProgress>;
  /** Returns at once; throws only what breaks the schema. A refusal aborts `signal`. */
  emitProgressUpdate(phase: number, percent?: number | null, metrics?: MetricsInput | null): void;
  emitComplete(result: ResultInput): Promise<IngestionProgress>;
  emitError(phase: number | null, error: ErrorInput): Promise<IngestionProgress>;
  /** The job stopped because it was asked to. */
  confirmCancelled(): Promise<IngestionProgress>;
  /** Stops listening to requests; done by itself at an ending. A second call does no harm. */
  dispose(): void;
}

/** Options of a run. */
export interface IngestionRunOptions {
  readonly service: IngestionService;
  readonly logger: Logger;
  /** The state at its start. */
  readonly progress: IngestionProgress;
  readonly onRejected: (error: ProgressError) => void;
}

/** Makes the handle, once it hears cancel requests where its ingestion is cancellable. */
export async function createIngestionRun(options: IngestionRunOptions): Promise<IngestionRun> {
  const { service, logger, progress } = options;
  const { projectId, id: ingestionId, cancellable } = progress;
  const controller = new AbortController();
  let wasRefused = false;
  let stopWatching: Unsubscribe = () => undefined;

  /** Another ingestion took its place, or somebody else ended it: there is nothing more to hear. */
  const stop = (error: ProgressError) => {
    controller.abort(error);
    stopWatching();
  };

  const refused = (error: ProgressError) => {
    if (!wasRefused) {
      wasRefused = true;
      logger.warn({ projectId, ingestionId, code: error.code, reason: error.message }, REFUSED);
    }
    if (error.code === 'CONFLICT') stop(error);
    options.onRejected(error);
  };
  const lane = createUpdateLane(service, projectId, ingestionId, refused);

  const isOpen = () => {
    const latest = service.live(projectId)?.progress;
    return latest?.id === ingestionId && !isEnded(latest);
  };

  const send = async (report: Report): Promise<IngestionProgress> => {
    try {
      return (await service.report(report)).progress;
    } catch (error) {
      const isConflict = error instanceof ProgressError && error.code === 'CONFLICT';
      // A phase that is over is a conflict, too, and no reason to stop.
      if (isConflict && !isOpen()) stop(error);
      throw error;
    }
  };
  const end = async (report: Report): Promise<IngestionProgress> => {
    const ended = await send(report);
    stopWatching();
    return ended;
  };

  const takeCancel = (command: IngestionCommand) => {
    if (command.kind !== 'CANCEL' || command.ingestionId !== ingestionId) return;
    controller.abort(new CancelRequested(command.requestedBy));
    const { id: commandId } = command;
    service
      .acknowledgeCommand({ projectId, commandId, accepted: true, reason: null })
      .catch((cause: unknown) =>
        logger.warn(
          { projectId, ingestionId, commandId, cause },
          'a cancel request was taken, but not answered',
        ),
      );
  };
  if (cancellable) {
    // It runs all the same where it cannot hear; the server then carries a cancel request out.
    stopWatching = await service.watchCommands(projectId, takeCancel).catch((cause: unknown) => {
      logger.warn({ projectId, ingestionId, cause }, 'cancel requests are not heard');
      return stopWatching;
    });
  }

  const address = { projectId, ingestionId };
  return {
    projectId,
    ingestionId,
    signal: controller.signal,
    get cancelRequested() {
      return controller.signal.reason instanceof CancelRequested;
    },
    emitPhaseStarted: (phase, message) =>
      send({ type: 'phase_started', report: { ...address, phase, message } }),
    emitProgressUpdate: (phase, percent, metrics) => lane.put(phase, percent, metrics),
    emitComplete: (result) => end({ type: 'ingestion_complete', report: { ...address, result } }),
    emitError: (phase, error) => {
      const report: Report = { type: 'error', report: { ...error, ...address, phase } };
      return error.recoverable ? send(report) : end(report);
    },
    confirmCancelled: () => end({ type: 'cancelled', report: address }),
    dispose: () => stopWatching(),
  };
}
