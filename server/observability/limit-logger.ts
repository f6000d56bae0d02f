/** Tells of limits that somebody runs into: one line for each offender and limit a minute, however often it happens. */
import type { Clock } from '../shared/clock.js';
import type { Logger } from './logger.js';

/** See the file's head. */
export interface OffenderLog {
  /** @param who A subject or an address; never a token. */
  tell(limit: string, who: string, most: number): void;
}

const QUIET_MS = 60_000;
/** Offenders remembered; the one longest known is forgotten first, and may be told of again. */
const MOST_OFFENDERS = 10_000;

/** Makes the log; it holds no timer. */
export function createOffenderLog(logger: Logger, clock: Pick<Clock, 'monotonicNow'>): OffenderLog {
  const told = new Map<string, number>();
  return {
    tell: (limit, who, most) => {
      const key = `${limit} ${who}`;
      const now = clock.monotonicNow();
      const last = told.get(key);
      if (last !== undefined && now - last < QUIET_MS) return;
      told.delete(key);
      told.set(key, now);
      const oldest = told.keys().next();
      if (told.size > MOST_OFFENDERS && oldest.done !== true) told.delete(oldest.value);
      logger.warn({ limit, who, most }, 'over a limit');
    },
  };
}
