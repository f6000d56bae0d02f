/** Which entries leave an ingestion's log when it is full: the oldest updates first, then the oldest of the rest. Pure. */
import type { RecordedEvent } from '@ingestion-progress/schema';

/** Entries kept of one ingestion where nobody says otherwise. */
export const DEFAULT_EVENTS_PER_INGESTION = 500;

/** What leaves of `entries` (oldest first) so that at most `most` stay. */
export function entriesToDrop<T extends Pick<RecordedEvent, 'type'>>(
  entries: readonly T[],
  most: number,
): readonly T[] {
  const excess = entries.length - most;
  if (excess <= 0) return [];
  const updates = entries.filter((entry) => entry.type === 'progress_update').slice(0, excess);
  if (updates.length === excess) return updates;
  const others = entries
    .filter((entry) => entry.type !== 'progress_update')
    .slice(0, excess - updates.length);
  return [...updates, ...others];
}
