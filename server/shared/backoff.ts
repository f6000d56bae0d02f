/** Exponential backoff, with jitter if many callers retry at once. Pure. */

/** Bounds of the delay between attempts, in milliseconds. */
export interface BackoffOptions {
  /** Delay after the first failure. */
  readonly minMs: number;
  /** Longest delay. */
  readonly maxMs: number;
  /** Share of the delay by which it varies up or down, 0 to 1. @default 0 */
  readonly jitter?: number;
}

/**
 * Delay before the next attempt, in milliseconds: `minMs` after the first failure, doubled after each further one, at
 * most `maxMs`, jitter included.
 *
 * @param failures Failures in a row; 0 means no delay.
 * @param random From 0 up to 1; only used with `jitter`.
 */
export function backoffDelayMs(
  { minMs, maxMs, jitter = 0 }: BackoffOptions,
  failures: number,
  random = 0.5,
): number {
  if (failures <= 0) return 0;
  // 2 ** 30 would overflow nothing, but an outage of days counts failures without end.
  const delayMs = Math.min(maxMs, minMs * 2 ** Math.min(failures - 1, 30));
  return Math.min(maxMs, delayMs * (1 + jitter * (2 * random - 1)));
}
