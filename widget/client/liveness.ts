/**
 * Notices a dead path: a socket whose network went away stays open and silent for minutes. Pings after a silence, and says
 * so when the pong stays away. Sending and closing are left to the session.
 */
import { setDeadline } from './deadline.js';
import type { Environment } from './environment.js';

/** A pulse under watch. */
export interface Liveness {
  /** Anything came from the server. */
  heard(): void;
  /** Pings at once, unless something came just now. */
  check(): void;
  stop(): void;
}

/** After this long without a word, by the wall clock, a check pings; ms. */
const JUST_NOW_MS = 500;

/** Options of a pulse; ms. */
export interface LivenessOptions {
  readonly environment: Environment;
  readonly pingIntervalMs: number;
  readonly pongTimeoutMs: number;
  readonly ping: () => void;
  readonly onDead: () => void;
}

/** Starts listening for silence at once. */
export function createLiveness(options: LivenessOptions): Liveness {
  const { environment, pingIntervalMs, pongTimeoutMs, ping, onDead } = options;
  let heardAt = environment.monotonicNow();
  let heardAtWall = environment.now();
  let cancelPong: (() => void) | null = null;
  let cancelPing = environment.setTimer(pingIntervalMs, silence);

  function silence(): void {
    const quietMs = environment.monotonicNow() - heardAt;
    const rest = quietMs < pingIntervalMs && cancelPong === null ? pingIntervalMs - quietMs : pingIntervalMs;
    if (rest === pingIntervalMs) send();
    cancelPing = environment.setTimer(rest, silence);
  }
  function send(): void {
    if (cancelPong !== null) return;
    cancelPong = setDeadline(environment, pongTimeoutMs, onDead, ping);
    ping();
  }
  return {
    heard() {
      heardAt = environment.monotonicNow();
      heardAtWall = environment.now();
      cancelPong?.();
      cancelPong = null;
    },
    check() {
      if (Math.abs(environment.now() - heardAtWall) >= JUST_NOW_MS) send();
    },
    stop() {
      cancelPing();
      cancelPong?.();
    },
  };
}
