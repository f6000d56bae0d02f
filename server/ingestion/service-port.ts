/** Start, report, read, history and commands: the interface that GraphQL, REST and the emitter stand on. */
import type {
  IngestionCommand,
  IngestionProgress,
  RecordedEvent,
  StartReport,
} from '@ingestion-progress/schema';
import type { Page, PageRequest } from '../store/progress-store.js';
import type { Unsubscribe } from '../bus/event-bus.js';
import type { IngestionRecord } from '../progress/record.js';
import type { JobPlace, Report } from '../progress/report.js';

export type { JobPlace, Report } from '../progress/report.js';

/** Answer to a report. */
export interface ReportOutcome {
  /** False where this sequence was already taken, or the same ending is stored already. */
  readonly accepted: boolean;
  readonly progress: IngestionProgress;
}

/** Answer to a start. */
export interface StartOutcome {
  readonly progress: IngestionProgress;
  readonly lastSequence: number | null;
}

/** A person's request to a job. */
export interface CommandRequest {
  readonly kind: 'RETRY' | 'CANCEL';
  readonly projectId: string;
  readonly ingestionId: string;
  readonly fromPhase: number | null;
  readonly requestedBy: string;
}

/** A job's answer to a command. */
export interface CommandAnswer {
  readonly projectId: string;
  readonly commandId: string;
  readonly accepted: boolean;
  readonly reason: string | null;
}

/**
 * The rules of ingestions. Every method rejects with `ProgressError`: `BAD_USER_INPUT` (path and rule), `CONFLICT`,
 * `RATE_LIMITED`, `UNAVAILABLE`. Access was checked before.
 */
export interface ProgressService {
  /** `requestId` names the request that brought it, for the log. */
  start(report: StartReport, place: JobPlace, requestId?: string): Promise<StartOutcome>;
  /** Resolves once the report is committed; a merged update, once the window's event is. */
  report(report: Report, requestId?: string): Promise<ReportOutcome>;
  /** Latest of live state and store; `ingestionId` may name one from the history. Single flight per project. */
  read(projectId: string, ingestionId?: string | null): Promise<IngestionRecord | null>;
  ingestions(projectId: string, page: PageRequest): Promise<Page<IngestionProgress>>;
  ingestionEvents(projectId: string, ingestionId: string, page: PageRequest): Promise<Page<RecordedEvent>>;
  /** Resolves once ACCEPTED, REJECTED or, after 5 s, NO_RECEIVER. */
  requestCommand(request: CommandRequest): Promise<IngestionCommand>;
  acknowledgeCommand(answer: CommandAnswer): Promise<IngestionCommand>;
  /** Pending commands of a project, for its jobs. Resolves once attached. */
  watchCommands(projectId: string, listener: (command: IngestionCommand) => void): Promise<Unsubscribe>;
}
