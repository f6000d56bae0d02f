/**
 * Counts who comes back: a viewer whose connection was lost less than a minute ago, and who connects again. Which close
 * is a loss is decided by whoever tells.
 */
import type { Clock } from '../shared/clock.js';

/** See the file's head. */
export interface Comebacks {
  lost(subject: string): void;
  came(subject: string): void;
  /** Connections that came back, since the start. */
  readonly total: number;
}

/** How long a viewer may stay away and still come back, in milliseconds: twice the longest wait of our client's. */
const AWAY_MS = 60_000;
/** Subjects remembered; the one that lost a connection longest ago is forgotten first. */
const MOST_SUBJECTS = 10_000;

/** Makes the count; it holds no timer. */
export function createComebacks(clock: Pick<Clock, 'monotonicNow'>): Comebacks {
  const away = new Map<string, { readonly connections: number; readonly since: number }>();
  let total = 0;

  function lostOf(subject: string): number {
    const known = away.get(subject);
    return known === undefined || clock.monotonicNow() - known.since > AWAY_MS ? 0 : known.connections;
  }

  return {
    lost: (subject) => {
      const connections = lostOf(subject) + 1;
      away.delete(subject);
      away.set(subject, { connections, since: clock.monotonicNow() });
      const oldest = away.keys().next();
      if (away.size > MOST_SUBJECTS && oldest.done !== true) away.delete(oldest.value);
    },
    came: (subject) => {
      const connections = lostOf(subject);
      if (connections === 0) return;
      total += 1;
      const since = away.get(subject)?.since ?? 0;
      if (connections === 1) away.delete(subject);
      else away.set(subject, { connections: connections - 1, since });
    },
    get total() {
      return total;
    },
  };
}
