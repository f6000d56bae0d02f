/**
 * How long to wait before trying again. Pure: the random number is given. Leaves counting to the machine.
 * (invariant: bounded-retries) (invariant: drain-without-herd)
 */

/** No wait is longer than this, jitter included; ms. */
const LONGEST_DELAY_MS = 30_000;
/** After a planned restart clients come back between these; ms. */
const SPREAD_FROM_MS = 500;
const SPREAD_OVER_MS = 4_000;

/**
 * 1, 2, 4, 8, 16, 30, 30 … seconds for attempt 1, 2, 3 …, each moved by up to `jitter` of itself either way.
 *
 * @param random - from 0 up to 1
 */
export function retryDelayMs(attempt: number, jitter: number, random: number): number {
  const base = Math.min(LONGEST_DELAY_MS, 1_000 * 2 ** Math.min(attempt - 1, 5));
  return Math.min(LONGEST_DELAY_MS, Math.round(base * (1 + jitter * (2 * random - 1))));
}

/** The first wait after a server said that it restarts: wide, so that its watchers do not return as a herd. */
export function spreadDelayMs(random: number): number {
  return Math.round(SPREAD_FROM_MS + SPREAD_OVER_MS * random);
}
