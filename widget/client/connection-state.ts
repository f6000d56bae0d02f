/** Combines the states of the connection and of the watch into the one that the page sees. Pure. */
import type { MachineState } from './connection-machine-state.js';
import type { Connection } from './types.js';
import type { WatchState } from './watch-machine.js';

/** A stopped watch determines the state; else the connection does, with the watch's own retries. */
export function toConnection(
  machine: MachineState,
  watch: WatchState,
  maxAttempts: number,
  isConfirmed: boolean,
): Connection {
  if (watch.name === 'dormant') return { state: 'completed' };
  if (!('attempt' in watch)) {
    const { name: state, ...rest } = watch;
    return { state, ...rest } as Connection;
  }
  if (!('attempt' in machine)) {
    const { name: state, ...rest } = machine;
    return { state: state === 'idle' ? 'connecting' : state, ...rest } as Connection;
  }
  const { name } = machine;
  if (name === 'connecting' || name === 'offline') return { state: name };
  const isRetrying = watch.name === 'retrying';
  const shown =
    name === 'reconnecting' || (name === 'polling' && !isRetrying)
      ? { state: name, attempt: machine.attempt, dueAt: machine.retryAt, error: machine.error }
      : isRetrying || (watch.name === 'pending' && watch.attempt > 0)
        ? { dueAt: null, error: null, ...watch, state: 'reconnecting' as const }
        : null;
  if (shown === null) return { state: isConfirmed || watch.name === 'live' ? 'connected' : 'connecting' };
  const { state, attempt, dueAt, error } = shown;
  // Background retries after the last attempt have no countdown.
  return { state, attempt, maxAttempts, nextAttemptAt: attempt < maxAttempts ? dueAt : null, error };
}

/** Whether two connections are equal. */
export const isSameConnection = (a: Connection, b: Connection): boolean =>
  JSON.stringify(a) === JSON.stringify(b);
