/**
 * Limits what cannot be coalesced: 20 events of an ingestion (phase starts, errors) and 120 starts of a project in 10 s; and
 * reports of problems, each of which is written: 10 a second of an ingestion.
 */
import type { Clock } from '../shared/clock.js';

/** Bounds of the limit. */
export const RATE_LIMIT = Object.freeze({
  /** Most events of an ingestion ... */
  maxEvents: 20,
  /** ... and most starts of a project ... */
  maxStarts: 120,
  /** ... in so many milliseconds. */
  spanMs: 10_000,
  /** Most reports of problems of an ingestion ... */
  maxProblemReports: 10,
  /** ... in so many milliseconds. */
  problemSpanMs: 1_000,
});

/** One limit. */
export class RateLimiter {
  private acquiredAt: number[] = [];

  constructor(
    private readonly clock: Pick<Clock, 'monotonicNow'>,
    private readonly most: number,
    private readonly spanMs: number = RATE_LIMIT.spanMs,
  ) {}

  /** Counts an event; false if there were too many. */
  tryAcquire(): boolean {
    const now = this.clock.monotonicNow();
    this.acquiredAt = this.acquiredAt.filter((at) => now - at < this.spanMs);
    if (this.acquiredAt.length >= this.most) return false;
    this.acquiredAt.push(now);
    return true;
  }

  /** True while an earlier event still counts. */
  isCounting(): boolean {
    const last = this.acquiredAt.at(-1) ?? Number.NEGATIVE_INFINITY;
    return this.clock.monotonicNow() - last < this.spanMs;
  }
}
