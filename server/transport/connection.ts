/**
 * One WebSocket: sending with backpressure, liveness, timeouts, and the one place that closes it. Knows neither GraphQL
 * nor tokens.
 */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { RequestSource } from '../auth/guard.js';
import type { Session } from '../auth/session.js';
import { ProgressError } from '../shared/errors.js';
import { CLOSES } from './close-codes.js';
import type { Close } from './close-codes.js';

/** Timeouts and limits of a connection. */
export interface ConnectionLimits {
  /**
   * Milliseconds of silence after which the server pings; a client that is still silent when the next ping is due is
   * terminated. Clients that ping by themselves, as ours do, are never pinged.
   * @default 25000
   */
  readonly pingIntervalMs: number;
  /** Milliseconds that a client may leave its send buffer full. @default 30000 */
  readonly slowConsumerTimeoutMs: number;
  /** Bytes buffered in this process for one client at most. @default 1048576 */
  readonly maxBufferedBytes: number;
  /** Milliseconds from upgrade to connection_init. @default 3000 */
  readonly connectionInitTimeoutMs: number;
  /** Milliseconds from the first byte of a message to its last. @default 30000 */
  readonly messageTimeoutMs: number;
}

/** The defaults. */
export const CONNECTION_LIMITS: ConnectionLimits = Object.freeze({
  pingIntervalMs: 25_000,
  slowConsumerTimeoutMs: 30_000,
  maxBufferedBytes: 1_048_576,
  connectionInitTimeoutMs: 3_000,
  messageTimeoutMs: 30_000,
});

/** Bytes that a client may send before connection_ack, frames and pings included: room for the longest token. */
const MAX_UNACKNOWLEDGED_BYTES = 24_576;

/** A ping without payload (RFC 6455, 5.5.2), one for all: ws would write header and payload apart, anew for each. */
const PING = Buffer.from([0x89, 0x00]);

/** Milliseconds that a closing handshake may take; of a client that is not acknowledged, or does not read, less. */
const CLOSE_TIMEOUT_MS = 5_000;
const HASTY_CLOSE_TIMEOUT_MS = 1_000;

/** Queries of one connection that run at once, since each answer is whole in memory before it is sent. */
const MAX_RUNNING_QUERIES = 4;

/** The parser of ws: its API does not say whether a message is begun. tests/integration/limits.test.ts fails if it changes. */
interface Parser {
  readonly _fragmented: number;
  readonly _bufferedBytes: number;
  /** Of the fragments of a message that is begun. */
  readonly _totalPayloadLength: number;
}

/** Notified when the client has caught up. */
export interface DrainListener {
  drained(): void;
}

/** See the file's head. A class, since there may be very many. */
export class Connection {
  readonly source: RequestSource;
  session: Session | null = null;
  closing: Close | null = null;
  /** Of the message that came last. */
  messageBytes = 0;
  /** Undoes what was done for the session: tracking by the reaper, and its place in the quotas. Set with the session. */
  untrack: (() => void) | null = null;
  readonly #socket: WebSocket;
  readonly #raw: Socket;
  readonly #limits: ConnectionLimits;
  readonly #openedAt: number;
  #silentSince: number;
  #bytesRead: number;
  #isPongDue = false;
  #closingSince: number | null = null;
  #blockedSince: number | null = null;
  #unfinishedSince: number | null = null;
  #isInitialised = false;
  #stopCounting: (() => void) | null;
  #onDrain: Set<DrainListener> | null = null;
  #runningQueries = 0;
  #queries = 0;
  #queryBytes = 0;
  /** Wakes queries that wait for their turn. */
  #onTurn: (() => void)[] | null = null;

  constructor(socket: WebSocket, raw: Socket, origin: RequestSource, limits: ConnectionLimits, now: number) {
    this.#socket = socket;
    this.#raw = raw;
    this.source = origin;
    this.#limits = limits;
    this.#openedAt = now;
    this.#silentSince = now;
    this.#bytesRead = raw.bytesRead;
    const mostBytesRead = raw.bytesRead + MAX_UNACKNOWLEDGED_BYTES;
    const onData = () => {
      if (raw.bytesRead <= mostBytesRead) return;
      this.#stopCounting?.();
      this.close(CLOSES.tooMuchUnacknowledged);
    };
    raw.on('data', onData);
    this.#stopCounting = () => {
      raw.off('data', onData);
      this.#stopCounting = null;
    };
    raw.on('drain', () => {
      this.#blockedSince = null;
      const tasks = this.#onDrain;
      this.#onDrain = null;
      for (const task of tasks ?? []) task.drained();
      this.#wakeQueries();
    });
  }

  /** True while the client is behind: what can wait should. */
  get isBlocked(): boolean {
    return this.#raw.writableNeedDrain;
  }

  /** Notifies the listener once when the client has caught up. */
  onceDrained(listener: DrainListener): void {
    this.#onDrain ??= new Set();
    this.#onDrain.add(listener);
  }

  /** connection_init came in time. */
  markInitialised(): void {
    this.#isInitialised = true;
  }

  /** The client said who it is, and is about to be acknowledged. */
  acknowledge(session: Session, untrack: () => void): void {
    this.session = session;
    this.untrack = untrack;
    this.#stopCounting?.();
  }

  /** A whole message came, of so many bytes. */
  markMessage(bytes: number): void {
    this.#unfinishedSince = null;
    this.messageBytes = bytes;
  }

  /** Queries that run or wait for their turn, or to be validated; also those that the client has let go of. */
  get queries(): number {
    return this.#queries;
  }

  /**
   * Runs a query once few others of this connection run and the client takes what waits for it. Rejects if the
   * connection closes before.
   *
   * @param bytes What it keeps in memory until then.
   */
  async runQuery<T>(bytes: number, query: () => T | Promise<T>): Promise<T> {
    this.#queries += 1;
    this.#queryBytes += bytes;
    try {
      return await this.#runInTurn(query);
    } finally {
      this.#queries -= 1;
      this.#queryBytes -= bytes;
    }
  }

  async #runInTurn<T>(query: () => T | Promise<T>): Promise<T> {
    while (this.closing === null && (this.#runningQueries >= MAX_RUNNING_QUERIES || this.isBlocked)) {
      await new Promise<void>((resolve) => (this.#onTurn ??= []).push(resolve));
    }
    if (this.closing !== null) throw new ProgressError('UNAVAILABLE', 'The connection is closing.');
    this.#runningQueries += 1;
    try {
      return await query();
    } finally {
      // By then the answer is with the socket, and the next query finds it blocked if the client does not read.
      setImmediate(() => {
        this.#runningQueries -= 1;
        this.#wakeQueries();
      });
    }
  }

  #wakeQueries(): void {
    const waiting = this.#onTurn;
    this.#onTurn = null;
    for (const wake of waiting ?? []) wake();
  }

  /** The socket is closed, by whichever side. */
  ended(close: Close): void {
    this.closing ??= close;
    this.#stopCounting?.();
    this.#wakeQueries();
    this.untrack?.();
  }

  /**
   * Writes a whole frame at once, past ws, which would write its header apart; does nothing once it is closing. True if
   * none of it is buffered in this process. Safe as long as nothing is compressed: ws then never has a half-written
   * frame.
   */
  writeFrame(frame: Buffer): boolean {
    if (this.#socket.readyState === this.#socket.OPEN) this.#raw.write(frame);
    return this.#raw.writableLength === 0;
  }

  /** Resolves once the text has left this process; a client that leaves too much unread is closed instead. */
  send(text: string): Promise<void> {
    if (this.isBufferFull) this.close(CLOSES.tooSlow);
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== this.#socket.OPEN) resolve();
      else this.#socket.send(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Closes with a code; later calls do nothing. (invariant: close-code-says-what-to-do) */
  close(close: Close): void {
    if (this.closing !== null) return;
    this.closing = close;
    this.#wakeQueries();
    this.#socket.close(close.code, close.reason);
  }

  /** Destroys the socket without a closing handshake. */
  terminate(): void {
    this.closing ??= CLOSES.failed;
    this.#socket.terminate();
  }

  /** Bytes that wait in this process: answers, queries, and a message that is not complete. */
  get waitingBytes(): number {
    const parser = this.#parser;
    const unfinishedBytes = parser === undefined ? 0 : parser._totalPayloadLength + parser._bufferedBytes;
    return this.#socket.bufferedAmount + this.#queryBytes + unfinishedBytes;
  }

  /** True if more is buffered for the client than is allowed. */
  get isBufferFull(): boolean {
    return this.#socket.bufferedAmount > this.#limits.maxBufferedBytes;
  }

  get #parser(): Parser | undefined {
    return (this.#socket as unknown as { readonly _receiver?: Parser })._receiver;
  }

  /** True while a message is begun and not complete. */
  get #isMessageUnfinished(): boolean {
    const parser = this.#parser;
    return parser !== undefined && (parser._fragmented !== 0 || parser._bufferedBytes > 0);
  }

  /**
   * Enforces the timeouts; called about once a second.
   *
   * @param now A moment of the monotonic clock after which everything that had arrived by then was read.
   */
  checkTimeouts(now: number): void {
    const { pingIntervalMs, slowConsumerTimeoutMs, connectionInitTimeoutMs, messageTimeoutMs } = this.#limits;
    // Closing by ws itself too, as for a malformed frame.
    if (this.closing !== null || this.#socket.readyState !== this.#socket.OPEN) {
      this.#closingSince ??= now;
      const isHasty = this.session === null || this.isBufferFull;
      if (now - this.#closingSince >= (isHasty ? HASTY_CLOSE_TIMEOUT_MS : CLOSE_TIMEOUT_MS)) this.terminate();
      return;
    }
    if (!this.#isInitialised && now - this.#openedAt >= connectionInitTimeoutMs)
      return this.close(CLOSES.initialisationTimeout);
    if (!this.#isMessageUnfinished) this.#unfinishedSince = null;
    else if (now - (this.#unfinishedSince ??= now) >= messageTimeoutMs) return this.close(CLOSES.unfinished);
    if (this.isBufferFull) return this.close(CLOSES.tooSlow);
    if (this.isBlocked) {
      this.#blockedSince ??= now;
      if (now - this.#blockedSince >= slowConsumerTimeoutMs) this.close(CLOSES.tooSlow);
      // A ping would only queue behind what is buffered.
      return;
    }
    const { bytesRead } = this.#raw;
    if (bytesRead !== this.#bytesRead) {
      this.#bytesRead = bytesRead;
      this.#isPongDue = false;
      this.#silentSince = now;
      return;
    }
    if (now - this.#silentSince < pingIntervalMs) return;
    if (this.#isPongDue) return this.terminate();
    this.#silentSince = now;
    this.#isPongDue = true;
    this.writeFrame(PING);
  }
}
