/**
 * State machine of one watched project: `transitionWatch(state, event) -> state`, pure. The shared connection has its own
 * machine in connection-machine.ts; this one handles what concerns a single project.
 */
import { terminalStateFor } from './retry-policy.js';
import { retryDelayMs } from './backoff.js';
import type { EnvironmentState } from './connection-machine-state.js';
import type { Failure } from './transport.js';
import type { ConnectionError } from './types.js';

/** Data of a watch that has not stopped. */
interface WatchAttempt {
  /** Retries of this operation since it was last healthy. */
  readonly attempt: number;
  /** A token refresh was forced since this watch was last healthy. */
  readonly refreshed: boolean;
}

/** State of the watch. Times are on the monotonic clock, in ms. */
export type WatchState =
  /** No listeners. */
  | { readonly name: 'idle' }
  /** Subscribed, or about to subscribe once there is a connection. */
  | ({ readonly name: 'pending' } & WatchAttempt)
  /** Data arrived. */
  | ({ readonly name: 'live'; readonly since: number } & WatchAttempt)
  /** The server rejected the operation for now: retried with its own backoff; the socket stays open. */
  | ({ readonly name: 'retrying'; readonly dueAt: number; readonly error: ConnectionError } & WatchAttempt)
  /** The server asks for a new token. */
  | ({ readonly name: 'refreshing'; readonly error: ConnectionError } & WatchAttempt)
  /** The ingestion ended a while ago: unsubscribed, polling now and then for the next one. */
  | { readonly name: 'dormant'; readonly dueAt: number }
  | { readonly name: 'completed' }
  /** Stopped by the user. */
  | { readonly name: 'disconnected'; readonly reason: 'stopped'; readonly error: null }
  | { readonly name: 'unauthorized' | 'error'; readonly error: ConnectionError };
export type WatchName = WatchState['name'];

/** Events of a watch. */
export type WatchEvent =
  | { readonly type: 'listen' | 'leave' | 'disconnect' | 'reconnect' }
  | { readonly type: 'data' }
  | { readonly type: 'failed'; readonly failure: Failure }
  /** The ingestion ended and the next one isn't followed; it ended a while ago. */
  | { readonly type: 'ended' | 'dormantDue' }
  | { readonly type: 'retryDue' | 'tokenReady' | 'woke' };
export type WatchEventName = WatchEvent['type'];

/** Input of every step besides state and event; durations in ms. */
export interface WatchContext extends EnvironmentState {
  readonly canRefresh: boolean;
  readonly jitter: number;
  readonly maxAttempts: number;
  readonly healthyAfterMs: number;
  readonly backgroundRetryMs: number;
  readonly dormantPollIntervalMs: number;
}

type StateOf<S extends WatchName> = Extract<WatchState, { name: S }> & { readonly name: S };
type EventOf<E extends WatchEventName> = WatchEvent & { readonly type: E };
type Step<S extends WatchName, E extends WatchEventName> = (
  state: StateOf<S>,
  context: WatchContext,
  event: EventOf<E>,
) => WatchState;
type AnyStep = (...args: [never, WatchContext, never]) => WatchState;

const INITIAL_ATTEMPT: WatchAttempt = { attempt: 0, refreshed: false };
type Failed = Extract<WatchEvent, { type: 'failed' }>;
function failed(state: WatchAttempt, context: WatchContext, { failure }: Failed): WatchState {
  const { attempt, refreshed } = state;
  const { error } = failure;
  const terminalState = terminalStateFor(failure, refreshed, context.canRefresh);
  if (terminalState !== null) return terminalState;
  if (failure.policy === 'refresh') return { name: 'refreshing', error, attempt, refreshed: true };
  // After the last attempt it retries in the background: the socket is open anyway, and one operation costs little.
  const delayMs =
    attempt < context.maxAttempts
      ? retryDelayMs(attempt + 1, context.jitter, context.random)
      : context.backgroundRetryMs;
  return { name: 'retrying', attempt, refreshed, error, dueAt: context.now + delayMs };
}

/** Events that each state ignores. The compiler requires every other pair to be in the table. */
interface Ignored {
  idle: Exclude<WatchEventName, 'listen' | 'disconnect'>;
  pending: 'listen' | 'reconnect' | 'retryDue' | 'tokenReady' | 'woke';
  live: 'listen' | 'reconnect' | 'data' | 'retryDue' | 'tokenReady' | 'woke';
  retrying: 'listen' | 'data' | 'failed' | 'tokenReady' | 'woke';
  refreshing: 'listen' | 'reconnect' | 'data' | 'retryDue' | 'woke';
  dormant: 'listen' | 'ended' | 'dormantDue' | 'retryDue' | 'tokenReady';
  completed: Exclude<WatchEventName, 'disconnect' | 'reconnect'>;
  disconnected: Exclude<WatchEventName, 'reconnect'>;
  unauthorized: Exclude<WatchEventName, 'disconnect' | 'reconnect'>;
  error: Exclude<WatchEventName, 'disconnect' | 'reconnect'>;
}
type Table = {
  readonly [S in WatchName]: { readonly [E in Exclude<WatchEventName, Ignored[S]>]: Step<S, E> };
};

const leave = (): WatchState => ({ name: 'idle' });
const disconnect = (): WatchState => ({ name: 'disconnected', reason: 'stopped', error: null });
const ended = (): WatchState => ({ name: 'completed' });
const startPending = (): WatchState => ({ name: 'pending', ...INITIAL_ATTEMPT });
const dormantDue = (_s: unknown, context: WatchContext): WatchState => ({
  name: 'dormant',
  dueAt: context.now + context.dormantPollIntervalMs,
});
const resumePending = ({ attempt, refreshed }: WatchAttempt): WatchState => ({
  name: 'pending',
  attempt,
  refreshed,
});
const active = { leave, disconnect, ended, dormantDue };
const terminal = { disconnect, reconnect: startPending };

/** All transitions. */
export const WATCH_TABLE: Table = {
  idle: { listen: startPending, disconnect },
  pending: {
    ...active,
    data: ({ attempt, refreshed }, { now }) => ({ name: 'live', attempt, refreshed, since: now }),
    failed,
  },
  live: {
    ...active,
    failed: (state, context, event) =>
      failed(context.now - state.since < context.healthyAfterMs ? state : INITIAL_ATTEMPT, context, event),
  },
  retrying: {
    ...active,
    reconnect: startPending,
    retryDue: (state, { maxAttempts }) =>
      resumePending({ ...state, attempt: Math.min(state.attempt + 1, maxAttempts) }),
  },
  refreshing: {
    ...active,
    // Failing to get a token is not a rejection of one: it may be requested again.
    failed: (state, context, event) =>
      failed({ ...state, refreshed: event.failure.policy === 'refresh' }, context, event),
    tokenReady: resumePending,
  },
  dormant: { leave, ...terminal, data: dormantDue, failed: startPending, woke: startPending },
  completed: terminal,
  disconnected: { reconnect: startPending },
  unauthorized: terminal,
  error: terminal,
};

/** The next state; the same object if nothing changes. */
export function transitionWatch(state: WatchState, event: WatchEvent, context: WatchContext): WatchState {
  const row = WATCH_TABLE[state.name] as Readonly<Partial<Record<WatchEventName, AnyStep>>>;
  return row[event.type]?.(state as never, context, event as never) ?? state;
}
