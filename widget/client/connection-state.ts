/** What a page is told of the connection: the machine's state and the watch's own, as one of ten. Pure. */
import type { MachineState } from './connection-machine-state.js';
import type { Connection } from './types.js';
import type { WatchState } from './watch-machine.js';

/** The one state that fits both: where the watch is over, its own; else the connection's, with the watch's own retries. */
export function present(
  machine: MachineState,
  watch: WatchState,
  maxAttempts: number,
  heard: boolean,
): Connection {
  if (watch.name === 'resting') return { state: 'completed' };
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
  const own = watch.name === 'retrying';
  const shown =
    name === 'reconnecting' || (name === 'polling' && !own)
      ? { state: name, attempt: machine.attempt, dueAt: machine.retryAt, error: machine.error }
      : own || (watch.name === 'waiting' && watch.attempt > 0)
        ? { dueAt: null, error: null, ...watch, state: 'reconnecting' as const }
        : null;
  if (shown === null) return { state: heard || watch.name === 'live' ? 'connected' : 'connecting' };
  const { state, attempt, dueAt, error } = shown;
  // Past the budget the quiet look a minute is nobody's hope: it is not counted down.
  return { state, attempt, maxAttempts, nextAttemptAt: attempt < maxAttempts ? dueAt : null, error };
}

/** Whether two connections would be drawn alike. */
export const sameConnection = (a: Connection, b: Connection): boolean =>
  JSON.stringify(a) === JSON.stringify(b);
