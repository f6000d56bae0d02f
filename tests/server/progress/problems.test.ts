/** What counts of problems make of a state: the newest attempt's, never fewer, within fifty codes. */
import { describe, expect, it } from 'vitest';
import { problemCounts, type ProblemTotal } from '../../../server/progress/problem.js';
import { reduceProblems } from '../../../server/progress/reduce-problems.js';
import { failureOf, recordOf } from '../../support/records.js';

const total = (count: number, code = 'A', severity: ProblemTotal['severity'] = 'ERROR') => ({
  ...{ code, severity, count },
});
const counted = (totals: readonly ProblemTotal[], attempt = 1) => ({ ingestionId: 'i', attempt, totals });

describe('counts of problems', () => {
  it('are taken as they are, and are progress', () => {
    const result = reduceProblems(recordOf(), counted([total(2), total(3, 'B', 'WARNING')]), 900);
    expect(result).toMatchObject({
      ...{ kind: 'changed', delivery: 'coalesced' },
      change: { record: { progress: { problems: { errors: 2, warnings: 3 }, progressedAt: 900 } } },
    });
  });

  it('that are smaller came late, and are a sign of life alone', () => {
    const base = recordOf({ problems: problemCounts([total(5)]), progressedAt: 7 });
    for (const fewer of [4, 5]) {
      expect(reduceProblems(base, counted([total(fewer)]), 900)).toMatchObject({
        change: { record: { progress: { problems: { errors: 5 }, progressedAt: 7, updatedAt: 900 } } },
      });
    }
  });

  it('of another attempt, of another ingestion or after the end change nothing', () => {
    const nothing = { kind: 'duplicate' };
    expect(reduceProblems(recordOf({ attempt: 2 }), counted([total(1)], 1), 900)).toEqual(nothing);
    expect(reduceProblems(recordOf({ id: 'j' }), counted([total(1)]), 900)).toEqual(nothing);
    expect(reduceProblems(recordOf({ status: 'COMPLETED' }), counted([total(1)]), 900)).toEqual(nothing);
    expect(reduceProblems(null, counted([total(1)]), 900)).toEqual(nothing);
  });

  it('revive an ingestion that failed recoverably, as every report does', () => {
    const result = reduceProblems(recordOf(failureOf(true)), counted([total(1)]), 900);
    expect(result).toMatchObject({ change: { record: { progress: { status: 'RUNNING', error: null } } } });
  });

  it('name the fifty most frequent codes, and have the rest under OTHER by severity', () => {
    const totals = Array.from({ length: 60 }, (_, index) => total(100 - index, `CODE_${index}`));
    const { errors, warnings, byCode } = problemCounts([
      ...totals,
      total(1, 'OTHER'),
      total(2, 'RARE', 'WARNING'),
    ]);
    expect([errors, warnings]).toEqual([60 * 100 - (59 * 60) / 2 + 1, 2]);
    expect(byCode).toHaveLength(52);
    expect(byCode[0]).toEqual(total(100, 'CODE_0'));
    expect(byCode.slice(50)).toEqual([
      total(
        Array.from({ length: 10 }, (_, index) => 50 - index).reduce((a, b) => a + b, 1),
        'OTHER',
      ),
      total(2, 'OTHER', 'WARNING'),
    ]);
    expect(byCode.reduce((sum, { count }) => sum + count, 0)).toBe(errors + warnings);
  });
});
