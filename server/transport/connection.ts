/**
 * One WebSocket: sending with backpressure, liveness, timeouts, and the one place that closes it. Knows neither GraphQL
 * nor tokens.
 */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { RequestSource } from '../auth/guard.js';
import type { Session } from '../auth/session.js';
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
}

/** The defaults. */
export const CONNECTION_LIMITS: ConnectionLimits = Object.freeze({
  pingIntervalMs: 25_000,
  slowConsumerTimeoutMs: 30_000,
  maxBufferedBytes: 1_048_576,
  connectionInitTimeoutMs: 3_000,
});

/** A ping without payload (RFC 6455, 5.5.2), one for all: ws would write header and payload apart, anew for each. */
const PING = Buffer.from([0x89, 0x00]);

/** Milliseconds that a closing handshake may take. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Notified when the client has caught up. */
export interface DrainListener {
  drained(): void;
}

/** See the file's head. A class, since there may be very many. */
export class Connection {
  readonly source: RequestSource;
  session: Session | null = null;
  closing: Close | null = null;
  /** Stops the session reaper's tracking; set with the session. */
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
  #isInitialised = false;
  #onDrain: Set<DrainListener> | null = null;

  constructor(socket: WebSocket, raw: Socket, origin: RequestSource, limits: ConnectionLimits, now: number) {
    this.#socket = socket;
    this.#raw = raw;
    this.source = origin;
    this.#limits = limits;
    this.#openedAt = now;
    this.#silentSince = now;
    this.#bytesRead = raw.bytesRead;
    raw.on('drain', () => {
      this.#blockedSince = null;
      const tasks = this.#onDrain;
      this.#onDrain = null;
      for (const task of tasks ?? []) task.drained();
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

  /**
   * Writes a whole frame at once, past ws, which would write its header apart; does nothing once it is closing. True if
   * none of it is buffered in this process. Safe as long as nothing is compressed: ws then never has a half-written
   * frame.
   */
  writeFrame(frame: Buffer): boolean {
    if (this.#socket.readyState === this.#socket.OPEN) this.#raw.write(frame);
    return this.#raw.writableLength === 0;
  }

  /** Resolves once the text has left this process. */
  send(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== this.#socket.OPEN) resolve();
      else this.#socket.send(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Closes with a code; later calls do nothing. (invariant: close-code-says-what-to-do) */
  close(close: Close): void {
    if (this.closing !== null) return;
    this.closing = close;
    this.#socket.close(close.code, close.reason);
  }

  /** Destroys the socket without a closing handshake. */
  terminate(): void {
    this.closing ??= CLOSES.failed;
    this.#socket.terminate();
  }

  /** True if more is buffered for the client than is allowed. */
  get isBufferFull(): boolean {
    return this.#socket.bufferedAmount > this.#limits.maxBufferedBytes;
  }

  /** Enforces the timeouts; called about once a second. */
  checkTimeouts(now: number): void {
    const { pingIntervalMs, slowConsumerTimeoutMs, connectionInitTimeoutMs } = this.#limits;
    if (this.closing !== null) {
      this.#closingSince ??= now;
      if (now - this.#closingSince >= CLOSE_TIMEOUT_MS) this.terminate();
      return;
    }
    if (!this.#isInitialised && now - this.#openedAt >= connectionInitTimeoutMs)
      return this.close(CLOSES.initialisationTimeout);
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
