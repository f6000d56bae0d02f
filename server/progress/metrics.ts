/** Counts and percents of phases: how a report's merge into the state's. Pure; leaves phases and statuses to `progress.ts`. */
import {
  LIMITS,
  METRIC_NAMES,
  type Counter,
  type MetricsInput,
  type Phase,
  type PhaseMetrics,
} from '@ingestion-progress/schema';
import type { MetricName } from '@ingestion-progress/schema/metrics';

/** Counts before a job gave any. */
export const NO_METRICS: PhaseMetrics = Object.freeze({
  ...(Object.fromEntries(METRIC_NAMES.map((name) => [name, null])) as Record<MetricName, null>),
  etaSeconds: null,
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

/**
 * The weighted mean of the phases, 0 to 100, rounded to 4 decimals and never lower than `previous`; null until some
 * phase is measured or ended.
 */
export function overallPercent(phases: readonly Phase[], previous: number | null): number | null {
  if (!phases.some(measured)) return previous;
  if (phases.every(doneFully)) return 100;
  let sum = 0;
  for (const phase of phases) sum += phase.weight * (doneFully(phase) ? 100 : (phase.percent ?? 0));
  return Math.max(previous ?? 0, Math.min(100, Math.round(sum * 10_000) / 10_000));
}
