/** Holds estimates against what was true: over traces, by the time, as a person sees them who looks now and then. Pure. */
import type { Trace, TracePhase, TracePoint } from './trace.js';

/** What is judged: it is given what a job said, and is asked what it shows. */
export interface Estimator {
  /** A phase begins; `index` counts from 0. */
  startPhase?(trace: Trace, index: number): void;
  take(point: TracePoint): void;
  pause?(atMs: number): void;
  resume?(atMs: number): void;
  /** Whether it shows anything, since the last event. */
  isShown(): boolean;
  /** Milliseconds that it shows at a moment; null for nothing. */
  shownMs(nowMs: number): number | null;
}

/** Of one or many traces of a kind. */
export interface Verdict {
  /** Shown over true: the median, and the quantiles 5% and 95%. */
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** Share of what was shown that was between half and twice the truth. */
  readonly within: number;
  /** Share of the time after the first 5% of the work in which something was shown. */
  readonly shown: number;
  /** Appearances and disappearances an hour (in all, if it took less), the worst run. */
  readonly changes: number;
}

/** The goals, for all kinds of runs. */
export const GOALS = Object.freeze({ medianLow: 0.8, medianHigh: 1.25, within: 0.9, shown: 0.8, changes: 4 });

/** Moments at which each run, or each of its phases, is looked at. */
const MOMENTS = 200;
/** What is less than this is "a few seconds" to anyone: both sides count as at least so many ms. */
const FEW_MS = 5_000;
const HOUR_MS = 3_600_000;
/** The share of the work before which nothing need be shown. */
const FIRST_SHARE = 0.05;

/** What one run, or one phase of it, came to. */
export interface Judged {
  readonly ratios: number[];
  readonly moments: number;
  readonly changes: number;
  /** What was shown and what was true, ms, by time: for a plot. */
  readonly line: { readonly atMs: number; readonly shownMs: number | null; readonly trueMs: number }[];
}

/** Milliseconds between two moments, pauses left out: nobody can know how long a night is. */
function activeBetween({ pauses = [] }: Trace, fromMs: number, toMs: number): number {
  return pauses.reduce(
    (sum, pause) => sum - Math.max(0, Math.min(toMs, pause.toMs) - Math.max(fromMs, pause.fromMs)),
    toMs - fromMs,
  );
}

/** How much of a phase's work a point tells to be done: by bytes, else items, else percent. */
function workOf(points: readonly TracePoint[]): (point: TracePoint) => number {
  const last = points.at(-1);
  const measure = last === undefined || last[4] !== null ? 4 : last[2] !== null ? 2 : 1;
  const from = points[0]?.[measure] ?? 0;
  const to = last?.[measure] ?? 1;
  return (point) => ((point[measure] ?? from) - from) / (to - from);
}

interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
  readonly phases: readonly (TracePhase & { readonly index: number })[];
}

function judgeStretch(trace: Trace, { startMs, endMs, phases }: Stretch, estimator: Estimator): Judged {
  const events: { readonly atMs: number; readonly happen: () => void }[] = [];
  const first = phases[0]?.firstPoint ?? 0;
  const points = trace.points.slice(first, trace.phases[(phases.at(-1)?.index ?? 0) + 1]?.firstPoint);
  const shareDone = phases.length === 1 ? workOf(points) : null;
  let done = 0;
  for (const { index, firstPoint, startedAtMs } of phases) {
    events.push({ atMs: startedAtMs, happen: () => estimator.startPhase?.(trace, index) });
    for (const point of trace.points.slice(firstPoint, trace.phases[index + 1]?.firstPoint)) {
      const happen = () => {
        estimator.take(point);
        if (shareDone !== null) done = shareDone(point);
      };
      events.push({ atMs: point[0], happen });
    }
  }
  for (const { fromMs, toMs, isTold } of trace.pauses ?? []) {
    if (!isTold) continue;
    events.push({ atMs: fromMs, happen: () => estimator.pause?.(fromMs) });
    events.push({ atMs: toMs, happen: () => estimator.resume?.(toMs) });
  }
  events.sort((a, b) => a.atMs - b.atMs);
  const judged = { ratios: [] as number[], line: [] as Judged['line'], moments: 0, changes: 0 };
  let [next, wasShown] = [0, false];
  for (let moment = 1; moment < MOMENTS; moment += 1) {
    const nowMs = startMs + ((endMs - startMs) * moment) / MOMENTS;
    for (let event = events[next]; event !== undefined && event.atMs <= nowMs; event = events[next]) {
      event.happen();
      const isShown = estimator.isShown();
      if (isShown !== wasShown) judged.changes += 1;
      wasShown = isShown;
      next += 1;
    }
    if ((trace.pauses ?? []).some(({ fromMs, toMs }) => nowMs >= fromMs && nowMs < toMs)) continue;
    const trueMs = activeBetween(trace, nowMs, endMs);
    const shownMs = estimator.shownMs(nowMs);
    judged.line.push({ atMs: nowMs, shownMs, trueMs });
    if ((shareDone === null ? moment / MOMENTS : done) < FIRST_SHARE) continue;
    judged.moments += 1;
    if (shownMs !== null) judged.ratios.push(Math.max(FEW_MS, shownMs) / Math.max(FEW_MS, trueMs));
  }
  judged.changes /= Math.max(1, activeBetween(trace, startMs, endMs) / HOUR_MS);
  return judged;
}

/** Judges each phase's own estimate, or that of the whole run. A fresh estimator for each. */
export function judgeTrace(trace: Trace, create: () => Estimator, isOverall = false): Judged[] {
  const phases = trace.phases.map((phase, index) => ({ ...phase, index }));
  if (isOverall) return [judgeStretch(trace, { startMs: 0, endMs: trace.endedAtMs, phases }, create())];
  return phases.map((phase) => {
    const endMs = trace.phases[phase.index + 1]?.startedAtMs ?? trace.endedAtMs;
    return judgeStretch(trace, { startMs: phase.startedAtMs, endMs, phases: [phase] }, create());
  });
}

/** All runs of a kind in one. */
export function verdictOf(all: readonly Judged[]): Verdict {
  const ratios = all.flatMap((judged) => judged.ratios).sort((a, b) => a - b);
  const at = (share: number) => ratios[Math.min(ratios.length - 1, Math.floor(share * ratios.length))] ?? NaN;
  const moments = all.reduce((sum, judged) => sum + judged.moments, 0);
  return {
    median: at(0.5),
    low: at(0.05),
    high: at(0.95),
    within: ratios.filter((ratio) => ratio >= 0.5 && ratio <= 2).length / ratios.length,
    shown: moments === 0 ? 0 : ratios.length / moments,
    changes: Math.max(...all.map(({ changes }) => changes)),
  };
}

/** Names of the goals that a verdict misses. */
export function missedGoals({ median, within, shown, changes }: Verdict): string[] {
  const missed: string[] = [];
  if (!(median >= GOALS.medianLow && median <= GOALS.medianHigh)) missed.push('median');
  if (!(within >= GOALS.within)) missed.push('within');
  if (!(shown >= GOALS.shown)) missed.push('shown');
  if (!(changes <= GOALS.changes)) missed.push('changes');
  return missed;
}
