/** A deadline that is not believed when it comes late: after sleep or in a throttled tab the answer may be waiting. */
import type { Environment } from './environment.js';

/** A deadline that fires later than this gives the other side one more chance; ms. */
export const LATE_MS = 2_000;

/**
 * Calls `onDue` when `delayMs` have passed; where the timer fires late, calls `onLate` and waits once more. Returns its
 * cancel.
 */
export function setDeadline(
  environment: Environment,
  delayMs: number,
  onDue: () => void,
  onLate: () => void = () => undefined,
): () => void {
  let cancel = environment.setTimer(delayMs, function due(lateMs) {
    if (lateMs <= LATE_MS) {
      onDue();
      return;
    }
    cancel = environment.setTimer(delayMs, due);
    onLate();
  });
  return () => {
    cancel();
  };
}
