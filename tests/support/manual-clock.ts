/** A clock that the test advances. Timers run in order, and everything that a timer starts settles before the next one. */
import type { Clock } from '../../server/shared/clock.js';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly task: () => void;
}

/** A clock that a test controls. */
export interface ManualClock extends Clock {
  /** Advances the time and runs each timer when it is due. */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock, as an administrator might; timers and monotonic time are not affected. */
  setWallClock(nowMs: number): void;
  /** The number of pending timers. */
  readonly timers: number;
}

/** Waits until pending promises have settled, including those that take several turns of the event loop. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Creates a clock that moves only when it is advanced. */
export function createManualClock(startMs = 1_700_000_000_000): ManualClock {
  let monotonic = 0;
  let wallOffset = startMs;
  let order = 0;
  const timers = new Set<Timer>();

  const next = (): Timer | null => {
    let first: Timer | null = null;
    for (const timer of timers) {
      if (first === null || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    }
    return first;
  };

  return {
    now: () => wallOffset + monotonic,
    monotonicNow: () => monotonic,
    setTimer: (delayMs, task) => {
      order += 1;
      const timer: Timer = { at: monotonic + Math.max(0, delayMs), order, task };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance: async (ms) => {
      const until = monotonic + ms;
      await settle();
      for (let timer = next(); timer !== null && timer.at <= until; timer = next()) {
        timers.delete(timer);
        monotonic = Math.max(monotonic, timer.at);
        timer.task();
        await settle();
      }
      monotonic = until;
      await settle();
    },
    setWallClock: (nowMs) => {
      wallOffset = nowMs - monotonic;
    },
    get timers() {
      return timers.size;
    },
  };
}
