/**
 * The rhythm of a phase's loop: lets the thread hear a cancel request, and reports at a calm pace. Leaves merging for
 * watchers to the emitter.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MetricsInput, PhaseNumber } from '@ingestion-progress/schema';

/** Who hears how far the pipeline got. */
export interface PipelineListener {
  phaseStarted(phase: PhaseNumber, message: string): void;
  /** `percent` is of the phase; null where not known. */
  progress(phase: PhaseNumber, percent: number | null, metrics: MetricsInput): void;
}

/** Where a phase stands. */
export interface Standing {
  readonly percent: number | null;
  readonly metrics: MetricsInput;
}

/** One phase's rhythm. */
export interface Beat {
  /** Call once for each item. Rejects with the signal's reason where the run was stopped. */
  tick(standing: () => Standing): Promise<void>;
  /** Call at the phase's end, so that the last standing is always told. */
  end(standing: Standing): void;
}

/** Longest time that a loop holds its thread, in ms. */
const HOLD_MS = 20;
/** Least time between two reports, in ms: a few for each event that watchers get. */
const REPORT_MS = 100;

/** Begins a phase: says so, and gives its rhythm. */
export function beginPhase(
  phase: PhaseNumber,
  message: string,
  listener: PipelineListener,
  signal: AbortSignal,
): Beat {
  signal.throwIfAborted();
  listener.phaseStarted(phase, message);
  let yieldedAt = performance.now();
  let reportedAt = yieldedAt;
  return {
    async tick(standing) {
      const now = performance.now();
      if (now - reportedAt >= REPORT_MS) {
        reportedAt = now;
        const { percent, metrics } = standing();
        listener.progress(phase, percent, metrics);
      }
      if (now - yieldedAt < HOLD_MS) return;
      await nextTurn();
      yieldedAt = performance.now();
      signal.throwIfAborted();
    },
    end(standing) {
      listener.progress(phase, standing.percent, standing.metrics);
    },
  };
}

/** Share of a whole in percent; null where there is no whole. */
export function share(done: number, total: number): number | null {
  return total === 0 ? null : Math.min(100, (100 * done) / total);
}
