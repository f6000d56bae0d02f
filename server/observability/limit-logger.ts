/** Logs exceeded limits: one line for each offender and limit a minute, however often it happens. */
import { createBoundedMap } from '../shared/bounded-map.js';
import type { Clock } from '../shared/clock.js';
import type { Logger } from './logger.js';

/** See the file's head. */
export interface LimitLogger {
  /** @param who A subject or an address; never a token. */
  logExceeded(limit: string, who: string, max: number): void;
}

const QUIET_MS = 60_000;
/** Offenders remembered; one that was evicted may be logged again within its minute. */
const MAX_OFFENDERS = 10_000;

/** Creates the logger; it holds no timer. */
export function createLimitLogger(logger: Logger, clock: Pick<Clock, 'monotonicNow'>): LimitLogger {
  const logged = createBoundedMap<true>({ maxEntries: MAX_OFFENDERS, ttlMs: QUIET_MS, clock });
  return {
    logExceeded: (limit, who, max) => {
      const key = `${limit} ${who}`;
      if (logged.has(key)) return;
      logged.set(key, true);
      logger.warn({ limit, who, max }, 'limit exceeded');
    },
  };
}
