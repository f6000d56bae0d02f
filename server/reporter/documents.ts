/** The mutations and the subscription of a job, and the fields that a reporter reads of their results. */

const REPORT_RESULT = '{ accepted progress { cancelRequestedAt } }';

/** Each report's mutation. */
export const MUTATIONS = Object.freeze({
  start:
    'mutation Start($input: StartIngestionInput!) { result: startIngestion(input: $input) { lastSequence } }',
  phase: `mutation Phase($input: ReportPhaseStartedInput!) { result: reportPhaseStarted(input: $input) ${REPORT_RESULT} }`,
  update: `mutation Update($input: ReportProgressInput!) { result: reportProgress(input: $input) ${REPORT_RESULT} }`,
  complete: `mutation Complete($input: CompleteIngestionInput!) { result: completeIngestion(input: $input) ${REPORT_RESULT} }`,
  error: `mutation Fail($input: FailIngestionInput!) { result: failIngestion(input: $input) ${REPORT_RESULT} }`,
  cancelled: `mutation Cancelled($input: ConfirmCancelledInput!) { result: confirmCancelled(input: $input) ${REPORT_RESULT} }`,
  flush: `mutation Flush($input: FlushReportsInput!) { result: flushReports(input: $input) ${REPORT_RESULT} }`,
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
}

/** A command as a job receives it. */
export interface ReceivedCommand {
  readonly id: string;
  readonly kind: 'RETRY' | 'CANCEL';
  readonly ingestionId: string;
  readonly fromPhase: number | null;
  readonly requestedBy: string;
}
