/**
 * The port that both transports implement: a session is opened with a token, watches projects, and passes on the server's
 * messages. When to open a session and how to handle a failure is decided by the state machines.
 */
import type { RetryPolicy } from './connection-machine-state.js';
import type { ConnectionError } from './types.js';

/** What to watch. */
export interface WatchTarget {
  readonly projectId: string;
  readonly ingestionId: string | null;
  readonly follow: boolean;
}

/** Expiry and scopes of a token, by the server's clock; ms since the epoch. */
export interface TokenLifetime {
  readonly expiresAt: number | null;
  readonly serverTime: number | null;
  readonly scopes: readonly string[] | null;
}

/** Why an operation or a connection failed, and whether to retry. */
export interface Failure {
  readonly policy: RetryPolicy;
  readonly error: ConnectionError;
}

/** A message of the server for one watch. Its contents are not validated yet. */
export type ServerMessage =
  | { readonly type: 'state'; readonly progress: unknown; readonly serverTime: number | null }
  | { readonly type: 'unchanged'; readonly serverTime: number | null }
  | { readonly type: 'failed'; readonly failure: Failure }
  /** The server completed the subscription. */
  | { readonly type: 'complete' };

/** Callbacks of a session. None is called after a socket's `onFailure` or after `close()`. */
export interface SessionListener {
  /** The server accepted the token. */
  onAcknowledged?(lifetime: TokenLifetime): void;
  /** The server sent data for a watch, or a poll succeeded. */
  onData?(): void;
  /** The server sent any other message. */
  onAlive?(): void;
  /** The socket ended; or a poll failed, after which the session may poll again. */
  onFailure(failure: Failure): void;
}

/** A document and its variables. */
export interface Operation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** An open session. */
export interface TransportSession {
  /** Returns a function that stops watching; calling it twice does no harm. */
  watch(target: WatchTarget, onMessage: (message: ServerMessage) => void): () => void;
  /** Checks the connection now: sends a ping, or polls. */
  check(): void;
  /** Runs one query or mutation. Rejects with `OperationError`. */
  request(operation: Operation): Promise<unknown>;
  close(): void;
}

/** A transport to the server. */
export interface Transport {
  open(token: string | null, listener: SessionListener): TransportSession;
}

/**
 * An operation that the server rejected, or that did not reach it.
 *
 * @internal
 */
export class OperationError extends Error {
  readonly code: string;
  readonly failure: Failure;
  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.error.message, options);
    this.name = 'OperationError';
    this.code = failure.error.code;
    this.failure = failure;
  }
}
