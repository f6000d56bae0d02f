/**
 * The guard as a pure function: whether a write may replace what is in the store. Does no I/O.
 * (invariant: compare-and-set) (invariant: ending-is-final)
 */
import { isEnded } from '@ingestion-progress/schema';
import type { IngestionRecord } from '../progress/record.js';
import type { StoreWrite } from './progress-store.js';

/** Most projects in one call of `readMany` or `write`. */
export const MOST_PER_BATCH = 50;

/** True where this write may go over the stored record. */
export function admits(write: StoreWrite, current: IngestionRecord | null): boolean {
  const next = write.record.progress;
  const stored = current?.progress;
  if (write.guard.kind === 'start') {
    if (stored === undefined) return true;
    return stored.id !== next.id && stored.status !== 'RUNNING' && stored.revision < next.revision;
  }
  if (stored === undefined) return false;
  if (write.guard.kind === 'change-from' && stored.revision !== write.guard.revision) return false;
  return stored.id === next.id && stored.revision < next.revision && !isEnded(stored);
}

/** Throws where a batch is longer than stores take, or names a project twice. */
export function checkBatch(projectIds: readonly string[]): void {
  if (projectIds.length > MOST_PER_BATCH) {
    throw new RangeError(
      `A batch holds at most ${MOST_PER_BATCH} projects; split these ${projectIds.length}.`,
    );
  }
  if (new Set(projectIds).size !== projectIds.length) {
    throw new RangeError('A project stands in a batch at most once; send its writes one after the other.');
  }
}
