/**
 * What an ingestion job calls: four methods for the ingestion that runs, and a handle for one of its own. Checks what
 * it is told before anything changes; leaves folding, merging and storing to the service.
 */
import {
  describeIssues,
  isEnded,
  reportSchemas,
  type ErrorInput,
  type IngestionCommand,
  type IngestionProgress,
  type MetricsInput,
  type ResultInput,
  type StartOptions,
} from '@ingestion-progress/schema';
import type { Unsubscribe } from '../bus/event-bus.js';
import { ProgressError } from '../shared/errors.js';
import { silentLogger, type Logger } from '../observability/logger.js';
import { createIngestionRun, REFUSED, type IngestionRun } from './run.js';
import { createUpdateLane, type UpdateLane } from './update-buffer.js';
import type { IngestionService } from '../ingestion/service.js';
import type { Report } from '../progress/report.js';
import { foldOf } from '../ingestion/batch.js';

/** A report that was refused after its call had returned. */
export interface Rejection {
  readonly projectId: string;
  /** Null where the call was for whatever ingestion runs. */
  readonly ingestionId: string | null;
}

/** Options of the emitter. */
export interface EmitterOptions {
  /** @default says nothing */
  readonly logger?: Logger;
  /** Told of each `emitProgressUpdate` that was refused, which has nobody to throw to. Must not throw. */
  readonly onRejected?: (error: ProgressError, rejection: Rejection) => void;
}

/** A job's answer to a retry request: nothing or true to take it, false or a reason to refuse it. */
export type RetryAnswer = void | boolean | { readonly accepted: boolean; readonly reason?: string };

/** Reports the progress of ingestions that run in this process. */
export class IngestionEventEmitter {
  private readonly lanes = new Map<string, UpdateLane>();
  /** Projects whose refusal was logged already. */
  private readonly refusing = new Set<string>();
  private readonly logger: Logger;

  /** @internal A server makes its own: `server.emitter`. */
  constructor(
    private readonly service: IngestionService,
    private readonly options: EmitterOptions = {},
  ) {
    this.logger = options.logger ?? silentLogger;
  }

  /**
   * A phase began: those before it are completed or skipped. Starts an ingestion where none runs and `phase` is 1.
   * Rejects with `BAD_USER_INPUT` (path and rule), `CONFLICT`, `RATE_LIMITED` or `UNAVAILABLE`.
   */
  async emitPhaseStarted(projectId: string, phase: number, message: string): Promise<IngestionProgress> {
    const report = checked({
      type: 'phase_started',
      report: { projectId, ingestionId: ANY, phase, message },
    });
    if (phase === 1) {
      const latest = await this.service.read(projectId);
      if (latest === null || startsAnew(latest.progress)) await this.start(projectId);
    }
    return this.send(projectId, report, false);
  }

  /**
   * The job got further. Call it as often as you like: at most two events a second go out, the last one among them.
   * Returns at once; throws only what breaks the schema. A refusal goes to `onRejected`.
   *
   * @param percent Of the phase, 0 to 100; null where not known.
   */
  emitProgressUpdate(
    projectId: string,
    phase: number,
    percent: number | null,
    metrics?: MetricsInput | null,
  ): void {
    let lane = this.lanes.get(projectId);
    if (lane === undefined) {
      lane = createUpdateLane(this.service, projectId, null, (error) => this.refused(error, projectId));
      lane.check(phase, percent, metrics);
      this.lanes.set(projectId, lane);
    }
    lane.put(phase, percent, metrics);
  }

  /** The ingestion completed. Resolves once that is stored and published. */
  async emitComplete(projectId: string, result: ResultInput): Promise<IngestionProgress> {
    const report = checked({ type: 'ingestion_complete', report: { projectId, ingestionId: ANY, result } });
    return this.send(projectId, report, true);
  }

  /** The ingestion failed; for good, unless `recoverable`. `phase` is null where it failed before the first. */
  async emitError(projectId: string, phase: number | null, error: ErrorInput): Promise<IngestionProgress> {
    const report = checked({ type: 'error', report: { ...error, projectId, ingestionId: ANY, phase } });
    return this.send(projectId, report, !error.recoverable);
  }

  /** Starts an ingestion, stored before this resolves, and gives a handle that addresses it and no other. */
  async startIngestion(projectId: string, options: StartOptions = {}): Promise<IngestionRun> {
    const { progress } = await this.service.start({ ...options, projectId }, 'in-process');
    this.refusing.delete(projectId);
    return createIngestionRun({
      service: this.service,
      logger: this.logger,
      progress,
      onRejected: (error) => this.tell(error, { projectId, ingestionId: progress.id }),
    });
  }

  /**
   * Takes retry requests of a project, asked on whatever server. The handler decides; it should start the job without
   * waiting for its end: a request is NO_RECEIVER after 5 s. Resolves once attached, with the way to stop.
   */
  async onRetry(
    projectId: string,
    handler: (command: IngestionCommand) => RetryAnswer | Promise<RetryAnswer>,
  ): Promise<Unsubscribe> {
    return this.service.watchCommands(projectId, (command) => {
      if (command.kind !== 'RETRY') return;
      this.answerRetry(command, handler).catch((cause: unknown) =>
        this.logger.error({ projectId, commandId: command.id, cause }, 'a retry request was not answered'),
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
        'a retry handler threw',
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
      this.refusing.delete(projectId);
    } catch (error) {
      // Another call was first: this one goes on with what that one started.
      if (!(error instanceof ProgressError) || error.code !== 'CONFLICT') throw error;
    }
  }

  private async send(projectId: string, report: Report, isEnding: boolean): Promise<IngestionProgress> {
    const { record } = await this.service.change(projectId, foldOf(report, false), isEnding);
    if (isEnding) this.lanes.delete(projectId);
    return record.progress;
  }

  private tell(error: ProgressError, rejection: Rejection): void {
    try {
      this.options.onRejected?.(error, rejection);
    } catch (cause) {
      this.logger.error({ ...rejection, cause }, 'onRejected threw');
    }
  }

  private refused(error: ProgressError, projectId: string): void {
    if (!this.refusing.has(projectId)) {
      this.refusing.add(projectId);
      this.logger.warn({ projectId, code: error.code, reason: error.message }, REFUSED);
    }
    this.tell(error, { projectId, ingestionId: null });
  }
}

/** Stands where the running ingestion's id goes once it is known. */
const ANY = 'running';

function checked(report: Report): Report {
  const outcome = reportSchemas[report.type].safeParse(report.report);
  if (!outcome.success) throw new ProgressError('BAD_USER_INPUT', describeIssues(outcome.error));
  return { type: report.type, report: outcome.data } as Report;
}

/** Whether a start of phase 1 begins another ingestion, or goes on with this one. */
function startsAnew(progress: IngestionProgress): boolean {
  if (isEnded(progress)) return true;
  if (progress.status !== 'FAILED') return false;
  // The job that the server lost, or one that was further: nobody goes on with it from the first phase.
  return progress.currentPhase > 1 || progress.error?.errorCode === 'INGESTION_INTERRUPTED';
}
