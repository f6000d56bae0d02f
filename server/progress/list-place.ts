/** Where an ingestion belongs in a list of many: its list, and its place there. Stores keep an index by it. Pure. */
import type { IngestionListStatus, IngestionProgress } from '@ingestion-progress/schema';

/** All lists, in the order in which a page shows them; FAILED and ENDED ones are shown as one. */
export const LIST_STATUSES = ['ACTIVE', 'FAILED', 'ENDED'] as const satisfies readonly IngestionListStatus[];

/** The list of an ingestion. */
export function listStatusOf({ status }: Pick<IngestionProgress, 'status'>): IngestionListStatus {
  if (status === 'RUNNING') return 'ACTIVE';
  return status === 'FAILED' ? 'FAILED' : 'ENDED';
}

/** A place in a list; no two ingestions have the same. */
export type ListPlace = Pick<IngestionProgress, 'startedAt' | 'id' | 'projectId'>;

/** Orders places: the newest start first. */
export function compareNewestFirst(a: ListPlace, b: ListPlace): number {
  if (a.startedAt !== b.startedAt) return b.startedAt - a.startedAt;
  if (a.id !== b.id) return a.id < b.id ? 1 : -1;
  if (a.projectId === b.projectId) return 0;
  return a.projectId < b.projectId ? 1 : -1;
}
