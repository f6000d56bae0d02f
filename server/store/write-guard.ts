/**
 * Decides whether a write may replace the stored record. Pure.
 * (invariant: compare-and-set) (invariant: ending-is-final)
 */
import { isEnded } from '@ingestion-progress/schema';
import type { IngestionRecord } from '../progress/record.js';
import type { StoreWrite } from './progress-store.js';

/** Projects per call of `readMany` or `write` at most. */
export const MAX_BATCH = 50;

/** True if this write may replace the stored record. */
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

/** Throws if a batch is too large or names a project twice. */
export function checkBatch(projectIds: readonly string[]): void {
  if (projectIds.length > MAX_BATCH) {
    throw new RangeError(`A batch may contain at most ${MAX_BATCH} projects, not ${projectIds.length}.`);
  }
  if (new Set(projectIds).size !== projectIds.length) {
    throw new RangeError(
      'A batch may contain each project at most once; send its writes one after the other.',
    );
  }
}
