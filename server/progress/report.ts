/** A job's report by its kind, and where the job runs. Pure; only checks the shape, the rules are `reduce.ts`'s. */
import {
  describeIssues,
  idSchema,
  reportSchemas,
  type CancelledReport,
  type CompleteReport,
  type ErrorReport,
  type PhaseStartedReport,
  type ProgressUpdateReport,
} from '@ingestion-progress/schema';
import { ProgressError } from '../shared/errors.js';

/** A report whose `ingestionId` is null addresses the running ingestion; only a job in this process may send one. */
export type Addressed<R extends { ingestionId: string }> = Omit<R, 'ingestionId'> & {
  readonly ingestionId: string | null;
};

/** A report with its kind. Untrusted until `parseReport` has checked it. */
export type Report =
  | { readonly type: 'phase_started'; readonly report: Addressed<PhaseStartedReport> }
  | { readonly type: 'progress_update'; readonly report: Addressed<ProgressUpdateReport> }
  | { readonly type: 'ingestion_complete'; readonly report: Addressed<CompleteReport> }
  | { readonly type: 'error'; readonly report: Addressed<ErrorReport> }
  | { readonly type: 'cancelled'; readonly report: Addressed<CancelledReport> };

/** The report of one kind. */
export type ReportOf<K extends Report['type']> = Extract<Report, { type: K }>['report'];

/** Where a job runs: decides whether its server's lease or the stale limit reveals its death. */
export type JobLocation = 'in-process' | 'elsewhere';

const toRunning = { ingestionId: idSchema.nullable() };
const inProcessSchemas = {
  phase_started: reportSchemas.phase_started.extend(toRunning),
  progress_update: reportSchemas.progress_update.extend(toRunning),
  ingestion_complete: reportSchemas.ingestion_complete.extend(toRunning),
  error: reportSchemas.error.extend(toRunning),
  cancelled: reportSchemas.cancelled.extend(toRunning),
};

/** Checks a report; `location` says whether it may address the running ingestion. Throws `BAD_USER_INPUT` with path and rule. */
export function parseReport<R extends Report>({ type, report }: R, location: JobLocation): R {
  const schema = location === 'in-process' ? inProcessSchemas[type] : reportSchemas[type];
  const parsed = schema.safeParse(report);
  if (!parsed.success) throw new ProgressError('BAD_USER_INPUT', describeIssues(parsed.error));
  return { type, report: parsed.data } as R;
}

/** True if the report ends its ingestion. */
export const isEndingReport = ({ type, report }: Report): boolean =>
  type === 'ingestion_complete' || type === 'cancelled' || (type === 'error' && !report.recoverable);
