/**
 * Checks all sessions of a server with one timer: reports those whose token has expired, and has access rechecked
 * periodically. How an expired session is closed is the transport's.
 * (invariant: authorized-on-every-path)
 */
import type { CancelTimer, Clock } from '../shared/clock.js';
import type { Unsubscribe } from '../shared/unsubscribe.js';
import type { Session } from './session.js';

/** See the file's head. */
export interface SessionReaper {
  /** Tracks a session until the returned function is called; `onExpired` is called once. */
  track(session: Session, onExpired: () => void): Unsubscribe;
  readonly sessions: number;
}

/** Period of the timer, in milliseconds; a token may outlive its expiry by that much. */
const TICK_MS = 250;
/**
 * Longest time between two checks of one session, in milliseconds: how late a jump of the wall clock is noticed, or a
 * fresh token that expires before the old one.
 */
const MAX_CHECK_INTERVAL_MS = 5_000;

interface TrackedSession {
  readonly session: Session;
  readonly onExpired: () => void;
  /** On the monotonic clock. */
  recheckAt: number;
  /** The tick at which it is checked next. */
  tick: number;
}

/** Creates a reaper; it holds a timer while it tracks a session. */
export function createSessionReaper(clock: Clock, recheckMs: number): SessionReaper {
  /** Sessions by the tick at which they are due, so that a tick costs those alone. */
  const byTick = new Map<number, Set<TrackedSession>>();
  let sessions = 0;
  let timer: CancelTimer | null = null;

  function schedule(tracked: TrackedSession): void {
    const now = clock.monotonicNow();
    const untilExpiryMs = tracked.session.viewer.expiresAt - clock.now();
    const dueMs = Math.max(0, Math.min(tracked.recheckAt - now, untilExpiryMs, MAX_CHECK_INTERVAL_MS));
    tracked.tick = Math.ceil((now + dueMs) / TICK_MS);
    const due = byTick.get(tracked.tick);
    if (due === undefined) byTick.set(tracked.tick, new Set([tracked]));
    else due.add(tracked);
  }

  /** False if it was not tracked any more. */
  function untrack(tracked: TrackedSession): boolean {
    const due = byTick.get(tracked.tick);
    if (due?.delete(tracked) !== true) return false;
    if (due.size === 0) byTick.delete(tracked.tick);
    sessions -= 1;
    return true;
  }

  function check(tracked: TrackedSession): void {
    if (tracked.session.viewer.expiresAt <= clock.now()) {
      untrack(tracked);
      tracked.onExpired();
      return;
    }
    const now = clock.monotonicNow();
    if (now >= tracked.recheckAt) {
      tracked.recheckAt = now + recheckMs;
      void tracked.session.recheck();
    }
    byTick.get(tracked.tick)?.delete(tracked);
    schedule(tracked);
  }

  function runTick(): void {
    timer = null;
    const tick = Math.floor(clock.monotonicNow() / TICK_MS);
    const due = [...byTick].filter(([at]) => at <= tick);
    for (const [, group] of due) for (const tracked of [...group]) check(tracked);
    for (const [at, group] of due) if (group.size === 0) byTick.delete(at);
    armTimer();
  }

  function armTimer(): void {
    if (timer === null && sessions > 0) timer = clock.setTimer(TICK_MS, runTick);
  }

  return {
    track: (session, onExpired) => {
      const tracked = { session, onExpired, recheckAt: clock.monotonicNow() + recheckMs, tick: 0 };
      sessions += 1;
      schedule(tracked);
      armTimer();
      return () => {
        if (!untrack(tracked) || sessions > 0) return;
        timer?.();
        timer = null;
      };
    },
    get sessions() {
      return sessions;
    },
  };
}
