/**
 * Which problems a store keeps, which it only counts, and how many of each code there are. Stores give what they have and
 * write what this decides. Without I/O.
 */
import { createHash } from 'node:crypto';
import {
  OTHER,
  sumTotals,
  type ProblemSeverity,
  type ProblemTotal,
  type StoredProblem,
} from '../progress/problem.js';
import { sortKey, type SortPosition } from './paging.js';
import type { ProblemFilter } from './progress-store.js';

/** Tells problems of an attempt apart, and goes into keys: letters, digits, `-` and `_`. */
export function problemId({ phase, item, code }: Pick<StoredProblem, 'phase' | 'item' | 'code'>): string {
  const name = JSON.stringify([phase, item, code]);
  return createHash('sha256').update(name).digest('base64url').slice(0, 22);
}

/** What is known of a kept problem without reading it. */
export interface ProblemEntry {
  readonly attempt: number;
  readonly id: string;
  readonly code: string;
  readonly severity: ProblemSeverity;
}

/** Codes of which a store counts what it does not keep; more of them are counted as OTHER. */
const MAX_REST_CODES = 200;

/** Where a problem stands in its attempt: by when it was reported. */
export function problemPosition(problem: StoredProblem): SortPosition {
  return { order: problem.reportedAt, then: problem.index, id: problemId(problem) };
}

/** What an append is to change. */
export interface ProblemPlan<E extends ProblemEntry> {
  readonly add: readonly StoredProblem[];
  /** Of earlier attempts, the earliest first: they make room, since people look at the newest. */
  readonly drop: readonly E[];
  /** What is to be counted beside those that are kept. */
  readonly rest: readonly ProblemTotal[];
}

/**
 * Decides over problems of one attempt. `kept` is all that the ingestion has, `rest` what is only counted of this attempt.
 */
export function planProblems<E extends ProblemEntry>(
  kept: readonly E[],
  rest: readonly ProblemTotal[],
  given: readonly StoredProblem[],
  most: number,
): ProblemPlan<E> {
  const attempt = given[0]?.attempt ?? 0;
  const known = new Set(kept.filter((entry) => entry.attempt === attempt).map(({ id }) => id));
  const fresh: StoredProblem[] = [];
  for (const problem of given) {
    const id = problemId(problem);
    if (known.has(id)) continue;
    known.add(id);
    fresh.push(problem);
  }
  const earlier = kept.filter((entry) => entry.attempt < attempt).toSorted((a, b) => a.attempt - b.attempt);
  const drop = earlier.slice(0, Math.max(0, kept.length + fresh.length - most));
  const add = fresh.slice(0, Math.max(0, most - (kept.length - drop.length)));
  const codes = new Set(rest.map(({ code }) => code));
  const counted = fresh.slice(add.length).map(({ code, severity }): ProblemTotal => {
    const isNamed = codes.has(code) || codes.size < MAX_REST_CODES;
    if (isNamed) codes.add(code);
    return { code: isNamed ? code : OTHER, severity, count: 1 };
  });
  return { add, drop, rest: sumTotals(counted) };
}

/** The totals of an attempt. */
export function totalsOf(
  kept: readonly ProblemEntry[],
  rest: readonly ProblemTotal[],
  attempt: number,
): readonly ProblemTotal[] {
  const ofAttempt = kept.filter((entry) => entry.attempt === attempt);
  return sumTotals([...ofAttempt.map(({ code, severity }) => ({ code, severity, count: 1 })), ...rest]);
}

/** How many were counted. */
export const countOf = (totals: readonly ProblemTotal[]) => totals.reduce((sum, { count }) => sum + count, 0);

/** Whether a problem is asked for. */
export const matchesFilter = (filter: ProblemFilter) => (entry: ProblemEntry | StoredProblem) =>
  entry.attempt === filter.attempt &&
  (filter.severity === null || entry.severity === filter.severity) &&
  (filter.code === null || entry.code === filter.code);

/** The key by which a problem sorts in its attempt. */
export const problemSortKey = (problem: StoredProblem) => sortKey(problemPosition(problem));
