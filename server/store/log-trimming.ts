/**
 * Keeps an ingestion's log within its limit: which entries are dropped, and when a log has to be counted at all, since a
 * count after every entry would be most of what a store has to do. Knows no database.
 */
import { createBoundedMap } from '../shared/bounded-map.js';

/** Entries kept per ingestion by default. */
export const DEFAULT_MAX_LOG_ENTRIES = 500;

/** What an entry is to trimming; the first go first. */
export type EntryRank = 'update' | 'other' | 'kept';

/** Entries that explain how an ingestion began and ended. */
const KEPT: ReadonlySet<string> = new Set(['ingestion_started', 'ingestion_complete', 'error', 'cancelled']);

/** The rank of an entry of this type. */
export function rankOf(type: string): EntryRank {
  if (type === 'progress_update') return 'update';
  return KEPT.has(type) ? 'kept' : 'other';
}

/** How many entries a log that is past its limit has less than it afterwards, so that not each further entry trims. */
export const slackOf = (max: number) => Math.floor(max / 10);

/**
 * Which of `entries` (oldest first) to drop; none up to `max`, and then so many that room is left. The oldest updates go
 * first, then the oldest others. Start, errors and endings stay; if they alone are too many, all but the first and the
 * newest go. Pure.
 */
export function entriesToDrop<T extends { readonly rank: EntryRank }>(
  entries: readonly T[],
  max: number,
): readonly T[] {
  if (entries.length <= max) return [];
  const excess = entries.length - max + slackOf(max);
  const [first, ...rest] = entries.filter(({ rank }) => rank === 'kept');
  const inOrder = [
    ...entries.filter(({ rank }) => rank === 'update'),
    ...entries.filter(({ rank }) => rank === 'other'),
    ...rest,
    ...(first === undefined ? [] : [first]),
  ];
  return inOrder.slice(0, excess);
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

/** Logs whose room is known; the least recently used one is evicted, and counted when it is next written. */
const MAX_LOGS = 10_000;

/** Creates a schedule that knows no log; `max` is how many entries a log may hold. */
export function createTrimSchedule(max: number): TrimSchedule {
  // Other servers may add to the same log.
  const recountAfter = Math.max(1, slackOf(max));
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
