/** Types of the connection's state machine: its states, events and effects. */
import type { ConnectionError, TransportChoice } from './types.js';

/**
 * What a failure allows: retry with backoff, retry soon because only the token is missing, retry after a wide random delay,
 * retry with a new token, or stop as `unauthorized` (`deny`) or as `error` (`fatal`).
 */
export type RetryPolicy = 'retry' | 'soon' | 'jittered' | 'refresh' | 'deny' | 'fatal';

/** Settings of the machine; durations in ms. */
export interface MachineSettings {
  readonly transport: TransportChoice;
  /** False if a forced refresh would return the same token. */
  readonly canRefresh: boolean;
  readonly jitter: number;
  readonly maxAttempts: number;
  readonly maxFailedPolls: number;
  readonly fallbackAfterFailures: number;
  readonly fallbackAfterMs: number;
  readonly healthyAfterMs: number;
  readonly backgroundRetryMs: number;
  readonly pollIntervalMs: number;
  readonly hiddenPollIntervalMs: number;
}

/** The environment when an event is handled. `now` is monotonic, in ms. */
export interface EnvironmentState {
  readonly now: number;
  readonly random: number;
  readonly online: boolean;
  readonly visible: boolean;
}

/** Input of every step besides state and event: the environment and the settings. */
export type StepContext = EnvironmentState & MachineSettings;

/** Events of a connection. */
export type MachineEvent =
  /** The first client joined; the last one left. */
  | { readonly type: 'start' | 'stop' }
  /** The user pressed Reconnect; the page woke up or came online; the browser reports that it is offline. */
  | { readonly type: 'reconnect' | 'wake' | 'offline' }
  /** The socket delivered data for a watch; the socket delivered any other message. */
  | { readonly type: 'data' | 'alive' }
  | { readonly type: 'lost'; readonly policy: RetryPolicy; readonly error: ConnectionError }
  | { readonly type: 'polled' }
  | { readonly type: 'pollFailed'; readonly error: ConnectionError }
  | { readonly type: 'retryDue' | 'fallbackDue' | 'healthyDue' | 'pollDue' };

/** Data of a connection that has not stopped, whatever its name. */
export interface AttemptState {
  /** Attempts started from the current budget; the first connection doesn't count. */
  readonly attempt: number;
  /** Consecutive connections that ended before they were healthy. */
  readonly failures: number;
  /** `live`: it delivered data; `healthy`: it has stayed live for `healthyAfterMs`. */
  readonly socket: 'none' | 'opening' | 'live' | 'healthy';
  /** Number of sockets opened so far; it changes with each new socket. */
  readonly socketId: number;
  /** A token refresh was forced since the connection was last healthy. */
  readonly refreshed: boolean;
  readonly polls: 'off' | 'starting' | 'working' | 'failing';
  /** A poll is in flight. */
  readonly polling: boolean;
  readonly failedPolls: number;
  readonly retryAt: number | null;
  readonly fallbackAt: number | null;
  readonly healthyAt: number | null;
  readonly pollAt: number | null;
  readonly error: ConnectionError | null;
}

/** Names of the states that have an `AttemptState`. */
export type ConnectingStateName = 'connecting' | 'connected' | 'reconnecting' | 'polling' | 'offline';
/** A connection that has not stopped. */
export type ConnectingState = { readonly name: ConnectingStateName } & AttemptState;

/** The state of a shared connection. */
export type MachineState =
  | { readonly name: 'idle' }
  | ConnectingState
  | { readonly name: 'disconnected'; readonly reason: 'exhausted'; readonly error: ConnectionError | null }
  | { readonly name: 'unauthorized' | 'error'; readonly error: ConnectionError };
/** Names of the states. */
export type StateName = MachineState['name'];
/** Names of the events. */
export type EventName = MachineEvent['type'];
/** The connection's timers: each is set while the state has its `…At`, and fires the event `…Due`. */
export const TIMERS = ['retry', 'fallback', 'healthy', 'poll'] as const;

/** Side effects of a transition. Timers are not among them: they follow from the state's `…At` fields. */
export type Effect = 'open' | 'openFresh' | 'close' | 'poll' | 'cancelPoll' | 'check';
