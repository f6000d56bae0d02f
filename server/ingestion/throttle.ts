/**
 * When a project's coalesced events may go out: at the leading and the trailing edge of a 500 ms window. Knows neither
 * bus nor store, and not what the events say. (invariant: last-update-delivered)
 */
import type { CancelTimer, Clock } from '../shared/clock.js';

/** Least time between two coalesced events of a project, in milliseconds: two a second. */
export const WINDOW_MS = 500;

/** The window of one project. */
export class Throttle {
  private opensAt = Number.NEGATIVE_INFINITY;
  private cancelTimer: CancelTimer | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly flush: () => void,
  ) {}

  /** True if an event may go out now. */
  isOpen(): boolean {
    return this.clock.monotonicNow() >= this.opensAt;
  }

  /** Flushes as soon as the window allows: now, or once at its end. */
  requestFlush(): void {
    if (this.cancelTimer !== null) return;
    const delayMs = this.opensAt - this.clock.monotonicNow();
    if (delayMs <= 0) {
      this.flush();
      return;
    }
    this.cancelTimer = this.clock.setTimer(delayMs, () => {
      this.cancelTimer = null;
      this.flush();
    });
  }

  /** An event went out, here or `ageMs` ago on another server: the next coalesced one waits for the window. */
  recordEvent(ageMs = 0): void {
    this.opensAt = Math.max(this.opensAt, this.clock.monotonicNow() - ageMs + WINDOW_MS);
  }

  /** Stops the timer. */
  dispose(): void {
    this.cancelTimer?.();
    this.cancelTimer = null;
  }
}
