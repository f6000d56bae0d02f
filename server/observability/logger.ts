/** The logger as a port, in pino's calling order: fields first, then a unique, searchable message. */

/** Fields of a line: ids, codes and counts; never a token. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured logging, in pino's calling order. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** Logs nothing. */
export const silentLogger: Logger = Object.freeze({
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
});
