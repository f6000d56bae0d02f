/** Waiting for a delay, or for a result with a timeout. Timers are the clock's, so that tests control time. */
import type { Clock } from './clock.js';

type Timers = Pick<Clock, 'setTimer'>;

/** Resolves after `delayMs`, or as soon as `signal` is aborted; leaves no listener on the signal. */
export function sleep(clock: Timers, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      cancelTimer();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancelTimer = clock.setTimer(delayMs, finish);
    if (signal?.aborted === true) finish();
    else signal?.addEventListener('abort', finish);
  });
}

/**
 * Settles as `task` does, or rejects with `timeoutError()` after `timeoutMs`. A task that settles later is ignored; it
 * is not cancelled.
 */
export function withTimeout<T>(
  clock: Timers,
  task: Promise<T>,
  timeoutMs: number,
  timeoutError: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancelTimer = clock.setTimer(timeoutMs, () => reject(timeoutError()));
    task.then(
      (value) => {
        cancelTimer();
        resolve(value);
      },
      (error: unknown) => {
        cancelTimer();
        reject(error);
      },
    );
  });
}
