/**
 * What waits for one slow watcher: at most 16 events that must be delivered, and one newer state behind them. Knows
 * order and bounds; what an event means is the business of the rule. (invariant: conflate-only-updates)
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
  /** True while a mergeable event waits, which the next one makes superfluous. */
  readonly hasMerged: boolean;
}

/** See `WatchQueue`. A class, since there may be very many; it allocates nothing before an event waits. */
class BoundedQueue implements WatchQueue {
  private unmerged: IngestionEvent[] | null = null;
  private merged: IngestionEvent | null = null;

  get size(): number {
    return (this.unmerged === null ? 0 : this.unmerged.length) + (this.merged === null ? 0 : 1);
  }

  get hasMerged(): boolean {
    return this.merged !== null;
  }

  push(event: IngestionEvent, mergeable: boolean): boolean {
    if (mergeable) {
      this.merged = event;
      return true;
    }
    this.merged = null;
    if (this.unmerged === null) {
      this.unmerged = [event];
      return true;
    }
    if (this.unmerged.length >= MOST_UNMERGED) return false;
    this.unmerged.push(event);
    return true;
  }

  shift(): IngestionEvent | null {
    const { unmerged } = this;
    if (unmerged !== null) {
      const first = unmerged.shift() ?? null;
      if (unmerged.length === 0) this.unmerged = null;
      return first;
    }
    const last = this.merged;
    this.merged = null;
    return last;
  }

  clear(): void {
    this.unmerged = null;
    this.merged = null;
  }
}

/** Makes an empty queue. */
export function createWatchQueue(): WatchQueue {
  return new BoundedQueue();
}
