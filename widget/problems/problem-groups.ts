/** What is loaded, searched and grouped by code. Pure. */
import type { Counts, Problem, Severity } from './problem-source.js';

/** Problems of one code. */
export interface ProblemGroup {
  readonly code: string;
  /** ERROR if any of them is one. */
  readonly severity: Severity;
  readonly problems: readonly Problem[];
  /** How many there are in all; null if not known. */
  readonly total: number | null;
}

/** Those in which all words occur, in item, code or message. */
export function search(problems: readonly Problem[], words: string): readonly Problem[] {
  const wanted = words.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return problems;
  return problems.filter(({ item, code, message }) => {
    const text = `${item}\n${code}\n${message ?? ''}`.toLocaleLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/** Groups, those with errors first, then the greatest. `counts` are of the same attempt, or null. */
export function groupByCode(
  problems: readonly Problem[],
  counts: Counts | null,
  severity: Severity | null,
): readonly ProblemGroup[] {
  const byCode = new Map<string, Problem[]>();
  for (const problem of problems) byCode.set(problem.code, [...(byCode.get(problem.code) ?? []), problem]);
  const groups = [...byCode].map(([code, all]): ProblemGroup => {
    const counted = counts?.byCode.filter(
      (one) => one.code === code && (severity === null || one.severity === severity),
    );
    // A code that is rare among very many is counted under OTHER.
    const total = counted === undefined || counted.length === 0 ? null : sum(counted);
    const worst = all.some((problem) => problem.severity === 'ERROR') ? 'ERROR' : 'WARNING';
    return { code, severity: worst, problems: all, total };
  });
  const size = (group: ProblemGroup) => group.total ?? group.problems.length;
  return groups.sort(
    (a, b) => Number(b.severity === 'ERROR') - Number(a.severity === 'ERROR') || size(b) - size(a),
  );
}

const sum = (counts: readonly { readonly count: number }[]) =>
  counts.reduce((total, { count }) => total + count, 0);

/** How many there are of a severity, or of both. */
export function countOf({ errors, warnings }: Counts, severity: Severity | null): number {
  return severity === 'ERROR' ? errors : severity === 'WARNING' ? warnings : errors + warnings;
}
