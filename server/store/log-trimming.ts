/**
 * Keeps an ingestion's log within its limit: which entries are dropped, and when a log has to be counted at all, since a
 * count after every entry would be most of what a store has to do. Knows no database.
 */
import type { RecordedEvent } from '@ingestion-progress/schema';
import { createBoundedMap } from '../shared/bounded-map.js';

/** Entries kept per ingestion by default. */
export const DEFAULT_MAX_LOG_ENTRIES = 500;

/** Which of `entries` (oldest first) to drop so that `max` stay: the oldest updates, then the oldest others. Pure. */
export function entriesToDrop<T extends Pick<RecordedEvent, 'type'>>(
  entries: readonly T[],
  max: number,
): readonly T[] {
  const excess = entries.length - max;
  if (excess <= 0) return [];
  const updates = entries.filter((entry) => entry.type === 'progress_update').slice(0, excess);
  if (updates.length === excess) return updates;
  const others = entries
    .filter((entry) => entry.type !== 'progress_update')
    .slice(0, excess - updates.length);
  return [...updates, ...others];
}

/** The ingestion that a log belongs to. */
export interface LogOwner {
  readonly projectId: string;
  readonly ingestionId: string;
}

/** Decides when logs have to be counted. */
export interface TrimSchedule {
  /** Records inserted entries; returns one entry of each log that must be counted now. */
  recordInserted<T extends LogOwner>(entries: readonly T[]): readonly T[];
  /** Records that a log was counted and how many entries more it may hold. */
  recordRoom(projectId: string, ingestionId: string, room: number): void;
}

/** Other servers may add to the same log: it is counted again after this share of its limit. */
const RECOUNT_SHARE = 0.1;
/** Logs whose room is known; the least recently used one is evicted, and counted when it is next written. */
const MAX_LOGS = 10_000;

/** Creates a schedule that knows no log; `max` is how many entries a log may hold. */
export function createTrimSchedule(max: number): TrimSchedule {
  const recountAfter = Math.max(1, Math.floor(max * RECOUNT_SHARE));
  const rooms = createBoundedMap<number>({ maxEntries: MAX_LOGS });
  const keyOf = ({ projectId, ingestionId }: LogOwner) => `${projectId}!${ingestionId}`;

  return {
    recordInserted: (entries) => {
      const full = new Map<string, (typeof entries)[number]>();
      for (const entry of entries) {
        const key = keyOf(entry);
        const known = rooms.get(key);
        const room = (known ?? 0) - 1;
        if (known !== undefined) rooms.set(key, room);
        if (room < 0) full.set(key, entry);
      }
      return [...full.values()];
    },
    recordRoom: (projectId, ingestionId, room) => {
      rooms.set(keyOf({ projectId, ingestionId }), Math.max(0, Math.min(room, recountAfter)));
    },
  };
}
