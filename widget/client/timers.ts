/** A set of keyed timers: setting a key again replaces its timer. */
import type { Environment } from './environment.js';

/** A deadline that fires later than this waits once more; ms. */
const LATE_MS = 2_000;

/** Timers that can be cancelled together. */
export interface Timers {
  /** Calls back once after `delayMs`; null only cancels the key's timer. */
  set(key: unknown, delayMs: number | null, onDue: () => void): void;
  /**
   * The same, but if the timer fires late, as it does after sleep or in a throttled tab, the response may already be queued:
   * then it calls `onLate` and waits once more. (invariant: client-checks-liveness)
   */
  deadline(key: unknown, delayMs: number, onDue: () => void, onLate?: () => void): void;
  has(key: unknown): boolean;
  cancel(key: unknown): void;
  cancelAll(): void;
}

/** Makes an empty set. */
export function createTimers(environment: Environment): Timers {
  const cancels = new Map<unknown, () => void>();
  const cancel = (key: unknown): void => {
    cancels.get(key)?.();
    cancels.delete(key);
  };
  function start(key: unknown, delayMs: number, onDue: () => void, onLate: (() => void) | null): void {
    cancel(key);
    const cancelTimer = environment.setTimer(Math.max(0, delayMs), (lateMs) => {
      cancels.delete(key);
      if (onLate === null || lateMs <= LATE_MS) {
        onDue();
        return;
      }
      start(key, delayMs, onDue, onLate);
      onLate();
    });
    cancels.set(key, cancelTimer);
  }
  return {
    set(key, delayMs, onDue) {
      if (delayMs === null) cancel(key);
      else start(key, delayMs, onDue, null);
    },
    deadline(key, delayMs, onDue, onLate = () => undefined) {
      start(key, delayMs, onDue, onLate);
    },
    has: (key) => cancels.has(key),
    cancel,
    cancelAll() {
      for (const key of cancels.keys()) cancel(key);
    },
  };
}
