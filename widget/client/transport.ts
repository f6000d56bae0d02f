/**
 * The port that both transports stand behind: a session is opened with a token, is told what to watch, and tells what the
 * server answers. Leaves it to others when to open one, and what to do when one is lost.
 */
import type { Advice } from './connection-machine-state.js';
import type { ConnectionError } from './types.js';

/** What to watch. */
export interface WatchTarget {
  readonly projectId: string;
  readonly ingestionId: string | null;
  readonly follow: boolean;
}

/** Until when a token is good, by the server's clock; ms since the epoch. */
export interface TokenLifetime {
  readonly expiresAt: number | null;
  readonly serverTime: number | null;
  readonly scopes: readonly string[] | null;
}

/** What went wrong with an operation or a connection, and what to do about it. */
export interface Loss {
  readonly advice: Advice;
  readonly error: ConnectionError;
}

/** What the server says to one watch. What it carries is not trusted. */
export type Answer =
  | { readonly type: 'state'; readonly progress: unknown; readonly serverTime: number | null }
  | { readonly type: 'unchanged'; readonly serverTime: number | null }
  | { readonly type: 'failed'; readonly loss: Loss }
  /** The server has nothing more to say. */
  | { readonly type: 'complete' };

/** What a session tells about itself, to who wants to hear it. Nothing is told after `lost` or `close()`. */
export interface SessionListener {
  /** The token was taken. */
  acknowledged?(lifetime: TokenLifetime): void;
  /** The server answered a watch. */
  answered?(): void;
  /** Another sign of life. */
  alive?(): void;
  /** A socket is over; a round of polls failed, and another may be asked for. */
  lost(loss: Loss): void;
}

/** A document and its variables. */
export interface Operation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** An open session. */
export interface TransportSession {
  /** Returns the end of it, which may be called twice. */
  watch(target: WatchTarget, answer: (answer: Answer) => void): () => void;
  /** Looks at once: a ping, or a round of polls. */
  check(): void;
  /** Runs one query or mutation. Rejects with `OperationError`. */
  request(operation: Operation): Promise<unknown>;
  close(): void;
}

/** One way to reach the server. */
export interface Transport {
  open(token: string | null, listener: SessionListener): TransportSession;
}

/** An operation that the server refused, or that could not be brought to it. */
export class OperationError extends Error {
  readonly code: string;
  readonly loss: Loss;
  constructor(loss: Loss, options?: ErrorOptions) {
    super(loss.error.message, options);
    this.name = 'OperationError';
    this.code = loss.error.code;
    this.loss = loss;
  }
}
