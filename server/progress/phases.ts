/**
 * The phases: how they go forward, how their counts and percents merge, and what they come to together. Pure; what a
 * report means for them is `reduce.ts`'s.
 */
import {
  LIMITS,
  METRIC_NAMES,
  type Counter,
  type EventPayload,
  type MetricsInput,
  type Phase,
  type PhaseMetrics,
} from '@ingestion-progress/schema';
import type { MetricName } from '@ingestion-progress/schema/metrics';

/** The phase of that number, from 1. */
export function phaseAt(phases: readonly Phase[], number: number): Phase {
  const phase = phases[number - 1];
  if (phase === undefined)
    throw new RangeError(`There is no phase ${number}; the last one is ${phases.length}.`);
  return phase;
}

/** The event of a phase that began, or whose message changed. */
export function phaseStarted(phases: readonly Phase[], number: number): EventPayload {
  const { name, message } = phaseAt(phases, number);
  return { type: 'phase_started', phase: number, phaseName: name, message: message ?? name };
}

/** A failed phase runs again. */
export const revive = (phases: readonly Phase[]): Phase[] =>
  phases.map((phase) =>
    phase.status === 'FAILED' ? { ...phase, status: 'RUNNING', error: null, completedAt: null } : phase,
  );

const withoutEta = (phase: Phase): Phase =>
  phase.metrics === null
    ? phase
    : {
        ...phase,
        metrics: { ...phase.metrics, etaSeconds: null, etaLowSeconds: null, etaHighSeconds: null },
      };

/** Whether a phase is over: it never runs again in this attempt. */
export const isOver = ({ status }: Phase): boolean =>
  status === 'COMPLETED' || status === 'SKIPPED' || status === 'STOPPED';

/** When a phase or an ingestion ended: not before its start, though the clock was set back. */
export const endedAt = ({ startedAt }: Pick<Phase, 'startedAt'>, nowMs: number): number =>
  Math.max(nowMs, startedAt ?? nowMs);

/** A phase that is done. */
export const completed = (phase: Phase, nowMs: number): Phase => ({
  ...withoutEta(phase),
  status: 'COMPLETED',
  percent: 100,
  completedAt: endedAt(phase, nowMs),
});

/** A phase that is skipped. */
export const skipped = (phase: Phase, nowMs: number): Phase => ({
  ...withoutEta(phase),
  status: 'SKIPPED',
  completedAt: endedAt(phase, nowMs),
});

/** A phase that was under way when the ingestion ended. */
export const stopped = (phase: Phase, nowMs: number): Phase => ({
  ...withoutEta(phase),
  status: 'STOPPED',
  completedAt: endedAt(phase, nowMs),
});

/**
 * Advances the phases until `number` runs, and changes that one; those before it are completed or skipped, unless
 * `keepRunning`.
 */
export function advanceTo(
  phases: readonly Phase[],
  number: number,
  nowMs: number,
  change: (phase: Phase) => Phase,
  keepRunning = false,
): Phase[] {
  return phases.map((phase) => {
    if (phase.number === number) {
      return change(phase.status === 'PENDING' ? { ...phase, status: 'RUNNING', startedAt: nowMs } : phase);
    }
    if (phase.number > number || keepRunning) return phase;
    if (phase.status === 'RUNNING') return completed(phase, nowMs);
    return phase.status === 'PENDING' ? skipped(phase, nowMs) : phase;
  });
}

/** Counts before a job gave any. */
export const NO_METRICS: PhaseMetrics = Object.freeze({
  ...(Object.fromEntries(METRIC_NAMES.map((name) => [name, null])) as Record<MetricName, null>),
  itemsTotalIsFinal: true,
  etaSeconds: null,
  etaLowSeconds: null,
  etaHighSeconds: null,
  counters: [],
});

type CounterInput = NonNullable<MetricsInput['counters']>[number];

/** The first names stay: a job that names its counters anew with each report must not make the state grow without end. */
function mergeCounters(current: readonly Counter[], given: readonly CounterInput[]): Counter[] {
  const merged = new Map(current.map((counter) => [counter.name, counter]));
  for (const { name, label, value, unit } of given) {
    const known = merged.get(name);
    if (known === undefined && merged.size >= LIMITS.counters) continue;
    merged.set(name, {
      ...known,
      name,
      label: label ?? known?.label ?? name,
      value,
      unit: unit ?? known?.unit ?? null,
    });
  }
  return [...merged.values()];
}

/** Merges by field, and counters by name; what is absent or null stays as it was. */
export function mergeMetrics(
  current: PhaseMetrics | null,
  given: MetricsInput | null | undefined,
): PhaseMetrics | null {
  if (given === null || given === undefined) return current;
  const base = current ?? NO_METRICS;
  const merged = { ...base };
  for (const name of METRIC_NAMES) merged[name] = given[name] ?? base[name];
  if (typeof given.itemsTotalIsFinal === 'boolean') merged.itemsTotalIsFinal = given.itemsTotalIsFinal;
  if (given.counters) merged.counters = mergeCounters(base.counters, given.counters);
  return merged;
}

/** Never lower than what was; an unknown one changes nothing. */
export function mergePercent(current: number | null, given: number | null | undefined): number | null {
  if (given === null || given === undefined) return current;
  return current === null ? given : Math.max(current, given);
}

const measured = (phase: Phase) => phase.percent !== null || doneFully(phase);
const doneFully = (phase: Phase) => phase.status === 'COMPLETED' || phase.status === 'SKIPPED';

/** Most percent that an ingestion may show before its ending. */
const MOST_BEFORE_ENDING = 99;

/**
 * The weighted mean of the phases, 0 to 99, rounded to 4 decimals and never lower than `previous`; null until some
 * phase is measured or ended.
 */
export function overallPercent(phases: readonly Phase[], previous: number | null): number | null {
  if (!phases.some(measured)) return previous;
  let sum = 0;
  for (const phase of phases) sum += phase.weight * (doneFully(phase) ? 100 : (phase.percent ?? 0));
  return Math.max(previous ?? 0, Math.min(MOST_BEFORE_ENDING, Math.round(sum * 10_000) / 10_000));
}
