/**
 * What becomes of following one project over a connection: `follow(state, event) -> state`, pure, in one table. The
 * connection's own ups and downs are in machine.ts; here are the stops that are this project's alone.
 */
import { endOf } from './retry-policy.js';
import { retryDelayMs } from './backoff.js';
import type { Moment } from './connection-machine-state.js';
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
  | { readonly name: 'completed' }
  /** By the user. */
  | { readonly name: 'disconnected'; readonly reason: 'stopped'; readonly error: null }
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

/** What steps decide by: the world at the moment of an event, and the rules; ms. */
export interface WatchTurn extends Moment {
  readonly renewable: boolean;
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
  turn: WatchTurn,
  event: EventOf<E>,
) => WatchState;
type AnyStep = (...args: [never, WatchTurn, never]) => WatchState;

const FRESH: Pursuit = { attempt: 0, refreshed: false };
type Failed = Extract<WatchEvent, { type: 'failed' }>;
function failed(state: Pursuit, turn: WatchTurn, { loss }: Failed): WatchState {
  const { attempt, refreshed } = state;
  const { error } = loss;
  const end = endOf(loss, refreshed, turn.renewable);
  if (end !== null) return end;
  if (loss.advice === 'refresh') return { name: 'refreshing', error, attempt, refreshed: true };
  // Past the budget a quiet look remains: the socket is there, and one question costs little.
  const delayMs =
    attempt < turn.maxAttempts ? retryDelayMs(attempt + 1, turn.jitter, turn.random) : turn.probeIntervalMs;
  return { name: 'retrying', attempt, refreshed, error, dueAt: turn.now + delayMs };
}

/** What changes nothing in which state. Whatever is not named here, the table must have: the compiler holds it to that. */
interface Nothing {
  idle: Exclude<WatchEventName, 'listen' | 'disconnect'>;
  waiting: 'listen' | 'reconnect' | 'retryDue' | 'renewed' | 'stirred';
  live: 'listen' | 'reconnect' | 'answered' | 'retryDue' | 'renewed' | 'stirred';
  retrying: 'listen' | 'answered' | 'failed' | 'renewed' | 'stirred';
  refreshing: 'listen' | 'reconnect' | 'answered' | 'retryDue' | 'stirred';
  resting: 'listen' | 'ended' | 'restDue' | 'retryDue' | 'renewed';
  completed: Exclude<WatchEventName, 'disconnect' | 'reconnect'>;
  disconnected: Exclude<WatchEventName, 'reconnect'>;
  unauthorized: Exclude<WatchEventName, 'disconnect' | 'reconnect'>;
  error: Exclude<WatchEventName, 'disconnect' | 'reconnect'>;
}
type Table = {
  readonly [S in WatchName]: { readonly [E in Exclude<WatchEventName, Nothing[S]>]: Step<S, E> };
};

const leave = (): WatchState => ({ name: 'idle' });
const disconnect = (): WatchState => ({ name: 'disconnected', reason: 'stopped', error: null });
const ended = (): WatchState => ({ name: 'completed' });
const wait = (): WatchState => ({ name: 'waiting', ...FRESH });
const restDue = (_s: unknown, turn: WatchTurn): WatchState => ({
  name: 'resting',
  dueAt: turn.now + turn.restPollIntervalMs,
});
const waitAgain = ({ attempt, refreshed }: Pursuit): WatchState => ({ name: 'waiting', attempt, refreshed });
const underWay = { leave, disconnect, ended, restDue };
const over = { disconnect, reconnect: wait };

/** Every transition there is. */
export const WATCH_TABLE: Table = {
  idle: { listen: wait, disconnect },
  waiting: {
    ...underWay,
    answered: ({ attempt, refreshed }, { now }) => ({ name: 'live', attempt, refreshed, since: now }),
    failed,
  },
  live: {
    ...underWay,
    failed: (state, turn, event) =>
      failed(turn.now - state.since < turn.healthyAfterMs ? state : FRESH, turn, event),
  },
  retrying: {
    ...underWay,
    reconnect: wait,
    retryDue: (state, { maxAttempts }) =>
      waitAgain({ ...state, attempt: Math.min(state.attempt + 1, maxAttempts) }),
  },
  refreshing: {
    ...underWay,
    // A token that cannot be had for now is no refusal: it may be asked for again.
    failed: (state, turn, event) =>
      failed({ ...state, refreshed: event.loss.advice === 'refresh' }, turn, event),
    renewed: waitAgain,
  },
  resting: { leave, ...over, answered: restDue, failed: wait, stirred: wait },
  completed: over,
  disconnected: { reconnect: wait },
  unauthorized: over,
  error: over,
};

/** What the event makes of the state; the same object where nothing changes. */
export function follow(state: WatchState, event: WatchEvent, turn: WatchTurn): WatchState {
  const row = WATCH_TABLE[state.name] as Readonly<Partial<Record<WatchEventName, AnyStep>>>;
  return row[event.type]?.(state as never, turn, event as never) ?? state;
}
