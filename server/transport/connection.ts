/**
 * One WebSocket: sending with regard to a reader that is slow, liveness, and the one place that closes it. Knows
 * neither GraphQL nor tokens.
 */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Origin } from '../auth/guard.js';
import type { Session } from '../auth/session.js';
import { CLOSES } from './close-codes.js';
import type { Close } from './close-codes.js';

/** Deadlines and bounds of a connection. */
export interface ConnectionLimits {
  /**
   * Milliseconds of silence after which the server pings; one who stays silent until the next ping is let go. Clients
   * that ping by themselves, as ours do, are never pinged.
   * @default 25000
   */
  readonly pingMs: number;
  /** Milliseconds that a reader may take nothing. @default 30000 */
  readonly slowReaderMs: number;
  /** Bytes that may wait in this process for one reader. @default 1048576 */
  readonly bufferedBytes: number;
  /** Milliseconds from upgrade to connection_init. @default 3000 */
  readonly initMs: number;
}

/** The defaults. */
export const CONNECTION_LIMITS: ConnectionLimits = Object.freeze({
  pingMs: 25_000,
  slowReaderMs: 30_000,
  bufferedBytes: 1_048_576,
  initMs: 3_000,
});

/** A ping without payload (RFC 6455, 5.5.2), one for all: ws would write header and payload apart, anew for each. */
const PING = Buffer.from([0x89, 0x00]);

/** Milliseconds that a closing handshake may take. */
const CLOSING_MS = 5_000;

/** Who waits until the reader has caught up. */
export interface DrainListener {
  drained(): void;
}

/** See the file's head. A class, since there may be very many. */
export class Connection {
  readonly origin: Origin;
  session: Session | null = null;
  closing: Close | null = null;
  /** Set by whoever keeps the session. */
  release: (() => void) | null = null;
  readonly #socket: WebSocket;
  readonly #raw: Socket;
  readonly #limits: ConnectionLimits;
  readonly #openedAt: number;
  #quietSince: number;
  #bytesRead: number;
  #isPongDue = false;
  #closingSince: number | null = null;
  #blockedSince: number | null = null;
  #hasBegun = false;
  #onDrain: Set<DrainListener> | null = null;

  constructor(socket: WebSocket, raw: Socket, origin: Origin, limits: ConnectionLimits, now: number) {
    this.#socket = socket;
    this.#raw = raw;
    this.origin = origin;
    this.#limits = limits;
    this.#openedAt = now;
    this.#quietSince = now;
    this.#bytesRead = raw.bytesRead;
    raw.on('drain', () => {
      this.#blockedSince = null;
      const tasks = this.#onDrain;
      this.#onDrain = null;
      for (const task of tasks ?? []) task.drained();
    });
  }

  /** True while the reader is behind: what can wait should. */
  get isBlocked(): boolean {
    return this.#raw.writableNeedDrain;
  }

  /** Told once that the reader has caught up. */
  onceDrained(listener: DrainListener): void {
    this.#onDrain ??= new Set();
    this.#onDrain.add(listener);
  }

  /** The first message came in time. */
  begin(): void {
    this.#hasBegun = true;
  }

  /**
   * Writes a whole frame without waiting, past ws, which would write its header apart; nothing once it is closing. True
   * where none of it waits in this process. Sound as long as nothing is compressed: ws then never has a frame half
   * written.
   */
  writeFrame(frame: Buffer): boolean {
    if (this.#socket.readyState === this.#socket.OPEN) this.#raw.write(frame);
    return this.#raw.writableLength === 0;
  }

  /** Writes, and resolves once the text has left this process. */
  send(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== this.#socket.OPEN) resolve();
      else this.#socket.send(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Closes with a code that says what to do. Later closes change nothing. */
  close(close: Close): void {
    if (this.closing !== null) return;
    this.closing = close;
    this.#socket.close(close.code, close.reason);
  }

  /** Ends it without a word. */
  terminate(): void {
    this.closing ??= CLOSES.failed;
    this.#socket.terminate();
  }

  /** Bytes that wait for the reader exceed what one reader may hold. */
  get isOverfull(): boolean {
    return this.#socket.bufferedAmount > this.#limits.bufferedBytes;
  }

  /** Looks at the deadlines; called about once a second. */
  look(now: number): void {
    const { pingMs, slowReaderMs, initMs } = this.#limits;
    if (this.closing !== null) {
      this.#closingSince ??= now;
      if (now - this.#closingSince >= CLOSING_MS) this.terminate();
      return;
    }
    if (!this.#hasBegun && now - this.#openedAt >= initMs) return this.close(CLOSES.initialisationTimeout);
    if (this.isOverfull) return this.close(CLOSES.tooSlow);
    if (this.isBlocked) {
      this.#blockedSince ??= now;
      if (now - this.#blockedSince >= slowReaderMs) this.close(CLOSES.tooSlow);
      // A ping would wait behind what waits already.
      return;
    }
    const { bytesRead } = this.#raw;
    if (bytesRead !== this.#bytesRead) {
      this.#bytesRead = bytesRead;
      this.#isPongDue = false;
      this.#quietSince = now;
      return;
    }
    if (now - this.#quietSince < pingMs) return;
    if (this.#isPongDue) return this.terminate();
    this.#quietSince = now;
    this.#isPongDue = true;
    this.writeFrame(PING);
  }
}
