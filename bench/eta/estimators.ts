/** What ours is held against: a plain mean, tqdm's and Uppy's ways as their sources have them, and one that knows the distribution. */
import type { Estimator } from '../../tests/traces/judge.js';
import type { Trace, TracePoint } from '../../tests/traces/trace.js';

/** What these estimators take: bytes if they have a total, else items, else percent. */
function workOf([, percent, items, itemsTotal, bytes, bytesTotal]: TracePoint): {
  done: number;
  total: number;
} {
  if (bytes !== null && bytesTotal !== null) return { done: bytes, total: bytesTotal };
  if (items !== null && itemsTotal !== null) return { done: items, total: itemsTotal };
  return { done: percent ?? 0, total: 100 };
}

/** Time since the phase began over what is done since, for what is left; worked out anew each moment. */
export function createPlainMean(): Estimator {
  let first: { atMs: number; done: number } | null = null;
  let now = { done: 0, total: 0 };
  return {
    take(point) {
      now = workOf(point);
      first ??= { atMs: point[0], done: now.done };
    },
    isShown: () => first !== null && now.done > first.done,
    shownMs(nowMs) {
      if (first === null || now.done <= first.done) return null;
      return ((now.total - now.done) * (nowMs - first.atMs)) / (now.done - first.done);
    },
  };
}

/**
 * tqdm 4.64 (`std.py`, class `EMA`, `update`, `format_meter`): moving averages of steps and of their times with
 * smoothing 0.3, no weight left on the zero that they begin with; redrawn when something is done.
 */
export function createTqdm(): Estimator {
  const smoothing = 0.3;
  let last: { atMs: number; done: number } | null = null;
  let [steps, times] = [0, 0];
  let shown: number | null = null;
  return {
    take(point) {
      const [atMs] = point;
      const { done, total } = workOf(point);
      if (last === null) {
        last = { atMs, done };
        return;
      }
      const [step, time] = [done - last.done, atMs - last.atMs];
      if (step <= 0 || time <= 0) return;
      steps = smoothing * step + (1 - smoothing) * steps;
      times = smoothing * time + (1 - smoothing) * times;
      last = { atMs, done };
      // The correction for the first zero is the same on both sides of the quotient.
      shown = ((total - done) * times) / steps;
    },
    isShown: () => shown !== null,
    shownMs: () => shown,
  };
}

/** Uppy 3 and 4 (`status-bar/src/StatusBar.tsx`, `utils/src/emaFilter.ts`): speed and ETA filtered, half-life of 2 s each. */
export function createUppy(): Estimator {
  const halfLifeMs = 2_000;
  const filter = (value: number, previous: number, elapsedMs: number) =>
    value + (previous - value) * 2 ** (-elapsedMs / halfLifeMs);
  let last: { atMs: number; done: number } | null = null;
  let speed: number | null = null;
  let eta: number | null = null;
  return {
    take(point) {
      const [atMs] = point;
      const { done, total } = workOf(point);
      if (last === null) {
        last = { atMs, done };
        return;
      }
      const [step, elapsedMs] = [done - last.done, atMs - last.atMs];
      last.done = done;
      if (step <= 0 || elapsedMs <= 0) return;
      speed = speed === null ? step / elapsedMs : filter(step / elapsedMs, speed, elapsedMs);
      const instant = (total - done) / speed;
      eta = eta === null ? instant : filter(instant, Math.max(eta - elapsedMs, 0), elapsedMs);
      last.atMs = atMs;
    },
    isShown: () => eta !== null,
    shownMs: () => eta,
  };
}

/** Knows how long this very run takes for a unit of its work, as a mean: what its counts alone can tell at best. */
export function createKnowingMean(trace: Trace): Estimator {
  let msPerUnit = 0;
  let end = 0;
  let now: number | null = null;
  return {
    startPhase(_trace, index) {
      const { firstPoint, startedAtMs } = trace.phases[index] ?? { firstPoint: 0, startedAtMs: 0 };
      const points = trace.points.slice(firstPoint, trace.phases[index + 1]?.firstPoint);
      const endMs = trace.phases[index + 1]?.startedAtMs ?? trace.endedAtMs;
      const [first, last] = [points[0], points.at(-1)];
      if (first === undefined || last === undefined) return;
      end = workOf(last).done;
      msPerUnit = (endMs - startedAtMs) / (end - workOf(first).done);
    },
    take(point) {
      now = workOf(point).done;
    },
    isShown: () => now !== null,
    shownMs: () => (now === null ? null : (end - now) * msPerUnit),
  };
}

/**
 * Knows what nobody knows: that items are log-normal with this σ, and their number; only the mean is to be learnt, from
 * the logarithms of all items done. The item that runs still takes what is left of such a one (by its quantiles).
 */
export function createKnowing(sigma: number): Estimator {
  let first: number | null = null;
  let last: TracePoint | null = null;
  let [logs, items] = [0, 0];
  return {
    take(point) {
      const [atMs, , done] = point;
      if (first === null || last === null) first = atMs;
      else {
        const count = (done ?? 0) - (last[2] ?? 0);
        if (count === 0) return;
        // Several in one window: as if they had taken the same time.
        logs += count * Math.log(Math.max(1, atMs - last[0]) / count);
        items += count;
      }
      last = point;
    },
    isShown: () => items > 0,
    shownMs(nowMs) {
      if (last === null || items === 0) return null;
      const location = logs / items;
      const left = (last[3] ?? 0) - (last[2] ?? 0) - 1;
      return left * Math.exp(location + (sigma * sigma) / 2) + residual(nowMs - last[0], location, sigma);
    },
  };
}

/** Median of what a log-normal item still takes after so many ms. */
function residual(ageMs: number, location: number, sigma: number): number {
  let [survivors, taken] = [0, 0];
  for (const pass of [0, 1]) {
    taken = 0;
    for (let step = 0.5; step < 400; step += 1) {
      const age = Math.exp(location + sigma * (-4 + step / 50));
      if (age <= ageMs) continue;
      const density = Math.exp(-((-4 + step / 50) ** 2) / 2);
      taken += density;
      if (pass === 1 && taken >= survivors / 2) return age - ageMs;
    }
    survivors = taken;
  }
  return ageMs;
}
