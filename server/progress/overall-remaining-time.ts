/**
 * How long the whole run still takes. What is to come is never counted at the pace of what runs: it needs the job's
 * weights, or the time that the phase took in an earlier run; otherwise there is no estimate of the whole. Pure.
 */
import type { RemainingTime } from './remaining-time.js';

/** One phase, as far as time goes. Leave out phases that are skipped. */
export interface PhaseTime {
  readonly status: 'pending' | 'running' | 'done';
  /** The share of the whole time that the job gave it; null if the job gave none. */
  readonly weight: number | null;
  /** Milliseconds that it ran by now, pauses left out (`activeMs`); 0 while pending. */
  readonly activeMs: number;
  /** The running phase's own estimate; null if there is none now. */
  readonly remaining: RemainingTime | null;
  /** Milliseconds that it took in an earlier run or attempt; null if not known. */
  readonly expectedMs: number | null;
}

/** The estimate, and what it rests on: the running phases alone, the job's weights, or an earlier run. */
export interface OverallRemainingTime extends RemainingTime {
  readonly basis: 'running' | 'weights' | 'earlier-run';
}

/** What is worked out from weights or an earlier run may be off by so much on either side. */
const SPREAD = Math.SQRT2;
/** Of a phase that is over its expected time, this share of that time is still to come. */
const LEAST_LEFT = 0.1;

/** Null unless every phase to come has a weight or an expected time. Phases that overlap run side by side. */
export function overallRemainingTime(phases: readonly PhaseTime[]): OverallRemainingTime | null {
  const msPerWeight = paceOf(phases);
  let basis: OverallRemainingTime['basis'] = 'running';
  const expect = ({ expectedMs, weight }: PhaseTime): number | null => {
    if (expectedMs !== null) {
      if (basis === 'running') basis = 'earlier-run';
      return expectedMs;
    }
    if (weight === null || msPerWeight === null) return null;
    basis = 'weights';
    return weight * msPerWeight;
  };
  let [seconds, low, high] = [0, 0, 0];
  let isRunning = false;
  for (const phase of phases) {
    if (phase.status !== 'running') continue;
    isRunning = true;
    const expected = phase.remaining === null ? expect(phase) : null;
    if (phase.remaining === null && expected === null) return null;
    const left = Math.max((expected ?? 0) - phase.activeMs, LEAST_LEFT * (expected ?? 0)) / 1000;
    const own = phase.remaining ?? { seconds: left, lowSeconds: left / SPREAD, highSeconds: left * SPREAD };
    seconds = Math.max(seconds, own.seconds);
    low = Math.max(low, own.lowSeconds);
    high = Math.max(high, own.highSeconds);
  }
  for (const phase of phases) {
    if (phase.status !== 'pending') continue;
    const expected = expect(phase);
    if (expected === null) return null;
    seconds += expected / 1000;
    low += expected / 1000 / SPREAD;
    high += (expected / 1000) * SPREAD;
  }
  if (!isRunning || seconds === 0) return null;
  // The range around the estimate, even on both sides of it in ratio.
  const half = Math.min(SPREAD, Math.sqrt(high / low));
  return { seconds, lowSeconds: seconds / half, highSeconds: seconds * half, basis };
}

/** Milliseconds for each unit of weight: of what is done, and of what runs with its estimate. */
function paceOf(phases: readonly PhaseTime[]): number | null {
  let [ms, weight] = [0, 0];
  for (const phase of phases) {
    if (phase.weight === null || phase.status === 'pending') continue;
    if (phase.status === 'running' && phase.remaining === null) continue;
    ms += phase.activeMs + (phase.remaining?.seconds ?? 0) * 1000;
    weight += phase.weight;
  }
  return weight > 0 && ms > 0 ? ms / weight : null;
}
