/**
 * Bounds what the jobs of one project can write into the log: lines past those of a minute are logged as `debug`, and
 * one line says so. Errors, and lines that name no project, are written as they are.
 */
import type { Clock } from '../shared/clock.js';
import { createBoundedMap } from '../shared/bounded-map.js';
import type { LogFields, Logger } from './logger.js';

const WINDOW_MS = 60_000;
/** Lines a minute of one project: some ten runs, of each of which a start and an ending write three. */
const MAX_LINES = 60;
/** Projects counted at once. */
const MAX_PROJECTS = 10_000;

/** Returns a logger that bounds the lines of each project. */
export function createProjectLog(logger: Logger, clock: Pick<Clock, 'monotonicNow'>): Logger {
  const counts = createBoundedMap<{ lines: number }>({ maxEntries: MAX_PROJECTS });
  let windowEndsAt = 0;

  const bounded = (level: 'info' | 'warn') => (fields: LogFields, message: string) => {
    const { projectId } = fields;
    if (typeof projectId !== 'string') {
      logger[level](fields, message);
      return;
    }
    const now = clock.monotonicNow();
    if (now >= windowEndsAt) {
      counts.clear();
      windowEndsAt = now + WINDOW_MS;
    }
    let count = counts.get(projectId);
    if (count === undefined) counts.set(projectId, (count = { lines: 0 }));
    count.lines += 1;
    if (count.lines === MAX_LINES + 1)
      logger.warn(
        { projectId, max: MAX_LINES },
        'log lines of this project are debug lines for up to a minute',
      );
    logger[count.lines > MAX_LINES ? 'debug' : level](fields, message);
  };

  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: bounded('info'),
    warn: bounded('warn'),
    error: (fields, message) => logger.error(fields, message),
  };
}
