/**
 * How fast a phase goes and how long it still takes: an exponentially weighted rate over about 30 s, worked out from
 * the times of reports. Null if the estimate would not be reliable. Pure; knows no clock.
 */
import type { Phase, PhaseMetrics } from '@ingestion-progress/schema';
import type { RateState } from './record.js';

/** Constants of the estimate. */
export const RATE = Object.freeze({
  /** Age in ms at which a sample counts 1/e of a fresh one. */
  timeConstantMs: 30_000,
  /** No estimate before the phase has been measured for so long, in ms. */
  leastSpanMs: 10_000,
  /** No estimate before so many updates of the phase. */
  leastUpdates: 5,
  /** How many of the last estimates must agree. */
  agreeing: 3,
  /** Widest spread of these, as a share of their mean. */
  widestSpread: 0.3,
});

/** The unit the rate is measured in: the finest that the job reports. */
type Unit = 'items' | 'bytes' | 'percent';

/** State of the estimate; JSON, so that it survives in the store. */
export interface PhaseRate extends RateState {
  readonly unit: Unit;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly lastValue: number;
  readonly updates: number;
  /** Weighted sum of the samples' rates, and of their weights: the quotient has no bias towards the first sample. */
  readonly sum: number;
  readonly weight: number;
  /** The last estimates, units a second, oldest first. */
  readonly recent: readonly number[];
  /** True if the job itself reports items per second. */
  readonly given: boolean;
}

function measure(phase: Phase): { unit: Unit; value: number } | null {
  const { metrics } = phase;
  if (metrics !== null && metrics.itemsProcessed !== null)
    return { unit: 'items', value: metrics.itemsProcessed };
  if (metrics !== null && metrics.bytesProcessed !== null)
    return { unit: 'bytes', value: metrics.bytesProcessed };
  return phase.percent === null ? null : { unit: 'percent', value: phase.percent };
}

/** Adds one update of a phase at `nowMs`; `given` if the job reported items per second itself. */
export function advanceRate(
  previous: RateState | null,
  phase: Phase,
  nowMs: number,
  given: boolean,
): PhaseRate | null {
  const now = measure(phase);
  if (now === null) return null;
  const before = previous?.phase === phase.number ? (previous as PhaseRate) : null;
  if (before === null || before.unit !== now.unit || now.value < before.lastValue) {
    return {
      phase: phase.number,
      unit: now.unit,
      firstAt: nowMs,
      lastAt: nowMs,
      lastValue: now.value,
      updates: 1,
      sum: 0,
      weight: 0,
      recent: [],
      given: given || before?.given === true,
    };
  }
  const elapsedMs = nowMs - before.lastAt;
  // Reports of the same millisecond, or of a clock that was set back: counted by the next one.
  if (elapsedMs <= 0) return { ...before, updates: before.updates + 1, given: given || before.given };
  const keep = Math.exp(-elapsedMs / RATE.timeConstantMs);
  const sample = ((now.value - before.lastValue) * 1000) / elapsedMs;
  const sum = before.sum * keep + sample * (1 - keep);
  const weight = before.weight * keep + (1 - keep);
  return {
    ...before,
    lastAt: nowMs,
    lastValue: now.value,
    updates: before.updates + 1,
    sum,
    weight,
    recent: [...before.recent, sum / weight].slice(-RATE.agreeing),
    given: given || before.given,
  };
}

/** Units a second; null until it is steady. */
export function steadyRate(rate: PhaseRate): number | null {
  if (rate.updates < RATE.leastUpdates || rate.lastAt - rate.firstAt < RATE.leastSpanMs) return null;
  if (rate.recent.length < RATE.agreeing) return null;
  const highest = Math.max(...rate.recent);
  const lowest = Math.min(...rate.recent);
  const mean = rate.recent.reduce((sum, estimate) => sum + estimate, 0) / rate.recent.length;
  if (mean <= 0 || (highest - lowest) / mean > RATE.widestSpread) return null;
  return rate.recent.at(-1) ?? null;
}

const round = (value: number, decimals: number) => Number(value.toFixed(decimals));

/** The phase's metrics with what the rate adds: items per second unless the job reports them, and seconds left. */
export function withRate(
  metrics: PhaseMetrics,
  percent: number | null,
  rate: PhaseRate | null,
): PhaseMetrics {
  if (rate === null) return metrics;
  const perSecond = steadyRate(rate);
  const itemsPerSecond = rate.given
    ? metrics.itemsPerSecond
    : rate.unit === 'items' && perSecond !== null
      ? round(perSecond, 3)
      : null;
  return { ...metrics, itemsPerSecond, etaSeconds: secondsLeft(metrics, percent, rate, perSecond) };
}

function secondsLeft(
  metrics: PhaseMetrics,
  percent: number | null,
  rate: PhaseRate,
  perSecond: number | null,
): number | null {
  if (perSecond === null) return null;
  const total = { items: metrics.itemsTotal, bytes: metrics.bytesTotal, percent: 100 }[rate.unit];
  if (total !== null) return round(Math.max(0, total - rate.lastValue) / perSecond, 1);
  // The unit has no total: its percent says how much is left, once some of it is done.
  if (percent === null || percent <= 0 || rate.lastValue <= 0) return null;
  return round((rate.lastValue * (100 - percent)) / percent / perSecond, 1);
}

/**
 * Seconds that the whole run still takes. Reliable in the last phase, if the job gave weights (a phase's share of
 * the whole is then its share of the time), or if every phase to come has reported its number of items.
 */
export function overallEta(
  phases: readonly Phase[],
  current: Phase,
  rate: PhaseRate | null,
  weighted: boolean,
): number | null {
  const eta = current.metrics?.etaSeconds ?? null;
  if (eta === null || rate === null || current.status !== 'RUNNING') return null;
  const later = phases.filter((phase) => phase.number > current.number && phase.status === 'PENDING');
  if (later.length === 0) return eta;
  if (weighted) {
    const left = 1 - shareDone(current);
    if (left <= 0 || left >= 1) return null;
    const weightToCome = later.reduce((sum, phase) => sum + phase.weight, 0);
    return round(eta + (eta / (left * current.weight)) * weightToCome, 1);
  }
  const perSecond = steadyRate(rate);
  if (rate.unit !== 'items' || perSecond === null) return null;
  let items = 0;
  for (const phase of later) {
    const total = phase.metrics?.itemsTotal ?? null;
    if (total === null) return null;
    items += total;
  }
  return round(eta + items / perSecond, 1);
}

/** Share of a running phase that is done, 0 to 1. */
function shareDone(phase: Phase): number {
  const { itemsTotal, itemsProcessed } = phase.metrics ?? { itemsTotal: null, itemsProcessed: null };
  if (itemsTotal !== null && itemsTotal > 0 && itemsProcessed !== null)
    return Math.min(1, itemsProcessed / itemsTotal);
  return (phase.percent ?? 0) / 100;
}
