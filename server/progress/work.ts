/**
 * What a phase has done: its percent by what is known (the job's own, else bytes, else items), the sums of its parts, and
 * the estimate of how long it still takes. Pure.
 */
import {
  LIMITS,
  METRIC_NAMES,
  type IngestionProgress,
  type MetricsInput,
  type Phase,
  type PhaseMetrics,
} from '@ingestion-progress/schema';
import { overallRemainingTime, type PhaseTime } from './overall-remaining-time.js';
import { isOver, mergeMetrics, mergePercent, NO_METRICS } from './phases.js';
import type { IngestionRecord, PartCounts, PhaseWork } from './record.js';
import {
  activeMs,
  advanceRemainingTime,
  itemsPerSecond,
  pauseRemainingTime,
  resumeRemainingTime,
  type RemainingTime,
} from './remaining-time.js';

/** What a job may report of a phase's work. */
export interface WorkReport {
  readonly part?: string | null | undefined;
  readonly sequence?: number | null | undefined;
  readonly progressPercent?: number | null | undefined;
  readonly metrics?: MetricsInput | null | undefined;
}

const NO_WORK: PhaseWork = Object.freeze({
  ownPercent: null,
  hasOwnRate: false,
  activeMs: null,
  remaining: null,
});

/** Bookkeeping of a phase; empty in a record of version 0.1.0. */
export const workOf = ({ work }: Pick<IngestionRecord, 'work'>, phase: number): PhaseWork =>
  work?.[phase - 1] ?? NO_WORK;

/** Most percent that counts may show while a phase runs: whether more comes, only the job knows. */
const MOST_BY_COUNTS = 99;

/** Names of the counts in `PartCounts`, in order, behind sequence and percent. */
const PART_COUNTS = ['itemsTotal', 'itemsProcessed', 'itemsFailed', 'bytesTotal', 'bytesProcessed'] as const;
const FIRST_COUNT = 2;

/** How many parts an ingestion has in all its phases, by name. */
function partNames({ work = [] }: Pick<IngestionRecord, 'work'>): ReadonlySet<string> {
  return new Set(work.flatMap(({ parts = {} }) => Object.keys(parts)));
}

/** Whether a report names one part too many. */
export function exceedsParts(record: IngestionRecord, part: string): boolean {
  const names = partNames(record);
  return !names.has(part) && names.size >= LIMITS.parts;
}

/** A part's counts with what it reports now: what is absent stays, what is given replaces. */
function mergePart(before: PartCounts | undefined, report: WorkReport): PartCounts {
  const [sequence = null, percent = null, ...counts] = before ?? [];
  const given = PART_COUNTS.map((name, index) => report.metrics?.[name] ?? counts[index] ?? null);
  return [report.sequence ?? sequence, report.progressPercent ?? percent, ...given] as unknown as PartCounts;
}

function sumParts(metrics: PhaseMetrics, parts: readonly PartCounts[]): PhaseMetrics {
  const sums: Partial<Record<(typeof PART_COUNTS)[number], number>> = {};
  for (const [index, name] of PART_COUNTS.entries()) {
    const known = parts.map((part) => part[FIRST_COUNT + index]).filter((count) => typeof count === 'number');
    if (known.length > 0) sums[name] = known.reduce((sum, count) => sum + count, 0);
  }
  return { ...metrics, ...sums };
}

function meanPercent(parts: readonly PartCounts[]): number | null {
  const known = parts.map(([, percent]) => percent).filter((percent) => percent !== null);
  return known.length === 0 ? null : known.reduce((sum, percent) => sum + percent, 0) / known.length;
}

/** Percent by counts: bytes, else items; null if a total is missing. */
function percentByCounts(metrics: PhaseMetrics | null): number | null {
  if (metrics === null) return null;
  const { bytesProcessed, bytesTotal, itemsProcessed, itemsTotal } = metrics;
  const share = (done: number | null, total: number | null) =>
    done === null || total === null || total <= 0 ? null : (done / total) * 100;
  const percent = share(bytesProcessed, bytesTotal) ?? share(itemsProcessed, itemsTotal);
  return percent === null ? null : Math.min(MOST_BY_COUNTS, Math.round(percent * 100) / 100);
}

/** A phase and its bookkeeping after a report of its work. A phase that is over keeps its percent. */
export function takeWork(
  phase: Phase,
  work: PhaseWork,
  report: WorkReport,
): { readonly phase: Phase; readonly work: PhaseWork } {
  const { part = null, progressPercent = null } = report;
  let metrics = mergeMetrics(phase.metrics, report.metrics);
  let { ownPercent, parts } = work;
  if (part === null) ownPercent = mergePercent(ownPercent, progressPercent);
  else {
    parts = { ...parts, [part]: mergePart(parts?.[part], report) };
    const all = Object.values(parts);
    // The report's own counts are of one part.
    if (metrics !== null) metrics = sumParts(metrics, all);
  }
  const byParts = parts === undefined ? null : meanPercent(Object.values(parts));
  const known = ownPercent ?? percentByCounts(metrics) ?? (byParts === null ? null : Math.min(99, byParts));
  const percent = phase.status === 'RUNNING' ? mergePercent(phase.percent, known) : phase.percent;
  const hasOwnRate = work.hasOwnRate || typeof report.metrics?.itemsPerSecond === 'number';
  const next = { ...work, ownPercent, hasOwnRate };
  return { phase: { ...phase, percent, metrics }, work: parts === undefined ? next : { ...next, parts } };
}

const round = (value: number, decimals: number) => Number(value.toFixed(decimals));

const NO_ETA = Object.freeze({ etaSeconds: null, etaLowSeconds: null, etaHighSeconds: null });

function etaFields(estimate: RemainingTime | null) {
  if (estimate === null) return NO_ETA;
  const { seconds, lowSeconds, highSeconds } = estimate;
  return {
    etaSeconds: round(seconds, 1),
    etaLowSeconds: round(lowSeconds, 1),
    etaHighSeconds: round(highSeconds, 1),
  };
}

/** Phases and bookkeeping at a moment: every running phase is estimated anew, and so is the whole. */
export interface Estimated {
  readonly phases: Phase[];
  readonly work: PhaseWork[];
  readonly eta: Pick<IngestionProgress, 'etaSeconds' | 'etaLowSeconds' | 'etaHighSeconds'>;
}

/** Estimates every running phase, and closes the books of those that are over. */
export function estimate(record: IngestionRecord, phases: readonly Phase[], nowMs: number): Estimated {
  const times: PhaseTime[] = [];
  const work: PhaseWork[] = [];
  const estimated = phases.map((phase) => {
    const before = workOf(record, phase.number);
    const { metrics } = phase;
    const weight = record.weighted === true ? phase.weight : null;
    const time = { weight, activeMs: 0, remaining: null, expectedMs: null };
    const hasMeasure = before.ownPercent !== null || metrics !== null;
    if (phase.status !== 'RUNNING' || (!hasMeasure && before.remaining === null)) {
      const ranMs = before.remaining === null ? null : activeMs(before.remaining);
      const after =
        isOver(phase) && phase.startedAt !== null && before.activeMs === null
          ? { ...before, remaining: null, activeMs: ranMs ?? Math.max(0, nowMs - (phase.startedAt ?? nowMs)) }
          : before;
      work.push(after);
      if (phase.status === 'PENDING') times.push({ ...time, status: 'pending' });
      else if (phase.status === 'RUNNING')
        times.push({ ...time, status: 'running', activeMs: Math.max(0, nowMs - (phase.startedAt ?? nowMs)) });
      else if (phase.status === 'COMPLETED')
        times.push({ ...time, status: 'done', activeMs: after.activeMs ?? 0 });
      return phase;
    }
    const { state, estimate: remaining } = advanceRemainingTime(
      before.remaining,
      {
        percent: before.ownPercent,
        itemsDone: metrics?.itemsProcessed ?? null,
        itemsTotal: metrics?.itemsTotal ?? null,
        bytesDone: metrics?.bytesProcessed ?? null,
        bytesTotal: metrics?.bytesTotal ?? null,
      },
      nowMs,
    );
    work.push({ ...before, remaining: state });
    times.push({ ...time, status: 'running', activeMs: activeMs(state), remaining });
    if (metrics === null && remaining === null) return phase;
    const counts = metrics ?? NO_METRICS;
    const perSecond = before.hasOwnRate ? counts.itemsPerSecond : itemsPerSecond(state);
    return { ...phase, metrics: { ...counts, ...etaFields(remaining), itemsPerSecond: perSecond } };
  });
  return { phases: estimated, work, eta: etaFields(overallRemainingTime(times)) };
}

/** Bookkeeping while the job pauses: no time passes for an estimate. */
export function pauseWork(record: IngestionRecord, nowMs: number): readonly PhaseWork[] {
  return (record.work ?? []).map((work) =>
    work.remaining === null ? work : { ...work, remaining: pauseRemainingTime(work.remaining, nowMs) },
  );
}

/** Bookkeeping once the job goes on. */
export function resumeWork(record: IngestionRecord, nowMs: number): readonly PhaseWork[] {
  return (record.work ?? []).map((work) =>
    work.remaining === null ? work : { ...work, remaining: resumeRemainingTime(work.remaining, nowMs) },
  );
}

/** Whether a report of a phase brought something new, so that the work moved. */
export function hasMoved(before: Phase, after: Phase): boolean {
  if (before.status !== after.status || before.percent !== after.percent) return true;
  if (before.message !== after.message) return true;
  const [was, now] = [before.metrics, after.metrics];
  if (was === null || now === null) return was !== now;
  return (
    METRIC_NAMES.some((name) => name !== 'itemsPerSecond' && was[name] !== now[name]) ||
    JSON.stringify(was.counters) !== JSON.stringify(now.counters)
  );
}
