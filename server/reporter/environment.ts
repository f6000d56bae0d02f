/** The reporter's environment: clock, randomness and network, in one object that tests replace. */
import type { Clock } from '../shared/clock.js';

/** What the reporter needs of its environment. */
export interface ReporterEnvironment extends Clock {
  /** From 0 up to 1. */
  random(): number;
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** This machine. Its timers keep the process alive, so that queued reports are sent before the process ends by itself. */
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
