/** The timers of one thing, each under a key of its own, so that setting one again ends what it was set to before. */
import type { Environment } from './environment.js';

/** A deadline that fires later than this gives the other side one more chance; ms. */
const LATE_MS = 2_000;

/** Timers that end together. */
export interface Timers {
  /** Calls back once in so many ms; null: not at all. */
  set(key: unknown, delayMs: number | null, onDue: () => void): void;
  /**
   * The same, but not believed when it comes late: after sleep or in a throttled tab the answer may be waiting. Then it
   * calls `onLate`, and waits once more. (invariant: client-checks-liveness)
   */
  deadline(key: unknown, delayMs: number, onDue: () => void, onLate?: () => void): void;
  has(key: unknown): boolean;
  end(key: unknown): void;
  endAll(): void;
}

/** None is set yet. */
export function createTimers(environment: Environment): Timers {
  const cancels = new Map<unknown, () => void>();
  const end = (key: unknown): void => {
    cancels.get(key)?.();
    cancels.delete(key);
  };
  function start(key: unknown, delayMs: number, onDue: () => void, onLate: (() => void) | null): void {
    end(key);
    const cancel = environment.setTimer(Math.max(0, delayMs), (lateMs) => {
      cancels.delete(key);
      if (onLate === null || lateMs <= LATE_MS) {
        onDue();
        return;
      }
      start(key, delayMs, onDue, onLate);
      onLate();
    });
    cancels.set(key, cancel);
  }
  return {
    set(key, delayMs, onDue) {
      if (delayMs === null) end(key);
      else start(key, delayMs, onDue, null);
    },
    deadline(key, delayMs, onDue, onLate = () => undefined) {
      start(key, delayMs, onDue, onLate);
    },
    has: (key) => cancels.has(key),
    end,
    endAll() {
      for (const key of cancels.keys()) end(key);
    },
  };
}
