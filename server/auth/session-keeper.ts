/**
 * Watches over all sessions of a server with one timer: ends those whose token has expired, and has access asked again
 * on a period. What an end looks like is the business of the transport.
 */
import type { CancelTimer, Clock } from '../clock.js';
import type { Unsubscribe } from '../bus/event-bus.js';
import type { Session } from './session.js';

/** See the file's head. */
export interface SessionKeeper {
  /** Keeps a session until the returned function is called; `onExpired` is called once. */
  keep(session: Session, onExpired: () => void): Unsubscribe;
  readonly sessions: number;
}

/** How often the keeper looks, in milliseconds; a token may live that much too long. */
const LOOK_MS = 250;

/** Makes a keeper; it holds a timer while it keeps a session. */
export function createSessionKeeper(clock: Clock, recheckMs: number): SessionKeeper {
  const kept = new Map<Session, { readonly onExpired: () => void; recheckAt: number }>();
  let timer: CancelTimer | null = null;

  function look(): void {
    timer = null;
    const now = clock.now();
    const ticks = clock.monotonicNow();
    for (const [session, entry] of kept) {
      if (session.viewer.expiresAt <= now) {
        kept.delete(session);
        entry.onExpired();
      } else if (ticks >= entry.recheckAt) {
        entry.recheckAt = ticks + recheckMs;
        void session.recheck();
      }
    }
    arm();
  }

  function arm(): void {
    if (timer === null && kept.size > 0) timer = clock.setTimer(LOOK_MS, look);
  }

  return {
    keep: (session, onExpired) => {
      kept.set(session, { onExpired, recheckAt: clock.monotonicNow() + recheckMs });
      arm();
      return () => {
        kept.delete(session);
        if (kept.size > 0) return;
        timer?.();
        timer = null;
      };
    },
    get sessions() {
      return kept.size;
    },
  };
}
