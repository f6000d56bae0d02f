/** How many cases a property is tried on, and from which seed: `FUZZ_CASES` (500) and `FUZZ_SEED` (by chance). */
import type { Parameters } from 'fast-check';

/** Cases of each property. */
export const CASES = Number(process.env['FUZZ_CASES'] ?? 500);

/** Cases that run at the same time; a property is about so many. */
export const AT_ONCE = 10;

/** What fast-check is told; the seed is printed, so that a run can be had again. */
export function fuzzing<T>(name: string): Parameters<T> {
  const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`${name}: ${CASES} cases, FUZZ_SEED=${seed}`);
  return { seed, numRuns: Math.ceil(CASES / AT_ONCE), endOnFailure: process.env['CI'] !== undefined };
}

/** Milliseconds that a property of so many cases may take. */
export const TIMEOUT_MS = 60_000 + CASES * 100;
