/**
 * One problem of an item as it is stored, and the counts that the state has of many. A problem is known by attempt,
 * phase, item and code. Pure; keeping them is the store's business.
 */
import { LIMITS, type ProblemCounts } from '@ingestion-progress/schema';

/** How grave a problem is. */
export type ProblemSeverity = 'WARNING' | 'ERROR';

/** A problem, as stores keep it. */
export interface StoredProblem {
  /** The attempt that reported it, from 1. */
  readonly attempt: number;
  /** 1 to 12; null if the job did not say. */
  readonly phase: number | null;
  /** A path or a name, 1 to 500 characters. */
  readonly item: string;
  /** 1 to 64 of A-Z 0-9 _. */
  readonly code: string;
  readonly severity: ProblemSeverity;
  /** For people; null if the job gave none. */
  readonly message: string | null;
  /** An http or https address; null if the job gave none. */
  readonly url: string | null;
  /** When the server took it, in milliseconds since the Unix epoch. */
  readonly reportedAt: number;
  /** Its place among those of the same report, from 0. */
  readonly index: number;
}

/** What one code of one severity counts. */
export interface ProblemTotal {
  readonly code: string;
  readonly severity: ProblemSeverity;
  readonly count: number;
}

/** The code of those that have no place of their own in the counts. */
export const OTHER = 'OTHER';

/** Adds up totals of the same code and severity. */
export function sumTotals(totals: Iterable<ProblemTotal>): ProblemTotal[] {
  const byKey = new Map<string, ProblemTotal>();
  for (const { code, severity, count } of totals) {
    const key = `${code}!${severity}`;
    byKey.set(key, { code, severity, count: count + (byKey.get(key)?.count ?? 0) });
  }
  return [...byKey.values()];
}

/** The counts of a state: the most frequent codes, and the rest under OTHER. */
export function problemCounts(totals: Iterable<ProblemTotal>): ProblemCounts {
  const all = sumTotals(totals).sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
  const of = (severity: ProblemSeverity) =>
    all.reduce((sum, total) => sum + (total.severity === severity ? total.count : 0), 0);
  const [errors, warnings] = [of('ERROR'), of('WARNING')];
  if (all.length <= LIMITS.problemCodes) return { errors, warnings, byCode: all };
  const named = all.filter(({ code }) => code !== OTHER).slice(0, LIMITS.problemCodes);
  const rest = all.filter((total) => !named.includes(total)).map((total) => ({ ...total, code: OTHER }));
  return { errors, warnings, byCode: [...named, ...sumTotals(rest)] };
}
