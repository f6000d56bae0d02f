/** Sends the user's commands, retry and cancel, to the job. Their effect shows in the ingestion's state. */
import {
  CancelIngestionDocument,
  RetryIngestionDocument,
  type CancelIngestionMutation,
  type RetryIngestionMutation,
} from '../generated/operations.js';
import { failureOf } from './retry-policy.js';
import type { Connection } from './connection.js';
import { OperationError } from './transport.js';
import type { CommandOutcome, IngestionClient } from './types.js';

/** The commands of one project, for the ingestion that is shown; `onAccepted` is called if a job accepts one. */
export function createJobCommands(
  connection: Connection,
  currentIngestion: () => { readonly projectId: string; readonly ingestionId: string | null },
  onAccepted: () => void,
): Pick<IngestionClient, 'retryIngestion' | 'cancelIngestion'> {
  async function send(query: string, extra?: { readonly fromPhase: number | null }): Promise<CommandOutcome> {
    const variables = { ...currentIngestion(), ...extra };
    if (variables.ingestionId === null) {
      throw new OperationError(failureOf('fatal', 'NOT_FOUND', 'No ingestion yet.'));
    }
    const data = await connection.request({ query, variables });
    const [answer] = Object.values(Object(data) as RetryIngestionMutation | CancelIngestionMutation);
    const { status, reason } = Object(answer) as { readonly status?: unknown; readonly reason?: unknown };
    if (status === 'ACCEPTED') onAccepted();
    return {
      status: status === 'ACCEPTED' || status === 'REJECTED' ? status : 'NO_RECEIVER',
      reason: typeof reason === 'string' ? reason : null,
    };
  }
  return {
    retryIngestion: (fromPhase) => send(RetryIngestionDocument, { fromPhase: fromPhase ?? null }),
    cancelIngestion: () => send(CancelIngestionDocument),
  };
}
