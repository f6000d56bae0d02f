/** Medians, percentiles and slopes of figures. Pure. */

/** A figure over several repetitions. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly repetitions: number;
}

/** The value below which the given share (0 to 1) of sorted values lies; NaN if there are none. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const index = Math.min(sorted.length - 1, Math.floor(share * sorted.length));
  return sorted[index] ?? Number.NaN;
}

/** Median, minimum and maximum. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
  return {
    median,
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    repetitions: values.length,
  };
}

/** The median of the pairwise ratios: each figure divided by the peer's figure of the same repetition. */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): number {
  return spreadOf(ours.map((value, index) => value / (theirs[index] ?? Number.NaN))).median;
}
