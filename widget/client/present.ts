/** What a page is told of the connection: the machine's state and the watch's own, as one of ten. Pure. */
import type { MachineState } from './machine-state.js';
import type { Connection } from './types.js';
import type { WatchState } from './watch-machine.js';

/** The one state that fits both. */
export function present(
  machine: MachineState,
  watch: WatchState,
  maxAttempts: number,
  heard: boolean,
): Connection {
  switch (watch.name) {
    case 'idle':
      return { state: 'idle' };
    case 'stopped':
      return { state: 'disconnected', reason: 'stopped', error: null };
    case 'completed':
    case 'resting':
      return { state: 'completed' };
    case 'unauthorized':
    case 'error':
      return { state: watch.name, error: watch.error };
    case 'waiting':
    case 'live':
    case 'retrying':
    case 'refreshing':
      break;
  }
  switch (machine.name) {
    case 'idle':
    case 'connecting':
      return { state: 'connecting' };
    case 'offline':
      return { state: 'offline' };
    case 'disconnected':
      return { state: 'disconnected', reason: 'exhausted', error: machine.error };
    case 'unauthorized':
    case 'error':
      return { state: machine.name, error: machine.error };
    case 'reconnecting':
    case 'polling': {
      const { attempt, retryAt, error } = machine;
      // Past the budget the quiet look a minute is nobody's hope: it is not counted down.
      const nextAttemptAt = attempt < maxAttempts ? retryAt : null;
      const degraded = { attempt, maxAttempts, nextAttemptAt, error };
      if (machine.name === 'reconnecting' || watch.name !== 'retrying')
        return { state: machine.name, ...degraded };
      break;
    }
    case 'connected':
      break;
  }
  const { attempt } = watch;
  if (watch.name === 'retrying') {
    const nextAttemptAt = attempt < maxAttempts ? watch.dueAt : null;
    return { state: 'reconnecting', attempt, maxAttempts, nextAttemptAt, error: watch.error };
  }
  if (watch.name === 'waiting' && attempt > 0) {
    return { state: 'reconnecting', attempt, maxAttempts, nextAttemptAt: null, error: null };
  }
  return { state: heard || watch.name === 'live' ? 'connected' : 'connecting' };
}

/** Whether two connections would be drawn alike. */
export function sameConnection(a: Connection, b: Connection): boolean {
  const left = Object.entries(a);
  const right: Readonly<Record<string, unknown>> = { ...b };
  return left.length === Object.keys(right).length && left.every(([name, value]) => right[name] === value);
}
