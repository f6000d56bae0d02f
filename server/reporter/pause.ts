/** Waiting that a signal ends, and that leaves nothing on the signal, which may outlive very many waits. */
import type { ReporterEnvironment } from './environment.js';

/** Resolves after `delayMs`, or as soon as the signal is aborted. */
export function pause(environment: ReporterEnvironment, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      cancelTimer();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancelTimer = environment.setTimer(delayMs, finish);
    signal.addEventListener('abort', finish);
  });
}
