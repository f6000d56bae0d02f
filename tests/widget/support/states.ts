/** States as a server would send them, and a recorder of what the user sees of a client. */
import type { Connection, IngestionClient, Progress } from '../../../widget/client/types.js';

let revision = 1_000;

/** A running ingestion with overrides; each call has a greater revision. */
export function progressOf(over: Partial<Progress> & { readonly percent?: number | null } = {}): Progress {
  const { percent = 10, ...rest } = over;
  const currentPhase = rest.currentPhase ?? 1;
  revision += 1;
  return {
    id: 'run-1',
    projectId: 'p1',
    status: 'RUNNING',
    revision,
    currentPhase,
    progressPercent: percent === null ? null : percent / 4,
    etaSeconds: null,
    etaLowSeconds: null,
    etaHighSeconds: null,
    title: null,
    labels: [],
    attempt: 1,
    maxAttempts: null,
    pause: null,
    waiting: null,
    problems: { errors: 0, warnings: 0 },
    retryOf: null,
    fromPhase: 1,
    cancellable: false,
    cancelRequestedAt: null,
    staleAfterMs: 300_000,
    startedAt: 1,
    updatedAt: revision,
    progressedAt: revision,
    completedAt: null,
    phases: ['Discovery', 'Extraction', 'Analysis', 'Indexing'].map((name, index) => ({
      number: index + 1,
      name,
      status:
        index + 1 < currentPhase
          ? ('COMPLETED' as const)
          : index + 1 === currentPhase
            ? ('RUNNING' as const)
            : ('PENDING' as const),
      weight: 0.25,
      percent: index + 1 < currentPhase ? 100 : index + 1 === currentPhase ? percent : null,
      message: null,
      startedAt: null,
      completedAt: null,
      metrics: null,
    })),
    result: null,
    error: null,
    ...rest,
  };
}

/** The same, completed. */
export const completedOf = (over: Partial<Progress> = {}): Progress =>
  progressOf({
    status: 'COMPLETED',
    currentPhase: 4,
    percent: 100,
    progressPercent: 100,
    completedAt: 9,
    result: {
      outcome: 'SUCCESS',
      itemsProcessed: 10,
      itemsFailed: 0,
      bytesProcessed: null,
      links: [],
      durationMs: 5,
      summary: null,
      output: null,
    },
    ...over,
  });

/** A failure, recoverable by default. */
export const failedOf = (recoverable = true, over: Partial<Progress> = {}): Progress =>
  progressOf({
    status: 'FAILED',
    error: {
      phase: 1,
      errorCode: 'SOURCE_UNREACHABLE',
      message: 'No answer.',
      recoverable,
      occurredAt: revision,
      retryOptions: null,
    },
    ...over,
  });

/** A connection as a word: its state, and the attempt if it is reconnecting. */
export function word(connection: Connection): string {
  if (connection.state === 'reconnecting') {
    const { attempt, nextAttemptAt } = connection;
    return `reconnecting ${String(attempt)}${nextAttemptAt === null ? '' : ' waiting'}`;
  }
  if (connection.state === 'disconnected') return `disconnected ${connection.reason}`;
  return connection.state;
}

/** Records each change of the connection's state, in order. */
export function record(client: IngestionClient): { readonly seen: string[]; readonly names: () => string[] } {
  const seen = [word(client.getSnapshot().connection)];
  client.subscribe(() => {
    const now = word(client.getSnapshot().connection);
    if (seen.at(-1) !== now) seen.push(now);
  });
  return {
    seen,
    /** Without attempts, and without repeats. */
    names: () =>
      seen
        .map((entry) => entry.split(' ')[0] ?? '')
        .filter((entry, index, all) => index === 0 || entry !== all[index - 1]),
  };
}
