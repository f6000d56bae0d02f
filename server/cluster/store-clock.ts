/**
 * The time that all servers on a store share: its machine's. Servers judge times that others wrote, so a clock that is
 * off would find live jobs dead. Corrects the wall clock for progress alone; tokens keep the machine's own.
 * (invariant: silent-job-is-noticed)
 */
import type { Logger } from '../observability/logger.js';
import type { CancelTimer, Clock } from '../shared/clock.js';
import type { ProgressStore } from '../store/progress-store.js';

/** Differences below this are left alone, in milliseconds: nobody notices them, and a measurement is no better. */
export const TOLERATED_SKEW_MS = 1_000;
/** How often the clocks are compared, in milliseconds. */
const MEASURE_INTERVAL_MS = 10_000;

/** Options of the clock. */
export interface StoreClockOptions {
  readonly store: Pick<ProgressStore, 'readTime'>;
  /** This machine's clock. */
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A clock that follows the store's. */
export interface StoreClock {
  /** The machine's clock, corrected if it is off. */
  readonly clock: Clock;
  /** How far this machine's clock is ahead of the store's at the last measurement, in milliseconds; behind if negative. */
  readonly skewMs: number;
  /** Measures once, and then regularly until disposed. Never rejects: a store that does not answer changes nothing. */
  start(): Promise<void>;
  dispose(): void;
}

/** Creates a clock that is the machine's until it is started. */
export function createStoreClock({ store, clock, logger }: StoreClockOptions): StoreClock {
  let skewMs = 0;
  /** What is taken off the machine's time; changed only by differences that matter, so that time does not jitter. */
  let correctionMs = 0;
  let cancelTimer: CancelTimer | null = null;
  let isDisposed = false;

  const apply = () => {
    const next = Math.abs(skewMs) < TOLERATED_SKEW_MS ? 0 : skewMs;
    if (next !== 0 && Math.abs(next - correctionMs) < TOLERATED_SKEW_MS) return;
    if (next !== correctionMs) {
      const fields = { skewSeconds: skewMs / 1_000 };
      if (next === 0) logger.info(fields, 'clock agrees with the store again');
      else logger.warn(fields, "clock differs from the store's, which is used instead; synchronize both");
    }
    correctionMs = next;
  };

  const measure = async () => {
    const before = clock.monotonicNow();
    const storeMs = await store.readTime?.();
    const tookMs = clock.monotonicNow() - before;
    // An answer that was long on its way says little.
    if (storeMs === undefined || storeMs === null || tookMs > TOLERATED_SKEW_MS) return;
    skewMs = Math.round(clock.now() - tookMs / 2 - storeMs);
    apply();
  };

  const start = async (): Promise<void> => {
    if (store.readTime === undefined || isDisposed) return;
    await measure().catch((cause: unknown) => {
      logger.debug({ cause }, 'the time of the store is not known');
    });
    cancelTimer?.();
    // Disposed meanwhile, or not: flow analysis does not see that.
    if (!(isDisposed as boolean)) cancelTimer = clock.setTimer(MEASURE_INTERVAL_MS, () => void start());
  };

  return {
    clock: {
      now: () => clock.now() - correctionMs,
      monotonicNow: () => clock.monotonicNow(),
      setTimer: (delayMs, task) => clock.setTimer(delayMs, task),
    },
    get skewMs() {
      return skewMs;
    },
    start,
    dispose: () => {
      isDisposed = true;
      cancelTimer?.();
    },
  };
}
