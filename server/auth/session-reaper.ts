/**
 * Watches over all sessions of a server with one timer: ends those whose token has expired, and has access asked again
 * on a period. What an end looks like is the business of the transport. (invariant: authorized-on-every-path)
 */
import type { CancelTimer, Clock } from '../shared/clock.js';
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
/**
 * Longest time between two looks at one session, in milliseconds: how late it is noticed that the wall clock jumped, or
 * that a fresh token is good for less long than the one before.
 */
const VISIT_MS = 5_000;

interface Kept {
  readonly session: Session;
  readonly onExpired: () => void;
  /** On the monotonic clock. */
  recheckAt: number;
  /** The turn at which it is looked at next. */
  turn: number;
}

/** Makes a keeper; it holds a timer while it keeps a session. */
export function createSessionKeeper(clock: Clock, recheckMs: number): SessionKeeper {
  /** Sessions by the turn at which they are due, so that a look costs those alone. */
  const turns = new Map<number, Set<Kept>>();
  let sessions = 0;
  let timer: CancelTimer | null = null;

  function plan(kept: Kept): void {
    const now = clock.monotonicNow();
    const untilExpiryMs = kept.session.viewer.expiresAt - clock.now();
    const dueMs = Math.max(0, Math.min(kept.recheckAt - now, untilExpiryMs, VISIT_MS));
    kept.turn = Math.ceil((now + dueMs) / LOOK_MS);
    const others = turns.get(kept.turn);
    if (others === undefined) turns.set(kept.turn, new Set([kept]));
    else others.add(kept);
  }

  /** True where it was kept until now. */
  function forget(kept: Kept): boolean {
    const others = turns.get(kept.turn);
    if (others?.delete(kept) !== true) return false;
    if (others.size === 0) turns.delete(kept.turn);
    sessions -= 1;
    return true;
  }

  function visit(kept: Kept): void {
    if (kept.session.viewer.expiresAt <= clock.now()) {
      forget(kept);
      kept.onExpired();
      return;
    }
    const now = clock.monotonicNow();
    if (now >= kept.recheckAt) {
      kept.recheckAt = now + recheckMs;
      void kept.session.recheck();
    }
    turns.get(kept.turn)?.delete(kept);
    plan(kept);
  }

  function look(): void {
    timer = null;
    const turn = Math.floor(clock.monotonicNow() / LOOK_MS);
    const due = [...turns].filter(([at]) => at <= turn);
    for (const [, those] of due) for (const kept of [...those]) visit(kept);
    for (const [at, those] of due) if (those.size === 0) turns.delete(at);
    arm();
  }

  function arm(): void {
    if (timer === null && sessions > 0) timer = clock.setTimer(LOOK_MS, look);
  }

  return {
    keep: (session, onExpired) => {
      const kept: Kept = { session, onExpired, recheckAt: clock.monotonicNow() + recheckMs, turn: 0 };
      sessions += 1;
      plan(kept);
      arm();
      return () => {
        if (!forget(kept) || sessions > 0) return;
        timer?.();
        timer = null;
      };
    },
    get sessions() {
      return sessions;
    },
  };
}
