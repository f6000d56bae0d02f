/** Limits the events of a project that cannot be coalesced (starts, phase starts, errors): 20 in 10 s. */
import type { Clock } from '../shared/clock.js';

/** Bounds of the limit. */
export const RATE_LIMIT = Object.freeze({
  /** Most events ... */
  maxEvents: 20,
  /** ... in so many milliseconds. */
  spanMs: 10_000,
});

/** The limit of one project. */
export class RateLimiter {
  private acquiredAt: number[] = [];

  constructor(private readonly clock: Pick<Clock, 'monotonicNow'>) {}

  /** Counts an event; false if there were too many. */
  tryAcquire(): boolean {
    const now = this.clock.monotonicNow();
    this.acquiredAt = this.acquiredAt.filter((at) => now - at < RATE_LIMIT.spanMs);
    if (this.acquiredAt.length >= RATE_LIMIT.maxEvents) return false;
    this.acquiredAt.push(now);
    return true;
  }

  /** True while an earlier event still counts. */
  isCounting(): boolean {
    const last = this.acquiredAt.at(-1) ?? Number.NEGATIVE_INFINITY;
    return this.clock.monotonicNow() - last < RATE_LIMIT.spanMs;
  }
}
