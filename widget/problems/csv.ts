/** Problems as CSV (RFC 4180) that a spreadsheet opens as text: no cell is taken for a formula. Pure. */
import type { Problem } from './problem-source.js';

const COLUMNS = ['item', 'code', 'severity', 'message', 'phase', 'attempt', 'url', 'reportedAt'] as const;

/**
 * What spreadsheets take for a formula, see OWASP, "CSV Injection"; the wide forms too, which some of them read alike.
 */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** A cell: defused by an apostrophe if it could be a formula, quoted if it has to be. */
export function csvCell(value: string): string {
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** All problems, with a line of headings. */
export function csvOf(problems: readonly Problem[]): string {
  const rows = problems.map((problem) =>
    COLUMNS.map((column) => {
      const value = problem[column];
      const text = column === 'reportedAt' ? new Date(problem.reportedAt).toISOString() : String(value ?? '');
      return csvCell(text);
    }),
  );
  // The mark tells spreadsheets that it is UTF-8.
  return `\ufeff${[COLUMNS, ...rows].map((row) => `${row.join(',')}\r\n`).join('')}`;
}
