/**
 * The loop of a phase: yields so that the thread receives a cancel request, and reports a few times per second. The emitter
 * coalesces further.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MetricsInput } from '@ingestion-progress/schema';

/** Receives the progress of the pipeline. */
export interface PipelineListener {
  phaseStarted(phase: number, message: string): void;
  /** `percent` is that of the phase; null if unknown. */
  progress(phase: number, percent: number | null, metrics: MetricsInput): void;
}

/** The progress of a phase. */
export interface PhaseProgress {
  readonly percent: number | null;
  readonly metrics: MetricsInput;
}

/** The loop of one phase. */
export interface PhaseLoop {
  /** Call once per item. Rejects with the signal's reason if the run was stopped. */
  tick(progress: () => PhaseProgress): Promise<void>;
  /** Call when the phase is done, so that its final progress is always reported. */
  end(progress: PhaseProgress): void;
}

/** The longest time a loop blocks its thread, in milliseconds. */
const YIELD_EVERY_MS = 20;
/** The shortest time between two reports, in milliseconds: a few per event that watchers get. */
const REPORT_EVERY_MS = 100;

/** Reports the start of a phase, and returns its loop. */
export function startPhase(
  phase: number,
  message: string,
  listener: PipelineListener,
  signal: AbortSignal,
): PhaseLoop {
  signal.throwIfAborted();
  listener.phaseStarted(phase, message);
  let yieldedAt = performance.now();
  let reportedAt = yieldedAt;
  return {
    async tick(progress) {
      const now = performance.now();
      if (now - reportedAt >= REPORT_EVERY_MS) {
        reportedAt = now;
        const { percent, metrics } = progress();
        listener.progress(phase, percent, metrics);
      }
      if (now - yieldedAt < YIELD_EVERY_MS) return;
      await nextTurn();
      yieldedAt = performance.now();
      signal.throwIfAborted();
    },
    end({ percent, metrics }) {
      listener.progress(phase, percent, metrics);
    },
  };
}

/** The percentage; null if the total is 0. */
export function percentOf(done: number, total: number): number | null {
  return total === 0 ? null : Math.min(100, (100 * done) / total);
}
