/**
 * What the server says of the token in use, and of its own clock. Has the token renewed before it runs out, by the
 * server's time: a wrong local clock does no harm.
 */
import {
  ReadViewerDocument,
  RefreshTokenDocument,
  type ReadViewerQuery,
  type RefreshTokenMutation,
} from '../generated/operations.js';
import type { Environment } from './environment.js';
import { createTimers } from './timers.js';
import type { TokenSource } from './token-source.js';
import type { Operation, TokenLifetime, TransportSession } from './transport.js';
import { readLifetime } from './wire.js';

/** The server's time, and when it was taken on the monotonic clock; ms. */
export interface ServerClock {
  readonly serverTime: number;
  readonly receivedAt: number;
}

/** The life of the token in use. */
export interface TokenLife {
  readonly scopes: readonly string[] | null;
  readonly clock: ServerClock | null;
  /** A message carried the server's time. */
  note(serverTime: number): void;
  /** The ack, or an answer that says the same. */
  acknowledged(lifetime: TokenLifetime): void;
  /** Asks for another token, and tells the server on the open socket. */
  renew(): Promise<void>;
  /** What the ack tells a socket, a poller has to ask for: once. */
  askOnce(): void;
  /** Nothing is renewed before the next ack. */
  pause(): void;
}

/** Options of it. */
export interface TokenLifeOptions {
  readonly environment: Environment;
  readonly tokens: TokenSource;
  /** The socket, where it is live. */
  readonly liveSocket: () => TransportSession | null;
  readonly isPolling: () => boolean;
  readonly request: (operation: Operation) => Promise<unknown>;
  readonly changed: () => void;
}

/** Share of a token's life after which it is renewed. */
const RENEW_AFTER = 0.8;
/** With less left than this, the server's own close is waited for. */
const LEAST_RENEWAL_MS = 500;
/** Longer than this, setTimeout would not wait at all. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Knows nothing before the first ack. */
export function createTokenLife(options: TokenLifeOptions): TokenLife {
  const { environment, tokens, liveSocket, isPolling, request, changed } = options;
  const timers = createTimers(environment);
  let scopes: readonly string[] | null = null;
  let clock: ServerClock | null = null;
  let asking = false;

  function acknowledged(lifetime: TokenLifetime): void {
    const { expiresAt, serverTime } = lifetime;
    scopes = lifetime.scopes;
    if (serverTime !== null) clock = { serverTime, receivedAt: environment.monotonicNow() };
    timers.endAll();
    if (expiresAt !== null && serverTime !== null && tokens.renewable) {
      renewAfter(expiresAt - serverTime, RENEW_AFTER);
    }
    changed();
  }
  /** Renews when a share of what is left has passed; where that fails, half of the rest is waited for, and so on. */
  function renewAfter(leftMs: number, share: number): void {
    const delayMs = leftMs * share;
    if (delayMs < LEAST_RENEWAL_MS) return;
    timers.set(renewAfter, Math.min(delayMs, LONGEST_TIMER_MS), () => {
      renew().catch(() => {
        if (!timers.has(renewAfter) && (isPolling() || liveSocket())) renewAfter(leftMs - delayMs, 0.5);
      });
    });
  }
  async function renew(): Promise<void> {
    const token = await tokens.get(true);
    const socket = liveSocket();
    if (!socket) return isPolling() ? askViewer() : undefined;
    const data = await socket.request({ query: RefreshTokenDocument, variables: { token } });
    if (socket === liveSocket()) acknowledged(readLifetime((data as RefreshTokenMutation).refreshToken));
  }
  async function askViewer(): Promise<void> {
    const data = await request({ query: ReadViewerDocument, variables: {} });
    if (isPolling()) acknowledged(readLifetime((data as ReadViewerQuery).viewer));
  }

  return {
    get scopes() {
      return scopes;
    },
    get clock() {
      return clock;
    },
    note(serverTime) {
      const receivedAt = environment.monotonicNow();
      // Messages are stamped when something happened, which may be a while ago: time only goes on.
      if (clock === null || serverTime > clock.serverTime + receivedAt - clock.receivedAt) {
        clock = { serverTime, receivedAt };
      }
    },
    acknowledged,
    renew,
    askOnce() {
      if (asking || scopes !== null) return;
      asking = true;
      askViewer().catch(() => {
        // The polls tell by themselves what is wrong; it is asked again while they work.
        asking = false;
      });
    },
    pause() {
      timers.endAll();
      asking = false;
    },
  };
}
