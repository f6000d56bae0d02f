/** How an estimate is put, as coarse as it is sure: "about 4 min", "2 to 4 hours". Numbers and units only; no language. Pure. */

/** Seconds that something still takes; the range is at most 1:2 and `seconds` its geometric mean. */
export interface EtaEstimate {
  readonly seconds: number;
  readonly lowSeconds: number;
  readonly highSeconds: number;
}

/** Unit of both numbers of a range. */
export type EtaUnit = 'second' | 'minute' | 'hour' | 'day';

/** `moments`: a few seconds. */
export type EtaWords =
  | { readonly kind: 'moments' }
  | { readonly kind: 'about'; readonly unit: EtaUnit; readonly value: number }
  | { readonly kind: 'range'; readonly unit: EtaUnit; readonly from: number; readonly to: number };

const SECONDS: Readonly<Record<EtaUnit, number>> = { second: 1, minute: 60, hour: 3_600, day: 86_400 };
/** The numbers that are said in each unit. */
const NUMBERS: Readonly<Record<EtaUnit, readonly number[]>> = {
  second: [10, 15, 20, 25, 30, 40, 50, 60, 75, 90, 120, 150, 180],
  minute: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 35, 40, 45, 50, 60, 75, 90],
  hour: [1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 24, 30, 36],
  day: [
    1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 25, 30, 40, 50, 60, 80, 100, 130, 160, 200, 250,
    300, 365,
  ],
};
/** The larger first: of two that say the same, that one is said. */
const UNITS = ['day', 'hour', 'minute', 'second'] as const;
/** Below so many seconds nobody counts. */
const MOMENTS = 8;
/** A range that is narrower than this ratio is one number. */
const NARROW = 1.3;
/** What was said before goes on being said while it is off by less than this ratio. */
const STILL_RIGHT = 1.1;

/** The words for an estimate; `previous` are those that are shown now, kept while they are still right. */
export function etaWords(estimate: EtaEstimate, previous: EtaWords | null = null): EtaWords {
  const { seconds } = estimate;
  const ratio = estimate.highSeconds / estimate.lowSeconds;
  const isRange = ratio >= NARROW;
  if (
    previous !== null &&
    distance(etaSeconds(previous), seconds) < Math.log(STILL_RIGHT) &&
    (previous.kind === 'range') === isRange
  )
    return previous;
  if (seconds < MOMENTS) return { kind: 'moments' };
  let best: EtaWords = { kind: 'moments' };
  let least = Infinity;
  const offer = (words: EtaWords, cost: number) => {
    if (cost >= least) return;
    best = words;
    least = cost;
  };
  for (const unit of UNITS) {
    const size = SECONDS[unit];
    for (const from of NUMBERS[unit]) {
      // What is further away cannot be part of a range of 1:2 either.
      if (from * size > 2 * seconds || from * size * 2 < seconds) continue;
      if (!isRange) offer({ kind: 'about', unit, value: from }, distance(from * size, seconds));
      else
        for (const to of NUMBERS[unit]) {
          if (to <= from || to > 2 * from) continue;
          const middle = Math.sqrt(from * to) * size;
          offer(
            { kind: 'range', unit, from, to },
            distance(middle, seconds) + distance(to / from, ratio) / 2,
          );
        }
    }
  }
  // Longer than anything that has a word.
  return least === Infinity ? { kind: 'about', unit: 'day', value: Math.round(seconds / SECONDS.day) } : best;
}

/** The seconds that words amount to: a range by its geometric mean. */
export function etaSeconds(words: EtaWords): number {
  switch (words.kind) {
    case 'moments':
      return 5;
    case 'about':
      return words.value * SECONDS[words.unit];
    case 'range':
      return Math.sqrt(words.from * words.to) * SECONDS[words.unit];
  }
}

/**
 * An estimate `ageMs` after it was made, while nothing more was heard: less by as much, but at least half of it, since
 * a step that takes longer than it should is no sign that the end is near.
 */
export function countedDown(estimate: EtaEstimate, ageMs: number): EtaEstimate {
  const share = Math.max(0.5, 1 - ageMs / 1000 / estimate.seconds);
  return {
    seconds: estimate.seconds * share,
    lowSeconds: estimate.lowSeconds * share,
    highSeconds: estimate.highSeconds * share,
  };
}

/** How far two amounts are apart, as the logarithm of their ratio. */
function distance(a: number, b: number): number {
  return Math.abs(Math.log(a / b));
}
