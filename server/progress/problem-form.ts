/** Normalises the codes of reported problems and says what was changed. Pure; the rules are the schema's. */
import { LIMITS } from '@ingestion-progress/schema';
import { normalizeErrorCode } from './ending-form.js';

interface Given {
  readonly code?: unknown;
  readonly message?: unknown;
}

const isGiven = (value: unknown): value is Given => typeof value === 'object' && value !== null;

/** A report whose codes are normalised; what is wrong otherwise stays as it is, for the schema to refuse. */
export function normalizeProblems(report: unknown): {
  readonly report: unknown;
  readonly adjustments: readonly string[];
} {
  const given = isGiven(report) && 'problems' in report ? report.problems : undefined;
  if (!Array.isArray(given) || given.length > LIMITS.problems) return { report, adjustments: [] };
  // A set: a hundred problems of one kind are one sentence.
  const adjustments = new Set<string>();
  const problems = given.map((problem: unknown) => {
    if (!isGiven(problem)) return problem;
    const { code, message } = problem;
    if (typeof message === 'string' && message.length > LIMITS.message) {
      adjustments.add(`problems.message: cut at ${LIMITS.message} characters`);
    }
    if (typeof code !== 'string' || code === '') return problem;
    const normalized = normalizeErrorCode(code);
    if (normalized !== code) adjustments.add(`problems.code: made into ${normalized}`);
    return { ...problem, code: normalized };
  });
  return { report: { ...(report as object), problems }, adjustments: [...adjustments] };
}
