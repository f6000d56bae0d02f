/** A job's report by its kind, and where the job runs. Pure; only checks the shape, the rules are `reduce.ts`'s. */
import {
  describeIssues,
  idSchema,
  reportSchemas,
  type CancelledReport,
  type CompleteReport,
  type ErrorReport,
  type HeartbeatReport,
  type PauseReport,
  type PhaseCompletedReport,
  type PhaseStartedReport,
  type ProblemsReport,
  type ProgressUpdateReport,
  type ResumeReport,
  type WaitingReport,
} from '@ingestion-progress/schema';
import { ProgressError } from '../shared/errors.js';
import { repairEnding } from './ending-form.js';
import { normalizeProblems } from './problem-form.js';

/** A report whose `ingestionId` is null addresses the running ingestion; only a job in this process may send one. */
export type Addressed<R extends { ingestionId: string }> = Omit<R, 'ingestionId'> & {
  readonly ingestionId: string | null;
};

interface ReportByType {
  readonly phase_started: PhaseStartedReport;
  readonly phase_completed: PhaseCompletedReport;
  readonly heartbeat: HeartbeatReport;
  readonly waiting: WaitingReport;
  readonly pause: PauseReport;
  readonly resume: ResumeReport;
  readonly progress_update: ProgressUpdateReport;
  readonly problems: ProblemsReport;
  readonly ingestion_complete: CompleteReport;
  readonly error: ErrorReport;
  readonly cancelled: CancelledReport;
}

/** A report with its kind. Untrusted until `parseReport` has checked it. */
export type Report = {
  [Type in keyof ReportByType]: { readonly type: Type; readonly report: Addressed<ReportByType[Type]> };
}[keyof ReportByType];

/** The report of one kind. */
export type ReportOf<K extends Report['type']> = Extract<Report, { type: K }>['report'];

/** Where a job runs: decides whether its server's lease or the stale limit reveals its death. */
export type JobLocation = 'in-process' | 'elsewhere';

/** A checked report, and what was cut, normalised or dropped to make it one, a sentence each. */
export interface ParsedReport<R extends Report = Report> {
  readonly report: R;
  readonly adjustments: readonly string[];
}

const toRunning = { ingestionId: idSchema.nullable() };
const inProcessSchemas = {
  phase_started: reportSchemas.phase_started.extend(toRunning),
  phase_completed: reportSchemas.phase_completed.extend(toRunning),
  heartbeat: reportSchemas.heartbeat.extend(toRunning),
  waiting: reportSchemas.waiting.extend(toRunning),
  pause: reportSchemas.pause.extend(toRunning),
  resume: reportSchemas.resume.extend(toRunning),
  progress_update: reportSchemas.progress_update.extend(toRunning),
  problems: reportSchemas.problems.extend(toRunning),
  ingestion_complete: reportSchemas.ingestion_complete.extend(toRunning),
  error: reportSchemas.error.extend(toRunning),
  cancelled: reportSchemas.cancelled.extend(toRunning),
};

/**
 * Checks a report; `location` says whether it may address the running ingestion. An error or an ending is repaired rather
 * than refused for its form. Throws `BAD_USER_INPUT` with path and rule.
 */
export function parseReport<R extends Report>(given: R, location: JobLocation): ParsedReport<R> {
  const { type } = given;
  const { report, adjustments: normalized } =
    type === 'problems' ? normalizeProblems(given.report) : { report: given.report, adjustments: [] };
  const schema = location === 'in-process' ? inProcessSchemas[type] : reportSchemas[type];
  const parsed = schema.safeParse(report);
  if (parsed.success) return { report: { type, report: parsed.data } as R, adjustments: normalized };
  if (type === 'error' || type === 'ingestion_complete') {
    const { report: repaired, adjustments } = repairEnding(type, report, (candidate) => {
      const { error } = schema.safeParse(candidate);
      return error?.issues ?? [];
    });
    const again = schema.safeParse(repaired);
    if (again.success) return { report: { type, report: again.data } as R, adjustments };
  }
  throw new ProgressError('BAD_USER_INPUT', describeIssues(parsed.error));
}

/** True if the report ends its ingestion. */
export const isEndingReport = ({ type, report }: Report): boolean =>
  type === 'ingestion_complete' || type === 'cancelled' || (type === 'error' && !report.recoverable);
