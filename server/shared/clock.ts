/** The clock as a port, so that tests control time. Server, reporter and tests share it. */

/** Stops a timer; a second call does no harm. */
export type CancelTimer = () => void;

/** Wall clock, monotonic clock and timers. */
export interface Clock {
  /** Milliseconds since the Unix epoch; may jump. */
  now(): number;
  /** Milliseconds since some fixed moment; never goes back. */
  monotonicNow(): number;
  /** Runs `task` once, `delayMs` from now. The system clock's timers do not keep the process alive. */
  setTimer(delayMs: number, task: () => void): CancelTimer;
}

/** The clock of this machine. */
export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonicNow: () => performance.now(),
  setTimer: (delayMs: number, task: () => void) => {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
});
