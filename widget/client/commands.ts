/** What a person asks of a job: another go, or to stop. How it fared is the answer; what comes of it, the state tells. */
import { CancelIngestionDocument, RetryIngestionDocument } from '../generated/operations.js';
import type { Connection } from './connection.js';
import type { CommandOutcome, IngestionClient } from './types.js';

/** What the commands need to know of their client. */
export interface CommandsOptions {
  /** The ingestion that is shown; null where none is known. */
  readonly ingestionId: () => string | null;
  /** A job does what it was asked. */
  readonly accepted: () => void;
}

/** The commands of one project. */
export function createCommands(
  connection: Connection,
  projectId: string,
  { ingestionId, accepted }: CommandsOptions,
): Pick<IngestionClient, 'retryIngestion' | 'cancelIngestion'> {
  async function ask(
    query: string,
    field: string,
    more: { readonly fromPhase?: number | null },
  ): Promise<CommandOutcome> {
    const id = ingestionId();
    if (id === null) throw Object.assign(new Error('No ingestion is known yet.'), { code: 'NOT_FOUND' });
    const data = await connection.request({ query, variables: { projectId, ingestionId: id, ...more } });
    const answer = (data as Readonly<Record<string, { status?: unknown; reason?: unknown } | null>> | null)?.[
      field
    ];
    const { status, reason } = answer ?? {};
    if (status === 'ACCEPTED') accepted();
    return {
      status: status === 'ACCEPTED' || status === 'REJECTED' ? status : 'UNHEARD',
      reason: typeof reason === 'string' ? reason : null,
    };
  }
  return {
    retryIngestion: (fromPhase) =>
      ask(RetryIngestionDocument.toString(), 'retryIngestion', { fromPhase: fromPhase ?? null }),
    cancelIngestion: () => ask(CancelIngestionDocument.toString(), 'cancelIngestion', {}),
  };
}
