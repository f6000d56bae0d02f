/** The words of the connection's machine: its states, what can happen to it, and what it asks to be done. */
import type { ConnectionError, TransportChoice } from './types.js';

/** What a loss asks for: try again, try again spread out, get a new token, or one of two ways of giving up. */
export type Advice = 'retry' | 'spread' | 'refresh' | 'refuse' | 'giveUp';

/** Times in ms. */
export interface Policy {
  readonly transport: TransportChoice;
  /** Whether another token can be asked for. */
  readonly renewable: boolean;
  readonly jitter: number;
  readonly maxAttempts: number;
  readonly maxFailedPolls: number;
  readonly fallbackAfterFailures: number;
  readonly fallbackAfterMs: number;
  readonly healthyAfterMs: number;
  readonly probeIntervalMs: number;
  readonly pollIntervalMs: number;
  readonly hiddenPollIntervalMs: number;
}

/** The world at the moment of an event. `now` is monotonic. */
export interface Moment {
  readonly now: number;
  readonly random: number;
  readonly online: boolean;
  readonly visible: boolean;
}

/** What steps decide by: the world at the moment of an event, and the rules. */
export type Turn = Moment & Policy;

/** What can happen to a connection. */
export type MachineEvent =
  /** The first client watches; the last one left. */
  | { readonly type: 'start' | 'stop' }
  /** A person asked; the page came back in some way; the browser says that there is no network. */
  | { readonly type: 'reconnect' | 'wake' | 'offline' }
  /** The socket answered a watch; it gave some other sign of life. */
  | { readonly type: 'data' | 'alive' }
  | { readonly type: 'lost'; readonly advice: Advice; readonly error: ConnectionError }
  | { readonly type: 'polled' }
  | { readonly type: 'pollFailed'; readonly error: ConnectionError }
  | { readonly type: 'retryDue' | 'fallbackDue' | 'healthyDue' | 'pollDue' };

/** What a connection that is trying carries, whatever its name. */
export interface Effort {
  /** Attempts of this budget begun; the first connection is none. */
  readonly attempt: number;
  /** Connections in a row that ended before health. */
  readonly failures: number;
  /** `live`: it answered; `healthy`: and went on living for a while. */
  readonly socket: 'none' | 'opening' | 'live' | 'healthy';
  /** Sockets opened so far: another number is another socket. */
  readonly opened: number;
  /** A token was asked for by force since the last health. */
  readonly forced: boolean;
  readonly polls: 'off' | 'unproven' | 'working' | 'failing';
  /** A round of polls is under way. */
  readonly asking: boolean;
  readonly failedPolls: number;
  readonly retryAt: number | null;
  readonly fallbackAt: number | null;
  readonly healthyAt: number | null;
  readonly pollAt: number | null;
  readonly error: ConnectionError | null;
}

/** Names under which a connection is trying. */
export type TryingName = 'connecting' | 'connected' | 'reconnecting' | 'polling' | 'offline';
/** A connection that has not given up. */
export type Trying = { readonly name: TryingName } & Effort;

/** The state of a shared connection. */
export type MachineState =
  | { readonly name: 'idle' }
  | Trying
  | { readonly name: 'disconnected'; readonly reason: 'exhausted'; readonly error: ConnectionError | null }
  | { readonly name: 'unauthorized' | 'error'; readonly error: ConnectionError };
/** Names of the states. */
export type StateName = MachineState['name'];
/** Names of the events. */
export type EventName = MachineEvent['type'];
/** The connection's timers: each is set while the state says `…At`, and brings `…Due`. */
export const TIMERS = ['retry', 'fallback', 'healthy', 'poll'] as const;

/** What has to be done after a transition, beyond the timers that the state names. */
export type Effect = 'open' | 'openForced' | 'close' | 'poll' | 'abandonPoll' | 'check';
