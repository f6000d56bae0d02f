/** A logger that keeps its lines for a test to look at. */
import type { LogFields, Logger } from '../../server/observability/logger.js';

/** One line. */
export interface LogLine {
  readonly level: keyof Logger;
  readonly fields: LogFields;
  readonly message: string;
}

/** A logger, and what it was told. */
export interface KeptLog {
  readonly logger: Logger;
  readonly lines: readonly LogLine[];
}

/** Makes a logger that keeps its lines. */
export function createKeptLog(): KeptLog {
  const lines: LogLine[] = [];
  const at = (level: keyof Logger) => (fields: LogFields, message: string) => {
    lines.push({ level, fields, message });
  };
  return { lines, logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}
