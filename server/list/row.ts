/** The row of an ingestion in a live list: what a list shows of its state. Pure. */
import type { IngestionRow } from '@ingestion-progress/schema';
import type { IngestionRecord } from '../progress/record.js';

/** The row of a record. */
export function rowOf({ progress }: IngestionRecord): IngestionRow {
  const { currentPhase, phases, error } = progress;
  return {
    id: progress.id,
    projectId: progress.projectId,
    title: progress.title,
    labels: progress.labels,
    status: progress.status,
    outcome: progress.result?.outcome ?? null,
    revision: progress.revision,
    currentPhase,
    phaseCount: phases.length,
    phaseName: phases[currentPhase - 1]?.name ?? null,
    progressPercent: progress.progressPercent,
    etaSeconds: progress.etaSeconds,
    etaLowSeconds: progress.etaLowSeconds,
    etaHighSeconds: progress.etaHighSeconds,
    errorCode: error?.errorCode ?? null,
    recoverable: error?.recoverable ?? false,
    paused: progress.pause !== null,
    attempt: progress.attempt,
    startedAt: progress.startedAt,
    updatedAt: progress.updatedAt,
    completedAt: progress.completedAt,
  };
}

/** The key of a row: no two ingestions have the same. */
export const rowKey = ({ projectId, id }: Pick<IngestionRow, 'projectId' | 'id'>) =>
  `${projectId.length} ${projectId}${id}`;

/** Heap of a row without its texts, in bytes. */
const ROW_BYTES = 400;

/** Bytes that a row keeps in memory, estimated. */
export function rowBytes({ id, projectId, title, labels, phaseName, errorCode }: IngestionRow): number {
  const texts = [
    id,
    projectId,
    title,
    phaseName,
    errorCode,
    ...labels.flatMap(({ name, value }) => [name, value]),
  ];
  return texts.reduce((bytes, text) => bytes + 2 * (text?.length ?? 0), ROW_BYTES + 100 * labels.length);
}
