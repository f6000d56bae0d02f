/**
 * What becomes of following one project over a connection: `follow(state, event) -> state`, pure, in one table. The
 * connection's own ups and downs are in machine.ts; here are the stops that are this project's alone.
 */
import { retryDelayMs } from './backoff.js';
import type { Moment } from './machine-state.js';
import type { Loss } from './transport.js';
import type { ConnectionError } from './types.js';

/** What a watch that is under way carries. */
interface Pursuit {
  /** Further goes at its own operation begun, without a healthy while between. */
  readonly attempt: number;
  /** A token was asked for by force since the last healthy while. */
  readonly refreshed: boolean;
}

/** Where the watch stands. Times on the monotonic clock, in ms. */
export type WatchState =
  /** Nobody listens. */
  | { readonly name: 'idle' }
  /** Asked, or about to ask as soon as there is a connection. */
  | ({ readonly name: 'waiting' } & Pursuit)
  /** Answered. */
  | ({ readonly name: 'live'; readonly since: number } & Pursuit)
  /** The server refused for now: its own backoff, the socket stays. */
  | ({ readonly name: 'retrying'; readonly dueAt: number; readonly error: ConnectionError } & Pursuit)
  /** The server wants another token. */
  | ({ readonly name: 'refreshing'; readonly error: ConnectionError } & Pursuit)
  /** The ingestion ended a while ago: the place is given back, and the next one looked for now and then. */
  | { readonly name: 'resting'; readonly dueAt: number }
  | { readonly name: 'completed' | 'stopped' }
  | { readonly name: 'unauthorized' | 'error'; readonly error: ConnectionError };
export type WatchName = WatchState['name'];

/** What can happen to it. */
export type WatchEvent =
  | { readonly type: 'listen' | 'leave' | 'disconnect' | 'reconnect' }
  | { readonly type: 'answered' }
  | { readonly type: 'failed'; readonly loss: Loss }
  /** Nothing more is to come, and nobody follows; or: it ended a while ago. */
  | { readonly type: 'ended' | 'restDue' }
  | { readonly type: 'retryDue' | 'renewed' | 'stirred' };
export type WatchEventName = WatchEvent['type'];

/** Numbers of the watch's own; ms. */
export interface WatchPolicy {
  readonly jitter: number;
  readonly maxAttempts: number;
  readonly healthyAfterMs: number;
  readonly probeIntervalMs: number;
  readonly restPollIntervalMs: number;
}

type StateOf<S extends WatchName> = Extract<WatchState, { name: S }> & { readonly name: S };
type EventOf<E extends WatchEventName> = WatchEvent & { readonly type: E };
type Step<S extends WatchName, E extends WatchEventName> = (
  state: StateOf<S>,
  event: EventOf<E>,
  moment: Moment,
  policy: WatchPolicy,
) => WatchState;
type Table = { readonly [S in WatchName]: { readonly [E in WatchEventName]: Step<S, E> | null } };

const FRESH: Pursuit = { attempt: 0, refreshed: false };
const stay = null;
const idle = (): WatchState => ({ name: 'idle' });
const stopped = (): WatchState => ({ name: 'stopped' });
const completed = (): WatchState => ({ name: 'completed' });
const wait = (): WatchState => ({ name: 'waiting', ...FRESH });
const rest = (_s: unknown, _e: unknown, { now }: Moment, policy: WatchPolicy): WatchState => ({
  name: 'resting',
  dueAt: now + policy.restPollIntervalMs,
});
const live = (state: Pursuit, _e: unknown, { now }: Moment): WatchState => ({
  name: 'live',
  attempt: state.attempt,
  refreshed: state.refreshed,
  since: now,
});
const waitAgain = ({ attempt, refreshed }: Pursuit): WatchState => ({ name: 'waiting', attempt, refreshed });
const attemptAgain = (state: Pursuit, _e: unknown, _m: Moment, { maxAttempts }: WatchPolicy): WatchState =>
  waitAgain({ ...state, attempt: Math.min(state.attempt + 1, maxAttempts) });

type Failed = Extract<WatchEvent, { type: 'failed' }>;
function failed(state: Pursuit, { loss }: Failed, moment: Moment, policy: WatchPolicy): WatchState {
  const { advice, error } = loss;
  if (advice === 'giveUp') return { name: 'error', error };
  if (advice === 'refuse') return { name: 'unauthorized', error };
  if (advice === 'refresh') {
    if (state.refreshed) return { name: 'unauthorized', error };
    return { name: 'refreshing', error, attempt: state.attempt, refreshed: true };
  }
  // Past the budget a quiet look remains: the socket is there, and one question costs little.
  const spent = state.attempt >= policy.maxAttempts;
  const { attempt } = state;
  const delayMs = spent ? policy.probeIntervalMs : retryDelayMs(attempt + 1, policy.jitter, moment.random);
  return { name: 'retrying', attempt, refreshed: state.refreshed, error, dueAt: moment.now + delayMs };
}
function failedLive(state: StateOf<'live'>, event: Failed, moment: Moment, policy: WatchPolicy): WatchState {
  const healthy = moment.now - state.since >= policy.healthyAfterMs;
  return failed(healthy ? FRESH : state, event, moment, policy);
}
/** A token that cannot be had for now is no refusal: it may be asked for again. */
const renewalFailed: Step<'refreshing', 'failed'> = (state, event, moment, policy) =>
  failed({ ...state, refreshed: event.loss.advice === 'refresh' }, event, moment, policy);

/** Every transition there is. */
export const WATCH_TABLE: Table = {
  idle: {
    listen: wait,
    leave: stay,
    disconnect: stopped,
    reconnect: stay,
    answered: stay,
    failed: stay,
    ended: stay,
    restDue: stay,
    retryDue: stay,
    renewed: stay,
    stirred: stay,
  },
  waiting: {
    listen: stay,
    leave: idle,
    disconnect: stopped,
    reconnect: stay,
    answered: live,
    failed,
    ended: completed,
    restDue: rest,
    retryDue: stay,
    renewed: stay,
    stirred: stay,
  },
  live: {
    listen: stay,
    leave: idle,
    disconnect: stopped,
    reconnect: stay,
    answered: stay,
    failed: failedLive,
    ended: completed,
    restDue: rest,
    retryDue: stay,
    renewed: stay,
    stirred: stay,
  },
  retrying: {
    listen: stay,
    leave: idle,
    disconnect: stopped,
    reconnect: wait,
    answered: stay,
    failed: stay,
    ended: completed,
    restDue: rest,
    retryDue: attemptAgain,
    renewed: stay,
    stirred: stay,
  },
  refreshing: {
    listen: stay,
    leave: idle,
    disconnect: stopped,
    reconnect: stay,
    answered: stay,
    failed: renewalFailed,
    ended: completed,
    restDue: rest,
    retryDue: stay,
    renewed: waitAgain,
    stirred: stay,
  },
  resting: {
    listen: stay,
    leave: idle,
    disconnect: stopped,
    reconnect: wait,
    answered: rest,
    failed: wait,
    ended: stay,
    restDue: stay,
    retryDue: stay,
    renewed: stay,
    stirred: wait,
  },
  completed: {
    listen: stay,
    leave: stay,
    disconnect: stopped,
    reconnect: wait,
    answered: stay,
    failed: stay,
    ended: stay,
    restDue: stay,
    retryDue: stay,
    renewed: stay,
    stirred: stay,
  },
  stopped: {
    listen: stay,
    leave: stay,
    disconnect: stay,
    reconnect: wait,
    answered: stay,
    failed: stay,
    ended: stay,
    restDue: stay,
    retryDue: stay,
    renewed: stay,
    stirred: stay,
  },
  unauthorized: {
    listen: stay,
    leave: stay,
    disconnect: stopped,
    reconnect: wait,
    answered: stay,
    failed: stay,
    ended: stay,
    restDue: stay,
    retryDue: stay,
    renewed: stay,
    stirred: stay,
  },
  error: {
    listen: stay,
    leave: stay,
    disconnect: stopped,
    reconnect: wait,
    answered: stay,
    failed: stay,
    ended: stay,
    restDue: stay,
    retryDue: stay,
    renewed: stay,
    stirred: stay,
  },
};

/** What the event makes of the state; the same object where nothing changes. */
export function follow(
  state: WatchState,
  event: WatchEvent,
  moment: Moment,
  policy: WatchPolicy,
): WatchState {
  const step = WATCH_TABLE[state.name][event.type] as Step<never, never> | null;
  return step === null ? state : step(state as never, event as never, moment, policy);
}
