/** Complete and valid records, events and log entries; a test passes only the fields it cares about. */
import type { IngestionCommand, IngestionProgress, Phase, RecordedEvent } from '@ingestion-progress/schema';
import type { IngestionChange, IngestionRecord } from '../../server/progress/record.js';

const PHASE_NAMES = ['Discovery', 'Extraction', 'Analysis', 'Indexing'];

function phase(number: number): Phase {
  return {
    number,
    name: PHASE_NAMES[number - 1] ?? '',
    status: 'PENDING',
    weight: 0.25,
    percent: null,
    message: null,
    metrics: null,
    error: null,
    startedAt: null,
    completedAt: null,
  };
}

/** A record of project `p` and ingestion `i`, running, at revision 1, with the given fields replaced. */
export function recordOf(
  progress: Partial<IngestionProgress> = {},
  rest: Partial<IngestionRecord> = {},
): IngestionRecord {
  const revision = progress.revision ?? 1;
  return {
    version: 1,
    progress: {
      id: 'i',
      projectId: 'p',
      status: 'RUNNING',
      revision,
      currentPhase: 0,
      progressPercent: null,
      phases: [phase(1), phase(2), phase(3), phase(4)],
      metrics: null,
      etaSeconds: null,
      etaLowSeconds: null,
      etaHighSeconds: null,
      title: null,
      labels: [],
      attempt: 1,
      maxAttempts: null,
      pause: null,
      waiting: null,
      problems: { errors: 0, warnings: 0, byCode: [] },
      result: null,
      error: null,
      retryOf: null,
      fromPhase: 1,
      cancellable: false,
      cancelRequestedAt: null,
      staleAfterMs: 300_000,
      startedAt: 1,
      updatedAt: revision,
      progressedAt: revision,
      completedAt: null,
      ...progress,
    },
    lastSequence: null,
    ownerServerId: null,
    rate: null,
    cancelRequestedBy: null,
    ...rest,
  };
}

/** A failure, recoverable or not. */
export function failureOf(recoverable: boolean): Pick<IngestionProgress, 'status' | 'error'> {
  const error = {
    phase: 1,
    errorCode: 'BROKEN',
    message: 'It broke',
    recoverable,
    retryOptions: null,
    occurredAt: 1,
  };
  return { status: 'FAILED', error };
}

/** A log entry of an update; its id contains the revision. */
export function entryOf(revision: number, rest: Partial<RecordedEvent> = {}): RecordedEvent {
  return {
    id: `e${revision}`,
    type: 'progress_update',
    revision,
    timestamp: revision,
    payload: { progressPercent: 10, '$odd.key': [{ 'a.b': null }] },
    ...rest,
  };
}

/** A change to this record, with a snapshot as its event. */
export function changeOf(record: IngestionRecord): IngestionChange {
  const { progress } = record;
  return {
    record,
    event: {
      projectId: progress.projectId,
      ingestionId: progress.id,
      revision: progress.revision,
      timestamp: progress.updatedAt,
      progress,
      payload: { type: 'snapshot' },
    },
  };
}

/** A cancel command, with the given fields replaced. */
export function commandOf(rest: Partial<IngestionCommand> = {}): IngestionCommand {
  return {
    id: 'c',
    kind: 'CANCEL',
    projectId: 'p',
    ingestionId: 'i',
    fromPhase: null,
    requestedBy: 'someone',
    requestedAt: 1,
    status: 'PENDING',
    reason: null,
    ...rest,
  };
}
