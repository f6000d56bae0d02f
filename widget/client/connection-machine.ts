/**
 * What a shared connection does next: `transition(state, event) -> [state, effects]`, pure. Every pair of state and event
 * stands in the one table below, or beside it as one that changes nothing; what follows from a change (sockets, polls) is
 * worked out by comparing the two states. Knows no single project: what becomes of one subscription is in
 * watch-machine.ts.
 */
import {
  NO_EFFORT,
  again,
  answered,
  attempt,
  begin,
  hasten,
  lost,
  offline,
  pollFailed,
  polled,
  polling,
  probe,
  returned,
  settle,
} from './connection-machine-steps.js';
import type {
  Effect,
  Effort,
  EventName,
  MachineEvent,
  MachineState,
  StateName,
  Trying,
  TryingName,
  Turn,
} from './connection-machine-state.js';

type StateOf<S extends StateName> = S extends TryingName ? Trying : Extract<MachineState, { name: S }>;
type Step<S extends StateName, E extends EventName> = (
  state: StateOf<S>,
  turn: Turn,
  event: Extract<MachineEvent, { type: E }>,
) => MachineState;
type AnyStep = (...args: [never, Turn, never]) => MachineState;

/** What changes nothing in which state. Whatever is not named here, the table must have: the compiler holds it to that. */
interface Nothing {
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
type Table = { readonly [S in StateName]: { readonly [E in Exclude<EventName, Nothing[S]>]: Step<S, E> } };

const stop = (): MachineState => ({ name: 'idle' });
const data = answered;
const degraded = {
  stop,
  reconnect: hasten,
  wake: hasten,
  offline,
  data,
  lost,
  polled,
  pollFailed,
  retryDue: attempt,
  pollDue: polling,
};
const over = { stop, reconnect: again };

/** Every transition there is. */
export const TABLE: Table = {
  /** Nobody watches. */
  idle: { start: begin },
  /** The first try, nothing lost yet. */
  connecting: { stop, offline, data, lost, polled, pollFailed, fallbackDue: polling },
  /** The socket answers. */
  connected: { stop, offline, lost, healthyDue: settle },
  /** Something was lost, and neither transport works yet. */
  reconnecting: { ...degraded, fallbackDue: polling },
  /** Polls work; the socket is tried behind them. */
  polling: degraded,
  /** The browser says that there is no network. A socket that lived is kept until it is known to be dead. */
  offline: {
    stop,
    reconnect: probe,
    wake: returned,
    data,
    alive: answered,
    lost,
    polled,
    pollFailed,
    retryDue: probe,
    healthyDue: settle,
  },
  /** Attempts and polls are both spent. */
  disconnected: { ...over, start: again, wake: again },
  /** Refused after a forced refresh. */
  unauthorized: over,
  /** The protocol was broken: given up. */
  error: over,
};

/** What the event makes of the state, and what has to be done for it. The same state object where nothing changes. */
export function transition(
  state: MachineState,
  event: MachineEvent,
  turn: Turn,
): readonly [MachineState, readonly Effect[]] {
  const row = TABLE[state.name] as Readonly<Partial<Record<EventName, AnyStep>>>;
  const next = row[event.type]?.(state as never, turn, event as never) ?? state;
  return [next, effectsOf(state, next, event)];
}

const effort = (state: MachineState): Effort => ('opened' in state ? state : NO_EFFORT);

/** The difference between two states, as things to do. */
function effectsOf(before: MachineState, after: MachineState, event: MachineEvent): readonly Effect[] {
  const was = effort(before);
  const is = effort(after);
  const effects: Effect[] = [];
  const another = is.socket === 'opening' && (was.opened !== is.opened || was.socket === 'none');
  if (was.socket !== 'none' && (another || is.socket === 'none')) effects.push('close');
  if (was.polls !== 'off' && is.polls === 'off') effects.push('abandonPoll');
  if (another) effects.push(is.forced && !was.forced ? 'openForced' : 'open');
  else if (is.socket !== 'none' && /wake|reconnect|offline/.test(event.type)) effects.push('check');
  if (is.asking && !was.asking) effects.push('poll');
  return effects;
}
