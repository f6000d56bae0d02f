/**
 * State machine of a shared connection: `transition(state, event) -> [state, effects]`, pure. Each pair of state and event
 * is either in the table below or declared as ignored. Effects on sockets and polls are derived by comparing the states
 * before and after. Single projects are not handled here but in watch-machine.ts.
 */
import {
  INITIAL_ATTEMPT,
  restart,
  markLive,
  nextAttempt,
  start,
  reconnectNow,
  connectionLost,
  goOffline,
  pollFailed,
  polled,
  poll,
  retryWhileOffline,
  resume,
  markHealthy,
} from './connection-machine-steps.js';
import type {
  Effect,
  AttemptState,
  EventName,
  MachineEvent,
  MachineState,
  StateName,
  ConnectingState,
  ConnectingStateName,
  StepContext,
} from './connection-machine-state.js';

type StateOf<S extends StateName> = S extends ConnectingStateName
  ? ConnectingState
  : Extract<MachineState, { name: S }>;
type Step<S extends StateName, E extends EventName> = (
  state: StateOf<S>,
  context: StepContext,
  event: Extract<MachineEvent, { type: E }>,
) => MachineState;
type AnyStep = (...args: [never, StepContext, never]) => MachineState;

/** Events that each state ignores. The compiler requires every other pair to be in the table. */
interface Ignored {
  idle: Exclude<EventName, 'start'>;
  connecting: 'start' | 'reconnect' | 'wake' | 'alive' | 'retryDue' | 'healthyDue' | 'pollDue';
  connected: Exclude<EventName, 'stop' | 'offline' | 'lost' | 'healthyDue'>;
  reconnecting: 'start' | 'alive' | 'healthyDue';
  polling: 'start' | 'alive' | 'healthyDue' | 'fallbackDue';
  offline: 'start' | 'offline' | 'fallbackDue' | 'pollDue';
  disconnected: Exclude<EventName, 'start' | 'stop' | 'reconnect' | 'wake'>;
  unauthorized: Exclude<EventName, 'stop' | 'reconnect'>;
  error: Exclude<EventName, 'stop' | 'reconnect'>;
}
type Table = { readonly [S in StateName]: { readonly [E in Exclude<EventName, Ignored[S]>]: Step<S, E> } };

const stop = (): MachineState => ({ name: 'idle' });
const data = markLive;
const recovering = {
  stop,
  reconnect: reconnectNow,
  wake: reconnectNow,
  offline: goOffline,
  data,
  lost: connectionLost,
  polled,
  pollFailed,
  retryDue: nextAttempt,
  pollDue: poll,
};
const terminal = { stop, reconnect: restart };

/** All transitions. */
export const TABLE: Table = {
  /** Nobody is watching. */
  idle: { start },
  /** The first attempt; nothing has failed yet. */
  connecting: { stop, offline: goOffline, data, lost: connectionLost, polled, pollFailed, fallbackDue: poll },
  /** The socket delivers data. */
  connected: { stop, offline: goOffline, lost: connectionLost, healthyDue: markHealthy },
  /** The connection was lost, and neither transport works yet. */
  reconnecting: { ...recovering, fallbackDue: poll },
  /** Polling works; the socket is retried in the background. */
  polling: recovering,
  /** The browser reports no network. A live socket is kept until it is known to be dead. */
  offline: {
    stop,
    reconnect: retryWhileOffline,
    wake: resume,
    data,
    alive: markLive,
    lost: connectionLost,
    polled,
    pollFailed,
    retryDue: retryWhileOffline,
    healthyDue: markHealthy,
  },
  /** Attempts and polls are used up. */
  disconnected: { ...terminal, start: restart, wake: restart },
  /** Rejected again after a forced token refresh. */
  unauthorized: terminal,
  /** Protocol error: no retry would help. */
  error: terminal,
};

/** The next state and the effects to run. Returns the same state object if nothing changes. */
export function transition(
  state: MachineState,
  event: MachineEvent,
  context: StepContext,
): readonly [MachineState, readonly Effect[]] {
  const row = TABLE[state.name] as Readonly<Partial<Record<EventName, AnyStep>>>;
  const next = row[event.type]?.(state as never, context, event as never) ?? state;
  return [next, effectsOf(state, next, event)];
}

const attemptOf = (state: MachineState): AttemptState => ('socketId' in state ? state : INITIAL_ATTEMPT);

/** The effects that lead from one state to the next. */
function effectsOf(before: MachineState, after: MachineState, event: MachineEvent): readonly Effect[] {
  const was = attemptOf(before);
  const is = attemptOf(after);
  const effects: Effect[] = [];
  const opensSocket = is.socket === 'opening' && (was.socketId !== is.socketId || was.socket === 'none');
  if (was.socket !== 'none' && (opensSocket || is.socket === 'none')) effects.push('close');
  if (was.polls !== 'off' && is.polls === 'off') effects.push('cancelPoll');
  if (opensSocket) effects.push(is.refreshed && !was.refreshed ? 'openFresh' : 'open');
  else if (is.socket !== 'none' && /wake|reconnect|offline/.test(event.type)) effects.push('check');
  if (is.polling && !was.polling) effects.push('poll');
  return effects;
}
