/**
 * Keeps what is known of one project and turns its changes into events. Decides which of them the first state seen may
 * fire, and asks once for the ending of an ingestion that was missed.
 */
import { endingWasMissed, eventsBetween, type NamedEvent } from './progress-events.js';
import { foldProgress, hasEnded } from './reduce-progress.js';
import type { Progress, Snapshot } from './types.js';

/** What is known of one project. */
export interface Tracker {
  readonly progress: Progress | null;
  readonly knowledge: Snapshot['knowledge'];
  /** Shows what was known when this project was left; only before anything was heard. */
  remember(progress: Progress): void;
  /** Takes what the server said; null: the project never ingested. Returns what happened, as events to tell. */
  hear(progress: Progress | null): readonly NamedEvent[];
  /** The server confirmed that nothing changed: no event. */
  confirm(): readonly NamedEvent[];
}

/** Options of a tracker. */
export interface TrackerOptions {
  /** The host named the ingestion: then the first state seen is news. */
  readonly named: boolean;
  /** Tells events that had to wait. */
  readonly tell: (events: readonly NamedEvent[]) => void;
  /** Reads one ingestion by its id; null where it cannot be had. */
  readonly readIngestion: (id: string) => Promise<Progress | null>;
}

/** Starts with nothing known. */
export function createTracker(options: TrackerOptions): Tracker {
  const { named, tell, readIngestion } = options;
  let progress: Progress | null = null;
  let knowledge: Snapshot['knowledge'] = 'none';
  /** Events wait here while an ending that was missed is asked for, so that it is told first. */
  let waiting: NamedEvent[] | null = null;

  async function tellMissed(before: Progress, held: readonly NamedEvent[]): Promise<void> {
    const ending = await readIngestion(before.id);
    waiting = null;
    // It may have been read while it still ran, if it was replaced without an end: then there is nothing to tell.
    const missed =
      ending?.id === before.id && ending.status !== 'RUNNING' ? eventsBetween(before, ending) : [];
    tell([...missed, ...held]);
  }

  return {
    get progress() {
      return progress;
    },
    get knowledge() {
      return knowledge;
    },
    remember(remembered) {
      progress = remembered;
      knowledge = 'remembered';
    },
    hear(heard) {
      const before = progress;
      // Nothing known, or another one remembered as ended: as good as seeing it for the first time.
      const silent =
        knowledge === 'none'
          ? !named
          : knowledge === 'remembered' && before !== null && hasEnded(before) && before.id !== heard?.id;
      if (heard === null) {
        // A server that knows nothing of it: what this tab remembered is not true there.
        if (knowledge !== 'confirmed') progress = null;
      } else progress = foldProgress(before, heard);
      knowledge = 'confirmed';
      if (progress === null || progress === before || silent) return [];
      const events = eventsBetween(before, progress);
      if (waiting === null && endingWasMissed(before, progress)) {
        waiting = [];
        void tellMissed(before, waiting);
      }
      if (waiting === null) return events;
      waiting.push(...events);
      return [];
    },
    confirm() {
      if (progress !== null) knowledge = 'confirmed';
      return [];
    },
  };
}
