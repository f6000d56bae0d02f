/**
 * Logs what clients can cause without end: the first line of each kind and offender is written, those that follow within
 * the minute are counted, and the count is written when the minute is over.
 */
import type { CancelTimer, Clock } from '../shared/clock.js';
import { logText } from './log-text.js';
import type { LogFields, Logger } from './logger.js';

/** A level that is written by default. */
export type LimitedLevel = 'info' | 'warn' | 'error';

/** See the file's head. */
export interface LimitLogger {
  /** @param who A subject or an address; never a token. */
  logExceeded(limit: string, who: string, max: number): void;
  /**
   * Writes the line, unless one of the same message and `offender` was written this minute: then it is counted. Strings
   * in `fields` are cut to 200 characters and freed of control characters.
   *
   * @param offender Who caused it, and all else by which lines are told apart; few for each client.
   */
  log(level: LimitedLevel, offender: string, fields: LogFields, message: string): void;
  /** Writes the counts at once, as at the end of a server. */
  flush(): void;
}

const WINDOW_MS = 60_000;
/** Lines a minute in all; lines of further offenders are counted together. */
const MAX_LINES = 500;

interface Line {
  readonly level: LimitedLevel;
  readonly fields: LogFields;
  readonly message: string;
  /** How often it came again. */
  count: number;
}

function cleaned(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? logText(value) : value]),
  );
}

/** Creates the logger; it holds a timer for a minute after a line. */
export function createLimitLogger(logger: Logger, clock: Pick<Clock, 'setTimer'>): LimitLogger {
  const lines = new Map<string, Line>();
  let unwritten = 0;
  let timer: CancelTimer | null = null;

  function flush(): void {
    timer?.();
    timer = null;
    for (const { level, fields, message, count } of lines.values())
      if (count > 0) logger[level]({ ...fields, count }, message);
    if (unwritten > 0) logger.warn({ count: unwritten }, 'more lines than a minute may have were not logged');
    lines.clear();
    unwritten = 0;
  }

  function log(level: LimitedLevel, offender: string, fields: LogFields, message: string): void {
    const key = `${message} ${logText(offender)}`;
    const known = lines.get(key);
    if (known === undefined && lines.size < MAX_LINES) {
      const line = { level, fields: cleaned(fields), message, count: 0 };
      lines.set(key, line);
      timer ??= clock.setTimer(WINDOW_MS, flush);
      logger[level](line.fields, message);
      return;
    }
    if (known === undefined) unwritten += 1;
    else known.count += 1;
  }

  return {
    logExceeded: (limit, who, max) => log('warn', `${limit} ${who}`, { limit, who, max }, 'limit exceeded'),
    log,
    flush,
  };
}
