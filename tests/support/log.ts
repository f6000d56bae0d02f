/** A logger that records its lines. */
import type { LogFields, Logger } from '../../server/observability/logger.js';

/** One line. */
export interface LogLine {
  readonly level: keyof Logger;
  readonly fields: LogFields;
  readonly message: string;
}

/** A logger and its recorded lines. */
export interface RecordedLog {
  readonly logger: Logger;
  readonly lines: readonly LogLine[];
}

/** Creates a logger that records its lines. */
export function createRecordedLog(): RecordedLog {
  const lines: LogLine[] = [];
  const at = (level: keyof Logger) => (fields: LogFields, message: string) => {
    lines.push({ level, fields, message });
  };
  return { lines, logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}
