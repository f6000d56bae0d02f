/**
 * What a shared connection does next: `transition(state, event) -> [state, effects]`, pure. Every pair of state and event
 * stands in the one table below; what follows from a change (sockets, polls, timers) is worked out by comparing the two
 * states. Knows no single project: what becomes of one subscription is in watch-machine.ts.
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
} from './machine-steps.js';
import type {
  Effect,
  Effort,
  EventName,
  MachineEvent,
  MachineState,
  Moment,
  Policy,
  StateName,
  Trying,
  TryingName,
} from './machine-state.js';

type StateOf<S extends StateName> = S extends TryingName ? Trying : Extract<MachineState, { name: S }>;
type EventOf<E extends EventName> = Extract<MachineEvent, { type: E }>;
type Step<S extends StateName, E extends EventName> = (
  state: StateOf<S>,
  event: E extends MachineEvent['type'] ? EventOf<E> : never,
  moment: Moment,
  policy: Policy,
) => MachineState;
/** One pair of state and event: which states it may lead to, and how. */
interface Cell<S extends StateName, E extends EventName> {
  readonly to: readonly StateName[];
  readonly step: Step<S, E>;
}
/** Null where the event changes nothing. */
type Table = { readonly [S in StateName]: { readonly [E in EventName]: Cell<S, E> | null } };

const stay = null;
const to = <S extends (...args: never[]) => MachineState>(names: readonly StateName[], step: S) => ({
  to: names,
  step,
});

const STOP = to(['idle'], (): MachineState => ({ name: 'idle' }));
const OFFLINE = to(['offline'], offline);
const ANSWERED = to(['connected'], answered);

/** Every transition there is: what a row does not change, it says so. */
export const TABLE: Table = {
  /** Nobody watches. */
  idle: {
    start: to(['connecting', 'offline'], begin),
    stop: stay,
    reconnect: stay,
    wake: stay,
    offline: stay,
    data: stay,
    alive: stay,
    lost: stay,
    polled: stay,
    pollFailed: stay,
    retryDue: stay,
    fallbackDue: stay,
    healthyDue: stay,
    pollDue: stay,
  },
  /** The first try, nothing lost yet. */
  connecting: {
    start: stay,
    stop: STOP,
    reconnect: stay,
    wake: stay,
    offline: OFFLINE,
    data: ANSWERED,
    alive: stay,
    lost: to(['reconnecting', 'offline', 'unauthorized', 'error'], lost),
    polled: to(['polling'], polled),
    pollFailed: to(['reconnecting', 'offline'], pollFailed),
    retryDue: stay,
    fallbackDue: to(['connecting'], polling),
    healthyDue: stay,
    pollDue: stay,
  },
  /** The socket answers. */
  connected: {
    start: stay,
    stop: STOP,
    reconnect: stay,
    wake: stay,
    offline: OFFLINE,
    data: stay,
    alive: stay,
    lost: to(['reconnecting', 'offline', 'disconnected', 'unauthorized', 'error'], lost),
    polled: stay,
    pollFailed: stay,
    retryDue: stay,
    fallbackDue: stay,
    healthyDue: to(['connected'], settle),
    pollDue: stay,
  },
  /** Something was lost, and neither transport works yet. */
  reconnecting: {
    start: stay,
    stop: STOP,
    reconnect: to(['reconnecting', 'offline'], hasten),
    wake: to(['reconnecting', 'offline'], hasten),
    offline: OFFLINE,
    data: ANSWERED,
    alive: stay,
    lost: to(['reconnecting', 'offline', 'disconnected', 'unauthorized', 'error'], lost),
    polled: to(['polling'], polled),
    pollFailed: to(['reconnecting', 'offline', 'disconnected'], pollFailed),
    retryDue: to(['reconnecting'], attempt),
    fallbackDue: to(['reconnecting'], polling),
    healthyDue: stay,
    pollDue: to(['reconnecting'], polling),
  },
  /** Polls work; the socket is tried behind them. */
  polling: {
    start: stay,
    stop: STOP,
    reconnect: to(['polling', 'offline'], hasten),
    wake: to(['polling', 'offline'], hasten),
    offline: OFFLINE,
    data: ANSWERED,
    alive: stay,
    lost: to(['polling', 'offline', 'unauthorized', 'error'], lost),
    polled: to(['polling'], polled),
    pollFailed: to(['reconnecting', 'offline'], pollFailed),
    retryDue: to(['polling'], attempt),
    fallbackDue: stay,
    healthyDue: stay,
    pollDue: to(['polling'], polling),
  },
  /** The browser says that there is no network. A socket that lived is kept until it is known to be dead. */
  offline: {
    start: stay,
    stop: STOP,
    reconnect: to(['offline'], probe),
    wake: to(['reconnecting'], returned),
    offline: stay,
    data: ANSWERED,
    alive: ANSWERED,
    lost: to(['reconnecting', 'offline', 'unauthorized', 'error'], lost),
    polled: to(['polling'], polled),
    pollFailed: to(['reconnecting', 'offline'], pollFailed),
    retryDue: to(['offline'], probe),
    fallbackDue: stay,
    healthyDue: to(['offline'], settle),
    pollDue: stay,
  },
  /** Attempts and polls are both spent. */
  disconnected: {
    start: to(['reconnecting', 'offline'], again),
    stop: STOP,
    reconnect: to(['reconnecting', 'offline'], again),
    wake: to(['reconnecting', 'offline'], again),
    offline: stay,
    data: stay,
    alive: stay,
    lost: stay,
    polled: stay,
    pollFailed: stay,
    retryDue: stay,
    fallbackDue: stay,
    healthyDue: stay,
    pollDue: stay,
  },
  /** Refused after a forced refresh. */
  unauthorized: {
    start: stay,
    stop: STOP,
    reconnect: to(['reconnecting', 'offline'], again),
    wake: stay,
    offline: stay,
    data: stay,
    alive: stay,
    lost: stay,
    polled: stay,
    pollFailed: stay,
    retryDue: stay,
    fallbackDue: stay,
    healthyDue: stay,
    pollDue: stay,
  },
  /** The protocol was broken: given up. */
  error: {
    start: stay,
    stop: STOP,
    reconnect: to(['reconnecting', 'offline'], again),
    wake: stay,
    offline: stay,
    data: stay,
    alive: stay,
    lost: stay,
    polled: stay,
    pollFailed: stay,
    retryDue: stay,
    fallbackDue: stay,
    healthyDue: stay,
    pollDue: stay,
  },
};

/** What the event makes of the state, and what has to be done for it. The same state object where nothing changes. */
export function transition(
  state: MachineState,
  event: MachineEvent,
  moment: Moment,
  policy: Policy,
): readonly [MachineState, readonly Effect[]] {
  const cell = TABLE[state.name][event.type] as Cell<never, never> | null;
  const next = cell === null ? state : cell.step(state as never, event as never, moment, policy);
  return [next, effectsOf(state, next, event)];
}

const effort = (state: MachineState): Effort => ('opened' in state ? state : NO_EFFORT);
const TIMERS = ['retry', 'fallback', 'healthy', 'poll'] as const;

/** The difference between two states, as things to do. */
function effectsOf(before: MachineState, after: MachineState, event: MachineEvent): readonly Effect[] {
  const was = effort(before);
  const is = effort(after);
  const effects: Effect[] = [];
  const another = is.socket === 'opening' && (was.opened !== is.opened || was.socket === 'none');
  if (was.socket !== 'none' && (another || is.socket === 'none')) effects.push({ type: 'close' });
  for (const timer of TIMERS) {
    const at = is[`${timer}At`];
    if (at !== was[`${timer}At`]) effects.push({ type: 'timer', timer, at });
  }
  if (was.polls !== 'off' && is.polls === 'off') effects.push({ type: 'abandonPoll' });
  if (another) effects.push({ type: 'open', forced: is.forced && !was.forced });
  if (is.asking && !was.asking) effects.push({ type: 'poll' });
  const looked = event.type === 'wake' || event.type === 'reconnect' || event.type === 'offline';
  if (looked && !another && is.socket !== 'none') effects.push({ type: 'check' });
  return effects;
}
