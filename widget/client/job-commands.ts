/** What a person asks of a job: another go, or to stop. How it fared is the answer; what comes of it, the state tells. */
import {
  CancelIngestionDocument,
  RetryIngestionDocument,
  type CancelIngestionMutation,
  type RetryIngestionMutation,
} from '../generated/operations.js';
import { lossOf } from './retry-policy.js';
import type { Connection } from './connection.js';
import { OperationError } from './transport.js';
import type { CommandOutcome, IngestionClient } from './types.js';

/** The commands of one project, for the ingestion that is shown; `accepted`: a job does what it was asked. */
export function createCommands(
  connection: Connection,
  shown: () => { readonly projectId: string; readonly ingestionId: string | null },
  accepted: () => void,
): Pick<IngestionClient, 'retryIngestion' | 'cancelIngestion'> {
  async function ask(query: string, more?: { readonly fromPhase: number | null }): Promise<CommandOutcome> {
    const variables = { ...shown(), ...more };
    if (variables.ingestionId === null) {
      throw new OperationError(lossOf('giveUp', 'NOT_FOUND', 'No ingestion is known yet.'));
    }
    const data = await connection.request({ query, variables });
    const [answer] = Object.values(Object(data) as RetryIngestionMutation | CancelIngestionMutation);
    const { status, reason } = Object(answer) as { readonly status?: unknown; readonly reason?: unknown };
    if (status === 'ACCEPTED') accepted();
    return {
      status: status === 'ACCEPTED' || status === 'REJECTED' ? status : 'UNHEARD',
      reason: typeof reason === 'string' ? reason : null,
    };
  }
  return {
    retryIngestion: (fromPhase) => ask(RetryIngestionDocument, { fromPhase: fromPhase ?? null }),
    cancelIngestion: () => ask(CancelIngestionDocument),
  };
}
