/**
 * When a project's events may go out: leading and trailing edge of a 500 ms window, and a limit on those that cannot be
 * merged. Knows neither bus nor store, and not what the events say.
 */
import type { CancelTimer, Clock } from '../shared/clock.js';

/** Bounds of a project's events. */
export const COALESCING = Object.freeze({
  /** Least time between two merged events of a project, in ms: two a second. */
  windowMs: 500,
  /** Most events that cannot be merged (starts, phase starts, errors) ... */
  mostUrgent: 20,
  /** ... in so many ms. */
  urgentSpanMs: 10_000,
});

/** The window of one project. */
export class Coalescer {
  private opensAt = Number.NEGATIVE_INFINITY;
  private cancel: CancelTimer | null = null;
  private urgentAt: number[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly flush: () => void,
  ) {}

  /** True where an event may go out now. */
  isOpen(): boolean {
    return this.clock.monotonicNow() >= this.opensAt;
  }

  /** Asks for a flush as soon as one may be: now, or once at the end of the window. (invariant: last-update-delivered) */
  request(): void {
    if (this.cancel !== null) return;
    const delayMs = this.opensAt - this.clock.monotonicNow();
    if (delayMs <= 0) {
      this.flush();
      return;
    }
    this.cancel = this.clock.setTimer(delayMs, () => {
      this.cancel = null;
      this.flush();
    });
  }

  /** An event went out, here or `agoMs` ago on another server: the next merged one waits for the window. */
  sent(agoMs = 0): void {
    this.opensAt = Math.max(this.opensAt, this.clock.monotonicNow() - agoMs + COALESCING.windowMs);
  }

  /** Counts an event that cannot be merged; false where there were too many. */
  takeUrgent(): boolean {
    const now = this.clock.monotonicNow();
    this.urgentAt = this.urgentAt.filter((at) => now - at < COALESCING.urgentSpanMs);
    if (this.urgentAt.length >= COALESCING.mostUrgent) return false;
    this.urgentAt.push(now);
    return true;
  }

  /** True while an earlier event still counts. */
  isWarm(): boolean {
    const last = this.urgentAt.at(-1) ?? Number.NEGATIVE_INFINITY;
    return !this.isOpen() || this.clock.monotonicNow() - last < COALESCING.urgentSpanMs;
  }

  /** Stops the timer. */
  dispose(): void {
    this.cancel?.();
    this.cancel = null;
  }
}
