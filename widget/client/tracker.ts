/**
 * Keeps what is known of one project and turns its changes into events. Decides which of them the first state seen may
 * fire, and asks once for the ending of an ingestion that was missed.
 */
import { endingWasMissed, eventsBetween, type NamedEvent } from './progress-events.js';
import { foldProgress, hasEnded } from './progress-fold.js';
import type { Progress, Snapshot } from './types.js';

/** What is known of one project. */
export interface Tracker {
  readonly progress: Progress | null;
  readonly knowledge: Snapshot['knowledge'];
  /** Shows what was known when this project was left; only before anything was heard. */
  remember(progress: Progress): void;
  /** Takes what the server said; null: the project never ingested. */
  hear(progress: Progress | null): void;
  /** The server confirmed that nothing changed. */
  confirm(): void;
  dispose(): void;
}

/** Options of a tracker. */
export interface TrackerOptions {
  /** The host named the ingestion: then the first state seen is news. */
  readonly named: boolean;
  readonly tell: (event: NamedEvent) => void;
  /** Reads one ingestion by its id; null where it cannot be had. */
  readonly readIngestion: (id: string) => Promise<Progress | null>;
}

/** Starts with nothing known. */
export function createTracker(options: TrackerOptions): Tracker {
  const { named, tell, readIngestion } = options;
  let progress: Progress | null = null;
  let knowledge: Snapshot['knowledge'] = 'none';
  let disposed = false;
  /** Events wait here while an ending that was missed is asked for, so that it is told first. */
  let waiting: NamedEvent[] | null = null;

  function tellAll(events: readonly NamedEvent[]): void {
    if (waiting !== null) waiting.push(...events);
    else for (const event of events) tell(event);
  }
  async function tellMissed(before: Progress): Promise<void> {
    const held: NamedEvent[] = [];
    waiting = held;
    const ending = await readIngestion(before.id);
    if (disposed) return;
    waiting = null;
    // It may have been read while it still ran, if it was replaced without an end: then there is nothing to tell.
    if (ending?.id === before.id && ending.status !== 'RUNNING') {
      for (const event of eventsBetween(before, ending)) tell(event);
    }
    for (const event of held) tell(event);
  }

  return {
    get progress() {
      return progress;
    },
    get knowledge() {
      return knowledge;
    },
    remember(remembered) {
      if (knowledge !== 'none') return;
      progress = remembered;
      knowledge = 'remembered';
    },
    hear(heard) {
      const silent = knowledge === 'none' && !named;
      const before = progress;
      // Remembered as ended and another one seen: as good as seeing it for the first time.
      const old = knowledge === 'remembered' && before !== null && hasEnded(before);
      const wasConfirmed = knowledge === 'confirmed';
      knowledge = 'confirmed';
      if (heard === null) {
        // A server that knows nothing of it: what this tab remembered is not true there.
        if (!wasConfirmed) progress = null;
        return;
      }
      const after = foldProgress(before, heard);
      progress = after;
      if (after === before || silent || (old && before?.id !== after.id)) return;
      if (waiting === null && endingWasMissed(before, after)) void tellMissed(before);
      tellAll(eventsBetween(before, after));
    },
    confirm() {
      if (progress !== null) knowledge = 'confirmed';
    },
    dispose() {
      disposed = true;
    },
  };
}
