/**
 * What waits for one slow watcher: at most 16 events that must be delivered, and one newer state behind them. Knows
 * order and bounds; what an event means is the business of the rule.
 */
import type { IngestionEvent } from '@ingestion-progress/schema';

/** Events of a watcher's queue that are never merged; one more and the watcher is too slow. */
export const MOST_UNMERGED = 16;

/** A bounded queue. */
export interface WatchQueue {
  /**
   * Adds an event. A mergeable one replaces the mergeable one that waits; any other makes that one superfluous, since
   * each event carries the whole state. False where it does not fit.
   */
  push(event: IngestionEvent, mergeable: boolean): boolean;
  /** The next event; null where none waits. */
  shift(): IngestionEvent | null;
  clear(): void;
  readonly size: number;
  /** How many events were merged away since the start. */
  readonly conflated: number;
}

/** Makes an empty queue; it allocates nothing before the first event waits. */
export function createWatchQueue(): WatchQueue {
  let unmerged: IngestionEvent[] | null = null;
  let merged: IngestionEvent | null = null;
  let conflated = 0;
  return {
    push: (event, mergeable) => {
      if (merged !== null) conflated += 1;
      if (mergeable) {
        merged = event;
        return true;
      }
      merged = null;
      unmerged ??= [];
      if (unmerged.length >= MOST_UNMERGED) return false;
      unmerged.push(event);
      return true;
    },
    shift: () => {
      const first = unmerged?.shift();
      if (first !== undefined) return first;
      const last = merged;
      merged = null;
      return last;
    },
    clear: () => {
      unmerged = null;
      merged = null;
    },
    get size() {
      return (unmerged?.length ?? 0) + (merged === null ? 0 : 1);
    },
    get conflated() {
      return conflated;
    },
  };
}
