/** What reaches the rules from a job, by its kind, and where the job runs. Types only. */
import type {
  CancelledReport,
  CompleteReport,
  ErrorReport,
  PhaseStartedReport,
  ProgressUpdateReport,
} from '@ingestion-progress/schema';

/** A report with its kind; what it says is not trusted and is checked by the service. */
export type Report =
  | { readonly type: 'phase_started'; readonly report: PhaseStartedReport }
  | { readonly type: 'progress_update'; readonly report: ProgressUpdateReport }
  | { readonly type: 'ingestion_complete'; readonly report: CompleteReport }
  | { readonly type: 'error'; readonly report: ErrorReport }
  | { readonly type: 'cancelled'; readonly report: CancelledReport };

/** Where a job runs: decides who notices its death, the server's lease or the stale limit. */
export type JobPlace = 'in-process' | 'elsewhere';
