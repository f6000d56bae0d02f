/** The logger over pino: one JSON line a happening. Secrets are kept out by whoever writes a line; redaction is a second net. */
import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import type { Logger } from './logger.js';

/** How much is said. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** What a line says of an error, which JSON would make `{}` of: what it is, why, and where it was thrown. */
function told(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? error.code : undefined;
  return { name, code, message, stack, ...(cause === undefined ? {} : { cause: told(cause) }) };
}

/** Makes a logger that writes to standard output, or where told. */
export function createPinoLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    serializers: { cause: told },
    formatters: { level: (label: string) => ({ level: label }) },
    redact: ['token', 'authorization', 'Authorization', '*.token', '*.authorization', '*.Authorization'],
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
