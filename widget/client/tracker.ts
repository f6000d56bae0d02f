/**
 * Keeps the state of one project and turns its changes into events. Decides which events the first state may emit, and
 * fetches the ending of an ingestion if the client missed it.
 */
import { endingWasMissed, eventsBetween, type NamedEvent } from './progress-events.js';
import { reduceProgress, hasEnded } from './reduce-progress.js';
import type { Progress, Snapshot } from './types.js';

/** Tracks one project. */
export interface Tracker {
  readonly progress: Progress | null;
  readonly knowledge: Snapshot['knowledge'];
  /** Shows a cached state; only before the first state from a server. */
  restore(progress: Progress): void;
  /** Applies a state from the server; null: the project never ingested. Returns the events to emit. */
  apply(progress: Progress | null): readonly NamedEvent[];
  /** The server confirmed that nothing changed: no events. */
  confirm(): readonly NamedEvent[];
}

/** Options of a tracker. */
export interface TrackerOptions {
  /** The host named the ingestion: then the first state emits events too. */
  readonly explicit: boolean;
  /** Emits events that were deferred. */
  readonly emit: (events: readonly NamedEvent[]) => void;
  /** Fetches one ingestion by its id; null if it can't be fetched. */
  readonly fetchIngestion: (id: string) => Promise<Progress | null>;
}

/** Makes a tracker without a state. */
export function createTracker(options: TrackerOptions): Tracker {
  const { explicit, emit, fetchIngestion } = options;
  let progress: Progress | null = null;
  let knowledge: Snapshot['knowledge'] = 'none';
  /** Events deferred while a missed ending is fetched, so that the ending is emitted first. */
  let deferred: NamedEvent[] | null = null;

  async function emitMissedEnding(before: Progress, deferredEvents: readonly NamedEvent[]): Promise<void> {
    const ending = await fetchIngestion(before.id);
    deferred = null;
    // An ingestion that was replaced without an ending is still running in the store: then there is nothing to emit.
    const missed =
      ending?.id === before.id && ending.status !== 'RUNNING' ? eventsBetween(before, ending) : [];
    emit([...missed, ...deferredEvents]);
  }

  return {
    get progress() {
      return progress;
    },
    get knowledge() {
      return knowledge;
    },
    restore(cached) {
      progress = cached;
      knowledge = 'remembered';
    },
    apply(incoming) {
      const before = progress;
      // Nothing known, or a different, ended ingestion in the cache: this counts as the first state.
      const isInitial =
        knowledge === 'none'
          ? !explicit
          : knowledge === 'remembered' && before !== null && hasEnded(before) && before.id !== incoming?.id;
      if (incoming === null) {
        // The server has no ingestion: the cached state is wrong.
        if (knowledge !== 'confirmed') progress = null;
      } else progress = reduceProgress(before, incoming);
      knowledge = 'confirmed';
      if (progress === null || progress === before || isInitial) return [];
      const events = eventsBetween(before, progress);
      if (deferred === null && endingWasMissed(before, progress)) {
        deferred = [];
        void emitMissedEnding(before, deferred);
      }
      if (deferred === null) return events;
      deferred.push(...events);
      return [];
    },
    confirm() {
      if (progress !== null) knowledge = 'confirmed';
      return [];
    },
  };
}
