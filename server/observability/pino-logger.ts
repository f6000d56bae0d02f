/** The logger over pino: one JSON line per event. Callers keep secrets out; redaction is a second net. */
import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import type { Logger } from './logger.js';

/** The least level that is logged. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** An error as JSON, which would otherwise be `{}`: name, code, message, stack and cause. */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? error.code : undefined;
  return { name, code, message, stack, ...(cause === undefined ? {} : { cause: serializeError(cause) }) };
}

/** Creates a logger that writes to standard output by default. */
export function createPinoLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    serializers: { cause: serializeError },
    formatters: { level: (label: string) => ({ level: label }) },
    redact: ['token', 'authorization', 'Authorization', '*.token', '*.authorization', '*.Authorization'],
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
