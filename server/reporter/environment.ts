/** The only file of the reporter that touches clock, chance and network; tests put their own in its place. */

/** What the reporter needs of the world. */
export interface ReporterEnvironment {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds since some fixed moment; never goes back. */
  monotonicNow(): number;
  /** Runs `task` once, `delayMs` from now. Returns its cancel, which may be called twice. */
  setTimer(delayMs: number, task: () => void): () => void;
  /** From 0 up to 1. */
  random(): number;
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** This machine. Its timers keep the process alive: what waits to be sent is not lost by falling off the end. */
export const systemEnvironment: ReporterEnvironment = Object.freeze({
  now: () => Date.now(),
  monotonicNow: () => performance.now(),
  setTimer: (delayMs: number, task: () => void) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  fetch: (url: string, init: RequestInit) => fetch(url, init),
});
