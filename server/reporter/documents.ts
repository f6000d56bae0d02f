/** The mutations and the subscription that a job needs, and the parts of their answers that a reporter reads. */

const ANSWER = '{ accepted progress { cancelRequestedAt } }';

/** Each report's mutation. */
export const MUTATIONS = Object.freeze({
  start:
    'mutation Start($input: StartIngestionInput!) { answer: startIngestion(input: $input) { lastSequence } }',
  phase: `mutation Phase($input: ReportPhaseStartedInput!) { answer: reportPhaseStarted(input: $input) ${ANSWER} }`,
  update: `mutation Update($input: ReportProgressInput!) { answer: reportProgress(input: $input) ${ANSWER} }`,
  complete: `mutation Complete($input: CompleteIngestionInput!) { answer: completeIngestion(input: $input) ${ANSWER} }`,
  error: `mutation Fail($input: FailIngestionInput!) { answer: failIngestion(input: $input) ${ANSWER} }`,
  cancelled: `mutation Cancelled($input: ConfirmCancelledInput!) { answer: confirmCancelled(input: $input) ${ANSWER} }`,
  acknowledge:
    'mutation Acknowledge($input: AcknowledgeCommandInput!) { answer: acknowledgeCommand(input: $input) { id } }',
});

/** What a person asks of the job. */
export const COMMANDS =
  'subscription Commands($projectId: ID!) { ingestionCommands(projectId: $projectId) { id kind ingestionId fromPhase requestedBy } }';

/** The name of a mutation. */
export type MutationName = keyof typeof MUTATIONS;

/** The fields of an answer that a reporter reads; absent where the mutation has none such. */
export interface Answer {
  readonly lastSequence?: number | null;
  readonly accepted?: boolean;
}

/** A command as a job hears it. */
export interface CommandHeard {
  readonly id: string;
  readonly kind: 'RETRY' | 'CANCEL';
  readonly ingestionId: string;
  readonly fromPhase: number | null;
  readonly requestedBy: string;
}
