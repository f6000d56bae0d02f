/**
 * Refreshes the token before it expires, and keeps what the server says about it. Expiry is measured on the server's clock,
 * so a wrong local clock does no harm. (invariant: one-token-refresh)
 */
import { ReadViewerDocument, RefreshTokenDocument } from '../generated/operations.js';
import type { Environment } from './environment.js';
import { createTimers } from './timers.js';
import type { TokenSource } from './token-source.js';
import type { Operation, TokenLifetime } from './transport.js';
import { readLifetime } from './wire.js';

/** The server's time, and the monotonic time at which it was received; ms. */
export interface ServerClock {
  readonly serverTime: number;
  readonly receivedAt: number;
}

/** Keeps the current token fresh. */
export interface TokenRefresher {
  readonly scopes: readonly string[] | null;
  readonly clock: ServerClock | null;
  /** The server's time by its last message; null before the first. */
  serverNow(): number | null;
  /** Takes the server's time from a message. */
  syncClock(serverTime: number): void;
  /** Takes the ack's payload, or a response with the same fields. */
  acknowledged(lifetime: TokenLifetime): void;
  /** Gets a new token, and sends it to the server over the open socket. */
  refresh(): Promise<void>;
  /** While polling there is no ack: requests the same fields, once. */
  fetchOnce(): void;
  /** Stops refreshing until the next ack. */
  pause(): void;
  /** Pauses and forgets the scopes: the token is not in use any more. */
  reset(): void;
}

/** Options of a refresher. */
export interface TokenRefresherOptions {
  readonly environment: Environment;
  readonly tokens: TokenSource;
  /** The transport that works; null if neither does. */
  readonly activeTransport: () => 'connected' | 'polling' | null;
  readonly request: (operation: Operation) => Promise<unknown>;
  readonly onChange: () => void;
}

/** Share of a token's lifetime after which it is refreshed. */
const REFRESH_AT = 0.8;
/** With less time left than this, wait for the server to close the socket; ms. */
const MIN_REFRESH_DELAY_MS = 500;
/** setTimeout fires at once for a longer delay. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const VIEWER_QUERY: Operation = { query: ReadViewerDocument, variables: {} };

/** Makes a refresher; it knows nothing before the first ack. */
export function createTokenRefresher(options: TokenRefresherOptions): TokenRefresher {
  const { environment, tokens, activeTransport, request, onChange } = options;
  const timers = createTimers(environment);
  let scopes: readonly string[] | null = null;
  let clock: ServerClock | null = null;
  let isFetching = false;

  function acknowledged(lifetime: TokenLifetime): void {
    const { expiresAt, serverTime } = lifetime;
    scopes = lifetime.scopes;
    timers.cancelAll();
    if (serverTime !== null) {
      clock = { serverTime, receivedAt: environment.monotonicNow() };
      if (expiresAt !== null && tokens.canRefresh) scheduleRefresh(expiresAt - serverTime, REFRESH_AT);
    }
    onChange();
  }
  /** Refreshes after a share of the remaining lifetime; if that fails, after half of what is then left, and so on. */
  function scheduleRefresh(leftMs: number, share: number): void {
    const delayMs = leftMs * share;
    if (delayMs < MIN_REFRESH_DELAY_MS) return;
    timers.set(scheduleRefresh, Math.min(delayMs, MAX_TIMER_MS), () => {
      refresh().catch(() => {
        if (!timers.has(scheduleRefresh) && activeTransport()) scheduleRefresh(leftMs - delayMs, 0.5);
      });
    });
  }
  /** A poll carries the new token anyway, so only its lifetime is requested. */
  async function refresh(): Promise<void> {
    const token = await tokens.getToken({ force: true });
    const transport = activeTransport();
    if (transport === 'connected')
      await requestLifetime({ query: RefreshTokenDocument, variables: { token } });
    else if (transport) await requestLifetime(VIEWER_QUERY);
  }
  function pause(): void {
    timers.cancelAll();
    isFetching = false;
  }
  async function requestLifetime(operation: Operation): Promise<void> {
    const answer = await request(operation);
    if (activeTransport()) acknowledged(readLifetime(Object.values(Object(answer))[0]));
  }

  const serverNow = (): number | null =>
    clock && clock.serverTime + environment.monotonicNow() - clock.receivedAt;

  return {
    get scopes() {
      return scopes;
    },
    get clock() {
      return clock;
    },
    serverNow,
    syncClock(serverTime) {
      // A message has the time of its event, which may be a while ago: only move the clock forward.
      if (serverTime > (serverNow() ?? -1)) clock = { serverTime, receivedAt: environment.monotonicNow() };
    },
    acknowledged,
    refresh,
    fetchOnce() {
      if (isFetching || scopes !== null) return;
      isFetching = true;
      requestLifetime(VIEWER_QUERY).catch(() => {
        // A failing poll reports the error itself; while polling works this is retried.
        isFetching = false;
      });
    },
    pause,
    reset() {
      pause();
      scopes = null;
    },
  };
}
