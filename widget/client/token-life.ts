/**
 * What the server says of the token in use, and of its own clock. Has the token renewed before it runs out, by the
 * server's time: a wrong local clock does no harm. (invariant: one-token-refresh)
 */
import { ReadViewerDocument, RefreshTokenDocument } from '../generated/operations.js';
import type { Environment } from './environment.js';
import { createTimers } from './timers.js';
import type { TokenSource } from './token-source.js';
import type { Operation, TokenLifetime } from './transport.js';
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
  /** The same, and what the token allowed is forgotten: nobody uses it any more. */
  end(): void;
}

/** Options of it. */
export interface TokenLifeOptions {
  readonly environment: Environment;
  readonly tokens: TokenSource;
  /** Which transport works, where one does. */
  readonly working: () => 'connected' | 'polling' | null;
  readonly request: (operation: Operation) => Promise<unknown>;
  readonly changed: () => void;
}

/** Share of a token's life after which it is renewed. */
const RENEW_AFTER = 0.8;
/** With less left than this, the server's own close is waited for. */
const LEAST_RENEWAL_MS = 500;
/** Longer than this, setTimeout would not wait at all. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const VIEWER: Operation = { query: ReadViewerDocument, variables: {} };

/** Knows nothing before the first ack. */
export function createTokenLife(options: TokenLifeOptions): TokenLife {
  const { environment, tokens, working, request, changed } = options;
  const timers = createTimers(environment);
  let scopes: readonly string[] | null = null;
  let clock: ServerClock | null = null;
  let asking = false;

  function acknowledged(lifetime: TokenLifetime): void {
    const { expiresAt, serverTime } = lifetime;
    scopes = lifetime.scopes;
    timers.endAll();
    if (serverTime !== null) {
      clock = { serverTime, receivedAt: environment.monotonicNow() };
      if (expiresAt !== null && tokens.renewable) renewAfter(expiresAt - serverTime, RENEW_AFTER);
    }
    changed();
  }
  /** Renews when a share of what is left has passed; where that fails, half of the rest is waited for, and so on. */
  function renewAfter(leftMs: number, share: number): void {
    const delayMs = leftMs * share;
    if (delayMs < LEAST_RENEWAL_MS) return;
    timers.set(renewAfter, Math.min(delayMs, LONGEST_TIMER_MS), () => {
      renew().catch(() => {
        if (!timers.has(renewAfter) && working()) renewAfter(leftMs - delayMs, 0.5);
      });
    });
  }
  /** A poller tells its token with each poll, and asks what is known of it. */
  async function renew(): Promise<void> {
    const token = await tokens.get(true);
    const transport = working();
    if (transport === 'connected') await learn({ query: RefreshTokenDocument, variables: { token } });
    else if (transport) await learn(VIEWER);
  }
  function pause(): void {
    timers.endAll();
    asking = false;
  }
  async function learn(operation: Operation): Promise<void> {
    const answer = await request(operation);
    if (working()) acknowledged(readLifetime(Object.values(Object(answer))[0]));
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
      learn(VIEWER).catch(() => {
        // The polls tell by themselves what is wrong; it is asked again while they work.
        asking = false;
      });
    },
    pause,
    end() {
      pause();
      scopes = null;
    },
  };
}
