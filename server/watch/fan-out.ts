/**
 * Hands events to many watchers in slices, project by project, so that one event for ten thousand does not hold the
 * event loop, and one large project does not starve the small ones. Knows neither events nor sockets.
 */
import type { Clock } from '../shared/clock.js';

/** Work that can be done in slices: hands out one slice, and says whether more is left. */
export type Slice = () => boolean;

/** Runs slices in turn. */
export interface FanOut {
  /** Puts work at the end of the queue; the first slice runs soon, not now. */
  add(slice: Slice): void;
  /** Pieces of work that wait. */
  readonly waiting: number;
}

/** Milliseconds of slices before the event loop gets its turn. */
const BUDGET_MS = 8;

/** Makes a fan-out. */
export function createFanOut(clock: Pick<Clock, 'monotonicNow'>): FanOut {
  const queue: Slice[] = [];
  let scheduled = false;

  function run(): void {
    scheduled = false;
    const until = clock.monotonicNow() + BUDGET_MS;
    for (let turns = queue.length; turns > 0 && clock.monotonicNow() < until; turns -= 1) {
      const slice = queue.shift();
      if (slice?.() === true) {
        queue.push(slice);
        turns += 1;
      }
    }
    if (queue.length > 0) schedule();
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(run);
  }

  return {
    add: (slice) => {
      queue.push(slice);
      schedule();
    },
    get waiting() {
      return queue.length;
    },
  };
}
