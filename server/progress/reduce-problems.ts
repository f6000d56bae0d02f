/** What the counts of problems make of the state of one ingestion. Pure. */
import { isEnded, type ProblemCounts } from '@ingestion-progress/schema';
import { patch } from './change.js';
import { revive } from './phases.js';
import { problemCounts, type ProblemTotal } from './problem.js';
import type { IngestionRecord } from './record.js';
import type { ReduceResult } from './reduce.js';

/** The counts of an attempt, as the store has them. */
export interface CountedProblems {
  readonly ingestionId: string;
  readonly attempt: number;
  readonly totals: readonly ProblemTotal[];
}

const sumOf = ({ errors, warnings }: ProblemCounts) => errors + warnings;

/** The counts of problems; smaller ones are those of an append before. A sign of life as well. */
export function reduceProblems(
  record: IngestionRecord | null,
  { ingestionId, attempt, totals }: CountedProblems,
  nowMs: number,
): ReduceResult {
  if (record === null || record.progress.id !== ingestionId || record.progress.attempt !== attempt) {
    return { kind: 'duplicate' };
  }
  const { progress } = record;
  if (isEnded(progress)) return { kind: 'duplicate' };
  const counts = problemCounts(totals);
  const isMore = sumOf(counts) > sumOf(progress.problems);
  const alive = { status: 'RUNNING', error: null, phases: revive(progress.phases) } as const;
  const fields = isMore ? { ...alive, problems: counts, progressedAt: nowMs } : alive;
  return {
    kind: 'changed',
    change: patch(record, nowMs, fields, { type: 'snapshot' }),
    delivery: 'coalesced',
  };
}
