/**
 * What an ingestion job calls: four methods for the running ingestion, and a handle for one of its own. Checks arguments
 * before anything changes; leaves reducing, coalescing and storing to the service.
 */
import { randomUUID } from 'node:crypto';
import {
  isEnded,
  type ErrorInput,
  type IngestionCommand,
  type IngestionProgress,
  type MetricsInput,
  type ResultInput,
  type StartOptions,
} from '@ingestion-progress/schema';
import type { IngestionService } from '../ingestion/service.js';
import { silentLogger, type Logger } from '../observability/logger.js';
import { reduce } from '../progress/reduce.js';
import { isEndingReport, parseReport, type Report } from '../progress/report.js';
import { errorFieldsOf } from '../shared/thrown.js';
import { ProgressError } from '../shared/errors.js';
import type { Unsubscribe } from '../shared/unsubscribe.js';
import { createIngestionRun, UPDATE_REJECTED, type IngestionRun } from './run.js';
import { UpdateBuffer } from '../ingestion/update-buffer.js';

/** A report that was rejected after its call had returned. */
export interface Rejection {
  readonly projectId: string;
  /** Null if the call was for the running ingestion. */
  readonly ingestionId: string | null;
}

/** Options of the emitter. */
export interface EmitterOptions {
  /** @default logs nothing */
  readonly logger?: Logger;
  /** Called for each `emitProgressUpdate` that was rejected after it returned. Must not throw. */
  readonly onRejected?: (error: ProgressError, rejection: Rejection) => void;
}

/** A job's answer to a retry request: nothing or true to accept it, false or a reason to reject it. */
export type RetryAnswer = void | boolean | { readonly accepted: boolean; readonly reason?: string };

/** Reports the progress of ingestions that run in this process. */
export class IngestionEventEmitter {
  private readonly buffers = new Map<string, UpdateBuffer>();
  /** Projects whose first rejection was logged already. */
  private readonly rejected = new Set<string>();
  private readonly logger: Logger;

  /** @internal A server creates its own: `server.emitter`. */
  constructor(
    private readonly service: IngestionService,
    private readonly options: EmitterOptions = {},
  ) {
    this.logger = options.logger ?? silentLogger;
  }

  /**
   * A phase began: those before it are completed or skipped. Starts an ingestion if none is running and `phase` is 1.
   * Rejects with `BAD_USER_INPUT` (path and rule), `CONFLICT`, `RATE_LIMITED` or `UNAVAILABLE`.
   */
  async emitPhaseStarted(projectId: string, phase: number, message: string): Promise<IngestionProgress> {
    const report = this.parse({
      type: 'phase_started',
      report: { projectId, ingestionId: null, phase, message },
    });
    if (phase === 1) {
      const latest = await this.service.read(projectId);
      if (latest === null || startsAnew(latest.progress)) await this.start(projectId);
    }
    return this.send(projectId, report);
  }

  /**
   * Reports progress. Call it as often as you like: updates are coalesced to two per second, and the latest one is always
   * delivered. Returns at once; throws only for arguments that break the schema. A rejection goes to `onRejected`.
   *
   * @param percent Of the phase, 0 to 100; null if not known.
   */
  emitProgressUpdate(
    projectId: string,
    phase: number,
    percent: number | null,
    metrics?: MetricsInput | null,
  ): void {
    let buffer = this.buffers.get(projectId);
    if (buffer === undefined) {
      buffer = new UpdateBuffer({
        enqueue: (producer, at) => this.service.updates.enqueueUpdates(projectId, producer, at),
        projectId,
        ingestionId: null,
        onRejected: (error) => this.onUpdateRejected(error, projectId),
      });
      buffer.check(phase, percent, metrics);
      this.buffers.set(projectId, buffer);
    }
    buffer.put(phase, percent, metrics);
  }

  /** The ingestion completed. Resolves once that is stored and published. */
  async emitComplete(projectId: string, result: ResultInput): Promise<IngestionProgress> {
    const report = this.parse({
      type: 'ingestion_complete',
      report: { projectId, ingestionId: null, result },
    });
    return this.send(projectId, report);
  }

  /**
   * The ingestion failed; for good, unless `recoverable`. `phase` is null if it failed before the first. Of an `Error` that
   * was thrown, its class becomes the code.
   */
  async emitError(
    projectId: string,
    phase: number | null,
    error: ErrorInput | Error,
  ): Promise<IngestionProgress> {
    const report = this.parse({
      type: 'error',
      report: { ...errorFieldsOf(error), projectId, ingestionId: null, phase },
    });
    return this.send(projectId, report);
  }

  /**
   * Starts an ingestion, stored before this resolves, and returns a handle that reports to it and no other. If an ingestion
   * with the same `ingestionId` runs or has failed recoverably, this is its next attempt: an earlier handle's reports are
   * rejected with `CONFLICT`, and its `signal` aborts.
   */
  async startIngestion(projectId: string, options: StartOptions = {}): Promise<IngestionRun> {
    const attemptKey = options.attemptKey ?? randomUUID();
    const { progress } = await this.service.start({ ...options, projectId, attemptKey }, 'in-process');
    this.rejected.delete(projectId);
    return createIngestionRun({
      service: this.service,
      logger: this.logger,
      progress,
      attemptKey,
      onRejected: (error) => this.notifyRejected(error, { projectId, ingestionId: progress.id }),
    });
  }

  /**
   * Handles retry requests of a project, made on any server. The handler decides; it should start the job without waiting
   * for its end: a request becomes NO_RECEIVER after 5 s. Resolves once attached, with a function that detaches it.
   */
  async onRetry(
    projectId: string,
    handler: (command: IngestionCommand) => RetryAnswer | Promise<RetryAnswer>,
  ): Promise<Unsubscribe> {
    return this.service.watchCommands(projectId, (command) => {
      if (command.kind !== 'RETRY') return;
      this.answerRetry(command, handler).catch((cause: unknown) =>
        this.logger.error({ projectId, commandId: command.id, cause }, 'retry request not answered'),
      );
    });
  }

  private async answerRetry(
    command: IngestionCommand,
    handler: (command: IngestionCommand) => RetryAnswer | Promise<RetryAnswer>,
  ): Promise<void> {
    let accepted = true;
    let reason: string | null = null;
    try {
      const answer = await handler(command);
      if (typeof answer === 'boolean') accepted = answer;
      else if (typeof answer === 'object') ({ accepted, reason = null } = answer);
    } catch (cause) {
      this.logger.error(
        { projectId: command.projectId, commandId: command.id, cause },
        'retry handler threw',
      );
      accepted = false;
      reason = 'The job could not be started again.';
    }
    const { projectId, id } = command;
    await this.service.acknowledgeCommand({ projectId, commandId: id, accepted, reason });
  }

  private async start(projectId: string): Promise<void> {
    try {
      await this.service.start({ projectId }, 'in-process');
      this.rejected.delete(projectId);
    } catch (error) {
      // Another call was first: this one continues with the ingestion that it started.
      if (!(error instanceof ProgressError) || error.code !== 'CONFLICT') throw error;
    }
  }

  /** Checks a report; logs what had to be adjusted in an error or an ending. */
  private parse(given: Report): Report {
    const { report, adjustments } = parseReport(given, 'in-process');
    const { projectId } = report.report;
    if (adjustments.length > 0) this.logger.warn({ projectId, adjustments }, 'report adjusted');
    return report;
  }

  private async send(projectId: string, report: Report): Promise<IngestionProgress> {
    const isEnding = isEndingReport(report);
    const { record } = await this.service.submit(
      projectId,
      (base, nowMs) => reduce(base, report, nowMs),
      isEnding,
    );
    if (isEnding) this.buffers.delete(projectId);
    return record.progress;
  }

  private notifyRejected(error: ProgressError, rejection: Rejection): void {
    try {
      this.options.onRejected?.(error, rejection);
    } catch (cause) {
      this.logger.error({ ...rejection, cause }, 'onRejected threw');
    }
  }

  private onUpdateRejected(error: ProgressError, projectId: string): void {
    if (!this.rejected.has(projectId)) {
      this.rejected.add(projectId);
      this.logger.warn({ projectId, code: error.code, reason: error.message }, UPDATE_REJECTED);
    }
    this.notifyRejected(error, { projectId, ingestionId: null });
  }
}

/** True if a start of phase 1 begins another ingestion, false if it continues this one. */
function startsAnew(progress: IngestionProgress): boolean {
  if (isEnded(progress)) return true;
  if (progress.status !== 'FAILED') return false;
  // An interrupted job, or one that was in a later phase, does not continue with the first.
  return progress.currentPhase > 1 || progress.error?.errorCode === 'INGESTION_INTERRUPTED';
}
