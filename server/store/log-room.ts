/**
 * How many entries fit into an ingestion's log before it has to be counted again: a count after every entry would be
 * most of what a store has to do. Knows no database.
 */

/** Whose log it is. */
export interface LogOwner {
  readonly projectId: string;
  readonly ingestionId: string;
}

/** What is known of logs. */
export interface LogRoom {
  /** Takes entries that were inserted, and gives the logs that must be counted: each once. */
  take<T extends LogOwner>(entries: readonly T[]): readonly T[];
  /** A log was counted, and has so much room. */
  note(projectId: string, ingestionId: string, left: number): void;
}

/** Other servers may add to the same log: it is counted again after this share of what it may hold. */
const SHARE = 0.1;
/** Logs of which something is known; the one that was counted longest ago is forgotten, and counted when it is met. */
const MOST_KNOWN = 10_000;

/** Knows of none; `most` is how many entries a log may hold. */
export function createLogRoom(most: number): LogRoom {
  const stretch = Math.max(1, Math.floor(most * SHARE));
  const rooms = new Map<string, number>();
  const nameOf = (projectId: string, ingestionId: string) => `${projectId}!${ingestionId}`;

  return {
    take: (entries) => {
      const full = new Map<string, (typeof entries)[number]>();
      for (const entry of entries) {
        const name = nameOf(entry.projectId, entry.ingestionId);
        const left = (rooms.get(name) ?? 0) - 1;
        if (rooms.has(name)) rooms.set(name, left);
        if (left < 0) full.set(name, entry);
      }
      return [...full.values()];
    },
    note: (projectId, ingestionId, left) => {
      const name = nameOf(projectId, ingestionId);
      rooms.delete(name);
      rooms.set(name, Math.max(0, Math.min(left, stretch)));
      const [oldest] = rooms.keys();
      if (rooms.size > MOST_KNOWN && oldest !== undefined) rooms.delete(oldest);
    },
  };
}
