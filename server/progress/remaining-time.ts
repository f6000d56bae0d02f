/**
 * How long a phase still takes, judged by its own past. Pure: times come in, the state is small JSON. Forecasts come
 * from two paces (mean of the whole phase, mean of the last twentieth) of each measure that the job tells (percent,
 * items, bytes), and each counts by how well it would have foretold what came.
 *
 * Sources, beside those of `pace.ts`:
 * - J. M. Bates, C. W. J. Granger, "The Combination of Forecasts", Operational Research Quarterly 20 (1969): weights by
 *   the inverse of past squared errors, forgotten exponentially.
 * - B. Epstein, M. Sobel, "Life Testing", J. American Statistical Association 48 (1953): an item that is not done yet
 *   still says that items take long (time so far over items done).
 * - J. R. Gott, "Implications of the Copernican Principle for Our Future Prospects", Nature 363 (1993): what has grown
 *   for so long will, as a median, grow for as long again; for totals that still grow.
 */
import {
  hasMoved,
  isMarkAt,
  keepOf,
  progress,
  see,
  start,
  step,
  wait,
  type Clock,
  type Measure,
} from './pace.js';

/** What a job has told of a phase by now; null for what it does not know. A percent is the job's own, not one worked out from counts. */
export interface Work {
  readonly percent: number | null;
  readonly itemsDone: number | null;
  readonly itemsTotal: number | null;
  readonly bytesDone: number | null;
  readonly bytesTotal: number | null;
}

/** An estimate in seconds. The range is at most 1:2, and `seconds` is its geometric mean. */
export interface RemainingTime {
  readonly seconds: number;
  readonly lowSeconds: number;
  readonly highSeconds: number;
}

/** What is known of a phase's pace: about 140 bytes of JSON, 60 more for each further measure. Opaque to others. */
export interface RemainingTimeState {
  readonly clock: Clock;
  /** Percent, items, bytes. */
  readonly measures: readonly [Measure | null, Measure | null, Measure | null];
}

/** State and estimate after an event; the estimate is null while none is to be shown. */
export interface RemainingTimeStep {
  readonly state: RemainingTimeState;
  readonly estimate: RemainingTime | null;
}

const MIB = 2 ** 20;

/** Constants of the estimate, tuned on the seeds 1 to 100 of `tests/traces/synthetic.ts`. */
const ESTIMATE = Object.freeze({
  /** The least squared error that counts. */
  errorLeast: 0.0002,
  /** Errors of the recent pace count more: it is noisier, so a tie goes to the whole. */
  recentHandicap: 2.4,
  /** Share of a total that it will grow by, if it has grown evenly until now. */
  growth: 0.55,
  /** Nothing is told before so many steps and ms. */
  leastSteps: 2,
  leastMs: 3_000,
  /** Share of the error at a judgement that is left in the estimate. */
  errorShare: 0.4,
  /** Uncertainty, as the logarithm's standard error, below which an estimate appears and above which it disappears. */
  showBelow: 0.8,
  hideAbove: 1.4,
});
/** Widest range on either side of the estimate: 1:2 in all. */
const WIDEST = Math.SQRT2;

/** Takes an event of a phase at `atMs`: progress, or a heartbeat if nothing moved. Starts anew on `previous` null. */
export function advanceRemainingTime(
  previous: RemainingTimeState | null,
  work: Work,
  atMs: number,
): RemainingTimeStep {
  const { percent, itemsDone, itemsTotal, bytesDone, bytesTotal } = work;
  if (previous === null) {
    const measures = [
      start(percent, 100),
      start(itemsDone, itemsTotal),
      start(inMiB(bytesDone), inMiB(bytesTotal)),
    ] as const;
    return { state: { clock: [atMs, 0, 0, 0, 0, 0, 0, 0, 0], measures }, estimate: null };
  }
  const [before, beforeItems, beforeBytes] = previous.measures;
  const seen = [
    see(before, percent, 100),
    see(beforeItems, itemsDone, itemsTotal),
    see(beforeBytes, inMiB(bytesDone), inMiB(bytesTotal)),
  ] as const;
  const waited = wait(previous.clock, atMs);
  const moved = hasMoved(before, seen[0]) || hasMoved(beforeItems, seen[1]) || hasMoved(beforeBytes, seen[2]);
  if (!moved) return conclude(waited, seen);
  const keep = keepOf(waited);
  const isMark = isMarkAt(waited);
  const clock = step(waited, keep, isMark);
  const mark = isMark ? waited[6] : null;
  return conclude(clock, [
    progress(before, seen[0], keep, clock, mark),
    progress(beforeItems, seen[1], keep, clock, mark),
    progress(beforeBytes, seen[2], keep, clock, mark),
  ]);
}

/** The job says that it pauses: until it resumes no time passes for the estimate, which stays as it was. */
export function pauseRemainingTime(state: RemainingTimeState, atMs: number): RemainingTimeState {
  const [at, active, idle, steps, longest, recent, mark, isShown] = wait(state.clock, atMs);
  return { ...state, clock: [at, active, idle, steps, longest, recent, mark, isShown, 1] };
}

/** The job goes on. Without a pause before it, nothing changes. */
export function resumeRemainingTime(state: RemainingTimeState, atMs: number): RemainingTimeState {
  const [at, active, idle, steps, longest, recent, mark, isShown, isPaused] = state.clock;
  if (isPaused === 0) return state;
  return { ...state, clock: [Math.max(at, atMs), active, idle, steps, longest, recent, mark, isShown, 0] };
}

/** Milliseconds that a phase ran by its last event, pauses left out. */
export function activeMs({ clock: [, active, idle] }: RemainingTimeState): number {
  return active + idle;
}

interface Forecast {
  readonly ms: number;
  /** Standard error of its logarithm. */
  readonly error: number;
}

/** Sums over forecasts: of weights, and of logarithms, their squares and the squared errors by weight. */
interface Sums {
  weights: number;
  logs: number;
  squares: number;
  errors: number;
}

/** `doubt`: how far the total may still grow. */
function add(sums: Sums, ms: number, error: number, doubt: number): void {
  const log = Math.log(ms);
  const weight = 1 / ((ESTIMATE.errorLeast + error) * (ESTIMATE.errorLeast + error));
  sums.weights += weight;
  sums.logs += weight * log;
  sums.squares += weight * log * log;
  sums.errors += weight * (ESTIMATE.errorShare * error + doubt * doubt);
}

/** All forecasts in one: a geometric mean by weight. */
function combine(
  [, active, idle, steps, , recentMs]: Clock,
  measures: RemainingTimeState['measures'],
): Forecast | null {
  if (steps < ESTIMATE.leastSteps || active < ESTIMATE.leastMs) return null;
  const usual = active / steps;
  /** How much longer than usual the next step has taken by now. */
  const over = Math.max(0, idle - usual);
  /** Of the step that runs: counted down, but a late one has more to come the later it is. */
  const since = over / 2 - Math.min(idle, 0.75 * usual);
  const least = Math.max(1, usual / 10);
  const sums: Sums = { weights: 0, logs: 0, squares: 0, errors: 0 };
  for (const measure of measures) {
    if (measure === null) continue;
    const [done, base, total, recent, grown, , , , wholeError, recentError] = measure;
    if (total <= 0 || done <= base || recent <= 0) continue;
    // 1 if the total has grown evenly since the beginning, 0 if it no longer grows.
    const open = Math.min(1, Math.max(0, (grown * active) / (recentMs * total)));
    const left = Math.max(0, total * (1 + ESTIMATE.growth * open) - done);
    const byWhole = (left * (active + over)) / (done - base) + since;
    const byRecent = (left * (recentMs + over)) / recent + since;
    add(sums, Math.max(least, byWhole), wholeError, open);
    add(sums, Math.max(least, byRecent), recentError * ESTIMATE.recentHandicap, open);
  }
  const { weights, logs, squares, errors } = sums;
  if (weights === 0) return null;
  const mean = logs / weights;
  const variance = errors / weights + Math.max(0, squares / weights - mean * mean);
  return { ms: Math.exp(mean), error: Math.sqrt(variance) };
}

/** Whether the estimate is to be shown, with two bounds so that it does not flicker. */
function conclude(clock: Clock, measures: RemainingTimeState['measures']): RemainingTimeStep {
  const [at, active, idle, steps, longest, recent, mark, wasShown, isPaused] = clock;
  const forecast = combine(clock, measures);
  const bound = wasShown === 1 ? ESTIMATE.hideAbove : ESTIMATE.showBelow;
  // After a wait as long as all the work before it, the work before it says little.
  const longestIdle = wasShown === 1 ? active : active / 2;
  const isShown = forecast !== null && forecast.error < bound && idle <= longestIdle;
  const state: RemainingTimeState = {
    clock: [at, active, idle, steps, longest, recent, mark, isShown ? 1 : 0, isPaused],
    measures,
  };
  return { state, estimate: isShown ? estimateOf(forecast) : null };
}

function estimateOf({ ms, error }: Forecast): RemainingTime {
  const half = Math.min(WIDEST, Math.exp(error));
  const seconds = Math.max(0.01, Math.round(ms / 10) / 100);
  return { seconds, lowSeconds: seconds / half, highSeconds: seconds * half };
}

function inMiB(bytes: number | null): number | null {
  return bytes === null ? null : bytes / MIB;
}

/** Items a second of late; null if items are not counted, or too little has been seen. */
export function itemsPerSecond({ clock, measures }: RemainingTimeState): number | null {
  const [, active, , steps, , recentMs] = clock;
  const items = measures[1];
  if (items === null || steps < ESTIMATE.leastSteps || active < ESTIMATE.leastMs) return null;
  const [, , , recent] = items;
  return recent <= 0 || recentMs <= 0 ? null : Number(((recent * 1000) / recentMs).toFixed(3));
}
