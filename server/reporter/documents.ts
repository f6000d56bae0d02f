/** The mutations and the subscription of a job, and the fields that a reporter reads of their results. */

const STATE = 'progress { revision status attempt currentPhase error { recoverable } }';
const REPORT_RESULT = `{ accepted storedRevision ${STATE} }`;

const report = (name: string, input: string): string =>
  `mutation Report($input: ${input}!) { result: ${name}(input: $input) ${REPORT_RESULT} }`;

/** Each report's mutation. */
export const MUTATIONS = Object.freeze({
  start: `mutation Start($input: StartIngestionInput!) { result: startIngestion(input: $input) { lastSequence ${STATE} } }`,
  phase: report('reportPhaseStarted', 'ReportPhaseStartedInput'),
  phaseCompleted: report('reportPhaseCompleted', 'ReportPhaseCompletedInput'),
  update: report('reportProgress', 'ReportProgressInput'),
  waiting: report('reportWaiting', 'ReportWaitingInput'),
  pause: report('pauseIngestion', 'PauseIngestionInput'),
  resume: report('resumeIngestion', 'ResumeIngestionInput'),
  problems: report('reportProblems', 'ReportProblemsInput'),
  heartbeat: report('reportHeartbeat', 'ReportHeartbeatInput'),
  complete: report('completeIngestion', 'CompleteIngestionInput'),
  error: report('failIngestion', 'FailIngestionInput'),
  cancelled: report('confirmCancelled', 'ConfirmCancelledInput'),
  flush: report('flushReports', 'FlushReportsInput'),
  acknowledge:
    'mutation Acknowledge($input: AcknowledgeCommandInput!) { result: acknowledgeCommand(input: $input) { id } }',
});

/** Commands for the job. */
export const COMMANDS =
  'subscription Commands($projectId: ID!) { ingestionCommands(projectId: $projectId) { id kind ingestionId fromPhase requestedBy } }';

/** The name of a mutation. */
export type MutationName = keyof typeof MUTATIONS;

/** The fields of a result that a reporter reads; absent if the mutation has no such field. */
export interface MutationResult {
  readonly lastSequence?: number | null;
  readonly accepted?: boolean;
  readonly storedRevision?: number | null;
  readonly progress?: {
    readonly revision: number;
    readonly currentPhase: number;
    readonly status: 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';
    readonly attempt: number;
    readonly error: { readonly recoverable: boolean } | null;
  };
}

/** A command as a job receives it. */
export interface ReceivedCommand {
  readonly id: string;
  readonly kind: 'RETRY' | 'CANCEL';
  readonly ingestionId: string;
  readonly fromPhase: number | null;
  readonly requestedBy: string;
}
