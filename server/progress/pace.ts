/**
 * The sums behind the estimate of the remaining time: how long a phase ran, what it did meanwhile by each measure, as a
 * whole and of late, and how wrong forecasts by these paces were. Pure, small tuples of numbers that are stored as JSON.
 *
 * - A. P. Dawid, "The Prequential Approach", J. Royal Statistical Society A 147 (1984): a forecast is judged only by
 *   what came after it.
 * - W. J. Dixon, "Simplified Estimation from Censored Normal Samples", Annals of Mathematical Statistics 31 (1960):
 *   winsorizing; one wait is counted as at most 50 usual ones.
 */

/** Milliseconds but for `at`, `steps`, `isShown` and `isPaused`. All of them are of time in which the phase ran. */
export type Clock = readonly [
  /** Time of the last event, ms since the Unix epoch. */
  at: number,
  /** Until the last progress. */
  active: number,
  /** Since the last progress. */
  idle: number,
  /** Events that brought progress. */
  steps: number,
  /** Longest time between two events. */
  longestSilence: number,
  /** Time, decayed: what is old counts less. */
  recent: number,
  /** `active` when forecasts were last judged. */
  mark: number,
  isShown: 0 | 1,
  isPaused: 0 | 1,
];

/** One measure, in its own unit; bytes as MiB. */
export type Measure = readonly [
  done: number,
  /** `done` when the phase was first seen. */
  base: number,
  /** 0 if not known. */
  total: number,
  /** Progress, decayed as `recent` of the clock. */
  recent: number,
  /** What the total grew by, decayed likewise. */
  grown: number,
  /** Done and total at the mark. */
  markDone: number,
  markTotal: number,
  /** Logarithm of recent over whole pace at the mark. */
  markRatio: number,
  /** Squared errors of the logarithms of the forecasts, decayed. */
  wholeError: number,
  recentError: number,
];

/** Constants of the sums, tuned as those of `remaining-time.ts`. */
const PACE = Object.freeze({
  /** Age of what counts 1/e in the recent pace, as a share of the phase's time so far, and at least so many ms. */
  recentShare: 0.05,
  recentLeastMs: 6_000,
  /** Forecasts are judged each time the phase's time has grown by this factor. */
  markGrowth: 1.1,
  markLeastMs: 1_000,
  /** How much of the earlier error is kept at each judgement. */
  errorKeep: 0.6,
  /** Squared error before anything was judged, and the greatest that one judgement counts. */
  errorAtFirst: 0.15,
  errorMost: 2,
  /** One wait counts as at most so many usual ones, once there are ten of these; at least so many ms. */
  waitMost: 50,
  waitMostFromSteps: 10,
  waitMostLeastMs: 30_000,
  /** A silence is a pause if it is longer than this, than so many times the longest before it, and than half of all time. */
  pauseLeastMs: 300_000,
  pauseTimesLongest: 10,
});

/** Significant digits of counts and totals, and of decayed sums: to these, little is added often. */
const COUNT_DIGITS = 5;
const SUM_DIGITS = 6;
const POWERS = Array.from({ length: 32 }, (_, index) => 10 ** index);

/** To so many significant digits: the state is stored as text. */
function round(value: number, digits: number): number {
  if (value === 0 || !Number.isFinite(value)) return 0;
  if (digits === COUNT_DIGITS && value < 100_000 && Number.isInteger(value)) return value;
  const shift = digits - 1 - Math.floor(Math.log10(Math.abs(value)));
  if (shift < 0) {
    const step = POWERS[-shift] ?? Infinity;
    return step === Infinity ? 0 : Math.round(value / step) * step;
  }
  const scale = POWERS[shift] ?? Infinity;
  return scale === Infinity ? 0 : Math.round(value * scale) / scale;
}

/** To four decimals: logarithms and their errors. */
function decimal(value: number): number {
  // JSON knows no -0: what was stored must equal what is read back.
  return Math.round(value * 10_000) / 10_000 + 0;
}

/** A measure that is told for the first time; null if it is not told. */
export function start(done: number | null, total: number | null): Measure | null {
  if (done === null) return null;
  const base = round(done, COUNT_DIGITS);
  const { errorAtFirst } = PACE;
  const all = round(total ?? 0, COUNT_DIGITS);
  return [base, base, all, 0, 0, base, all, 0, errorAtFirst, errorAtFirst];
}

/** Lets time pass, but for pauses: those that are told, and long silences of a job that was never silent for long. */
export function wait(clock: Clock, atMs: number): Clock {
  const [at, active, idle, steps, longest, recent, mark, isShown, isPaused] = clock;
  const silence = Math.max(0, Math.round(atMs - at));
  if (isPaused === 1) return [at + silence, active, idle, steps, longest, recent, mark, isShown, 1];
  const usual = steps > 0 ? active / steps : 0;
  const isNight =
    steps > 0 &&
    silence > PACE.pauseLeastMs &&
    silence > PACE.pauseTimesLongest * longest &&
    silence > (active + idle) / 2;
  const most =
    steps < PACE.waitMostFromSteps ? Infinity : Math.max(PACE.waitMostLeastMs, PACE.waitMost * usual);
  const waited = Math.round(Math.min(most, idle + (isNight ? usual : silence)));
  return [
    at + silence,
    active,
    waited,
    steps,
    isNight ? longest : Math.max(longest, silence),
    recent,
    mark,
    isShown,
    0,
  ];
}

/** A measure with what is told now, its sums not moved on yet. */
export function see(before: Measure | null, done: number | null, total: number | null): Measure | null {
  if (done === null || before === null) return before ?? start(done, total);
  const [was, base, totalBefore, recent, grown, markDone, markTotal, ratio, whole, last] = before;
  const now = round(done, COUNT_DIGITS);
  const all = round(total ?? 0, COUNT_DIGITS);
  const more = totalBefore > 0 && all > 0 ? all - totalBefore : 0;
  // Counts that fell (a part that starts again) are to be done once more, and that is no progress.
  const fell = Math.min(0, now - was);
  return [
    now,
    fell === 0 ? base : round(base + fell, COUNT_DIGITS),
    all,
    recent,
    more === 0 ? grown : round(grown + more, SUM_DIGITS),
    fell === 0 ? markDone : round(markDone + fell, COUNT_DIGITS),
    markTotal,
    ratio,
    whole,
    last,
  ];
}

/** Whether a measure went on. */
export function hasMoved(before: Measure | null, seen: Measure | null): boolean {
  return before !== null && seen !== null && seen[0] > before[0];
}

/** The clock after progress: the wait for it is over. */
export function step(clock: Clock, keep: number, isMark: boolean): Clock {
  const [at, active, idle, steps, longest, recent, mark, isShown, isPaused] = clock;
  const now = Math.round(active + idle);
  return [
    at,
    now,
    0,
    steps + 1,
    longest,
    Math.round(recent * keep + idle),
    isMark ? now : mark,
    isShown,
    isPaused,
  ];
}

/** What is left of the recent sums after the wait. */
export function keepOf([, active, idle]: Clock): number {
  return Math.exp(-idle / Math.max(PACE.recentLeastMs, PACE.recentShare * (active + idle)));
}

/** Whether forecasts are to be judged now. */
export function isMarkAt([, active, idle, steps, , , mark]: Clock): boolean {
  const now = active + idle;
  return steps > 0 && now >= PACE.markLeastMs && now >= mark * PACE.markGrowth;
}

/** Moves the sums on; `mark` is the time of the last judgement if this is one. */
export function progress(
  before: Measure | null,
  seen: Measure | null,
  keep: number,
  clock: Clock,
  mark: number | null,
): Measure | null {
  if (seen === null) return null;
  const [done, base, total, recentBefore, grownBefore, markDone, markTotal, ratio, whole, last] = seen;
  const step = before === null ? 0 : Math.max(0, done - before[0]);
  const recent = round(recentBefore * keep + step, SUM_DIGITS);
  // What is less than a ten-thousandth changes no estimate, and takes many digits.
  const grownNow = before === null ? 0 : grownBefore - before[4];
  const allGrown = (grownBefore - grownNow) * keep + grownNow;
  const grown = allGrown < total / 10_000 ? 0 : round(allGrown, SUM_DIGITS);
  if (mark === null) return [done, base, total, recent, grown, markDone, markTotal, ratio, whole, last];
  const [, active, , , , recentMs] = clock;
  let [wholeError, recentError] = [whole, last];
  if (mark > 0) {
    const { errorMost, errorKeep } = PACE;
    let [ofWhole, ofRecent]: [number, number] = [errorMost, errorMost];
    if (done > markDone && markDone > base) {
      const off = Math.log((mark / (markDone - base)) * ((done - markDone) / (active - mark)));
      // A total that grew made the forecast wrong just as well.
      const growth = total > 0 && markTotal > 0 ? Math.log(total / markTotal) : 0;
      ofWhole = Math.min(errorMost, off * off + growth * growth);
      ofRecent = Math.min(errorMost, (off + ratio) * (off + ratio) + growth * growth);
    }
    wholeError = decimal(wholeError * errorKeep + ofWhole * (1 - errorKeep));
    recentError = decimal(recentError * errorKeep + ofRecent * (1 - errorKeep));
  }
  const newRatio = recent > 0 && done > base ? Math.log((recentMs / recent) * ((done - base) / active)) : 0;
  return [done, base, total, recent, grown, done, total, decimal(newRatio), wholeError, recentError];
}
