/**
 * Counts reconnects: a viewer that connects again within a minute after its connection was lost. Which close counts as
 * a loss is decided by the caller.
 */
import { createBoundedMap } from '../shared/bounded-map.js';
import type { Clock } from '../shared/clock.js';

/** See the file's head. */
export interface ReconnectCounter {
  disconnected(subject: string): void;
  connected(subject: string): void;
  /** Reconnects since the start. */
  readonly total: number;
}

/** How long after a loss a new connection counts as a reconnect, in milliseconds: twice our client's longest backoff. */
const WINDOW_MS = 60_000;
/** Subjects remembered; the one whose last loss is oldest is evicted first. */
const MAX_SUBJECTS = 10_000;

/** Creates the counter; it holds no timer. */
export function createReconnectCounter(clock: Pick<Clock, 'monotonicNow'>): ReconnectCounter {
  const lost = createBoundedMap<{ connections: number; since: number }>({ maxEntries: MAX_SUBJECTS });
  let total = 0;

  function lostConnections(subject: string): number {
    const entry = lost.peek(subject);
    return entry === undefined || clock.monotonicNow() - entry.since > WINDOW_MS ? 0 : entry.connections;
  }

  return {
    disconnected: (subject) => {
      lost.set(subject, { connections: lostConnections(subject) + 1, since: clock.monotonicNow() });
    },
    connected: (subject) => {
      const connections = lostConnections(subject);
      if (connections === 0) return;
      total += 1;
      const entry = lost.peek(subject);
      if (connections === 1 || entry === undefined) lost.delete(subject);
      else entry.connections -= 1;
    },
    get total() {
      return total;
    },
  };
}
