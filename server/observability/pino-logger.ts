/**
 * The logger over pino: one JSON line per event. Callers keep secrets out and cut what comes from clients; redaction and
 * cutting here are a second net.
 */
import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import { logText } from './log-text.js';
import type { Logger } from './logger.js';

/** The least level that is logged. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** Characters of a text, and of a stack, that are logged at most. */
const MAX_TEXT = 500;
const MAX_STACK = 1_000;

const stackText = (stack: string) =>
  stack
    .slice(0, MAX_STACK)
    .split('\n')
    .map((line) => logText(line, MAX_TEXT))
    .join('\n');

/** The fields of a line, with texts cut and freed of control characters. */
function cleanFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value !== 'string' ? value : name === 'stack' ? stackText(value) : logText(value, MAX_TEXT),
    ]),
  );
}

/** An error as JSON, which would otherwise be `{}`: name, code, message, stack and cause. */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, cause } = error;
  const message = logText(error.message, MAX_TEXT);
  const stack = error.stack === undefined ? undefined : stackText(error.stack);
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
    formatters: { level: (label: string) => ({ level: label }), log: cleanFields },
    redact: ['token', 'authorization', 'Authorization', '*.token', '*.authorization', '*.Authorization'],
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
