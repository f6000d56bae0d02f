/**
 * Retry delays. Pure: the random number is an argument, and the state machine counts the attempts.
 * (invariant: bounded-retries) (invariant: drain-without-herd)
 */

/** Upper limit of a delay, jitter included; ms. */
const MAX_DELAY_MS = 30_000;
/** Without a token there is nothing to ask the server, so the delay grows no longer than that of this attempt. */
export const SOON_ATTEMPT = 4;
/** Range of the delay after a planned restart; ms. */
const JITTERED_MIN_MS = 500;
const JITTERED_RANGE_MS = 4_000;

/**
 * Exponential backoff: 1, 2, 4, 8, 16, 30, 30 … seconds for attempt 1, 2, 3 …, each varied by up to ±`jitter` of itself.
 *
 * @param random - from 0 up to 1
 */
export function retryDelayMs(attempt: number, jitter: number, random: number): number {
  const base = Math.min(MAX_DELAY_MS, 1_000 * 2 ** Math.min(attempt - 1, 5));
  return Math.min(MAX_DELAY_MS, Math.round(base * (1 + jitter * (2 * random - 1))));
}

/** The delay after a planned restart, or after a token expired on a live socket: wide, so that not all clients come at once. */
export function jitteredDelayMs(random: number): number {
  return Math.round(JITTERED_MIN_MS + JITTERED_RANGE_MS * random);
}
