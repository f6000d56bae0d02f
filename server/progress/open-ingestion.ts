/**
 * What tells when an ingestion that has not ended has to be looked at, without the whole of it; stores keep an index of
 * it. Pure.
 */
import { isEnded, type IngestionProgress } from '@ingestion-progress/schema';
import { encodeId } from '@ingestion-progress/schema/ids';
import type { IngestionRecord } from './record.js';

/** How long a cancel request may wait for a job, in milliseconds. */
export const CANCEL_AFTER_MS = 30_000;

/** An ingestion that has not ended: RUNNING, or FAILED recoverably. Times are milliseconds since the Unix epoch. */
export interface OpenIngestion {
  readonly projectId: string;
  readonly ingestionId: string;
  readonly status: IngestionProgress['status'];
  readonly updatedAt: number;
  readonly staleAfterMs: number;
  /** From when its silence counts: its last sign of life, or the end of its pause; null while it is paused without an end. */
  readonly silentFrom: number | null;
  /** Id of the server whose lease guards an in-process job; null for a job in another process. */
  readonly ownerServerId: string | null;
  /** When it was asked to cancel; null if it was not, or if a job accepted the request. */
  readonly cancelRequestedAt: number | null;
}

/** An open ingestion is in one of these lists: `overdue` by when something is to be done about it, `failed` by its failure. */
export type OpenList = 'overdue' | 'failed';

/** The ingestion of a record; null if it has ended. */
export function openIngestionOf(record: IngestionRecord): OpenIngestion | null {
  const { progress } = record;
  if (isEnded(progress)) return null;
  const { pause, updatedAt } = progress;
  return {
    projectId: progress.projectId,
    ingestionId: progress.id,
    status: progress.status,
    updatedAt,
    staleAfterMs: progress.staleAfterMs,
    silentFrom: pause === null ? updatedAt : pause.until === null ? null : Math.max(pause.until, updatedAt),
    ownerServerId: record.ownerServerId,
    cancelRequestedAt: record.cancelTaken === true ? null : progress.cancelRequestedAt,
  };
}

/** Later than any time that is stored. */
const NEVER = 9_999_999_999_999_999;

/** Start of the keys of those that are due before this moment. */
export const dueKeyAt = (list: OpenList, at: number) => `${list}!${String(at).padStart(16, '0')}`;

/** Key of an ingestion in its list; sorts by when it is due. */
export function dueKeyOf(open: OpenIngestion): string {
  const { status, silentFrom, staleAfterMs, cancelRequestedAt } = open;
  const silentAt = status === 'RUNNING' && silentFrom !== null ? silentFrom + staleAfterMs : NEVER;
  const cancelAt = cancelRequestedAt === null ? NEVER : cancelRequestedAt + CANCEL_AFTER_MS;
  const isFailed = status !== 'RUNNING' && cancelRequestedAt === null;
  const start = isFailed
    ? dueKeyAt('failed', open.updatedAt)
    : dueKeyAt('overdue', Math.min(silentAt, cancelAt));
  return `${start}!${encodeId(open.projectId)}`;
}

/** Id of the server that runs it in its own process; null if none does, or it does not run. */
export const runningOwnerOf = (open: OpenIngestion) =>
  open.status === 'RUNNING' ? open.ownerServerId : null;
