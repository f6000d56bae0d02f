/** What every progress store must do with problems; part of the contract beside this file. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ProblemTotal, StoredProblem } from '../../server/progress/problem.js';
import type { IngestionRecord } from '../../server/progress/record.js';
import type { Page, PageRequest, ProblemFilter, ProgressStore } from '../../server/store/progress-store.js';
import { recordOf } from '../support/records.js';

/** One problem; of an item of its own unless something else is said. */
const problemOf = (index: number, fields: Partial<StoredProblem> = {}): StoredProblem => ({
  ...{ attempt: 1, phase: null, item: `files/${index}!é.pdf`, code: 'UNREADABLE', severity: 'ERROR' },
  ...{ message: null, url: null, reportedAt: 1_000 + index, index: 0 },
  ...fields,
});
const problemsFrom = (from: number, count: number, fields: Partial<StoredProblem> = {}) =>
  Array.from({ length: count }, (_, index) => problemOf(from + index, fields));
const byCode = (totals: readonly ProblemTotal[]) => {
  const sums: Record<string, number> = {};
  for (const { code, severity, count } of totals) {
    sums[`${code} ${severity}`] = (sums[`${code} ${severity}`] ?? 0) + count;
  }
  return sums;
};

async function allPages<T>(list: (page: PageRequest) => Promise<Page<T>>, first: number): Promise<T[]> {
  const nodes: T[] = [];
  let after: string | null = null;
  for (;;) {
    const page: Page<T> = await list({ first, after });
    nodes.push(...page.items.map(({ node }) => node));
    if (!page.hasNextPage) return nodes;
    after = page.items.at(-1)?.cursor ?? null;
  }
}

/** Runs this part against the stores that are open. */
export function describeProblems(
  opened: () => { readonly store: ProgressStore; readonly other: ProgressStore },
): void {
  describe('problems', () => {
    let under: { readonly store: ProgressStore; readonly other: ProgressStore };
    let store: ProgressStore;
    const FIRST = { attempt: 1, severity: null, code: null } as const;
    const listed = async (filter: Partial<ProblemFilter> = {}, first = 100, ingestionId = 'i') => {
      const list = (page: PageRequest) => store.listProblems('p', ingestionId, { ...FIRST, ...filter }, page);
      return allPages(list, first);
    };
    const append = async (problems: readonly StoredProblem[], most = 1_000) => {
      const { added, counted, totals } = await store.appendProblems('p', 'i', problems, most);
      return { added, counted, totals: byCode(totals) };
    };
    const put = async (record: IngestionRecord, kind: 'start' | 'change' = 'change') =>
      expect(await store.write([{ record, guard: { kind }, events: [] }])).toEqual([{ written: true }]);

    beforeEach(async () => {
      under = opened();
      store = under.store;
      await put(recordOf(), 'start');
    });

    it('are given back field by field, in the order of their reports', async () => {
      const all = [
        problemOf(1, { message: 'Ünïcödé 🎉', phase: 2, url: 'https://example.org/a?b#c' }),
        problemOf(2, { item: `${'x'.repeat(499)}"`, severity: 'WARNING', code: 'SCANNED_2' }),
        problemOf(3, { reportedAt: 1_002, index: 1, item: '=cmd' }),
      ];
      expect(await append(all.toReversed())).toEqual({
        ...{ added: 3, counted: 0 },
        totals: { 'UNREADABLE ERROR': 2, 'SCANNED_2 WARNING': 1 },
      });
      expect(await listed()).toEqual(all);
      expect(await listed({}, 100, 'other')).toEqual([]);
      expect(await listed({ attempt: 2 })).toEqual([]);
    });

    it('that are repeated change nothing, in the totals neither', async () => {
      await append(problemsFrom(0, 10));
      const repeated = problemsFrom(0, 10, { reportedAt: 5_000, severity: 'WARNING', message: 'again' });
      expect(await append(repeated)).toEqual({ added: 0, counted: 0, totals: { 'UNREADABLE ERROR': 10 } });
      expect(await append([problemOf(10), problemOf(10)])).toMatchObject({ added: 1 });
      expect(await listed()).toEqual(problemsFrom(0, 11));
    });

    it('of another phase, code or attempt are others', async () => {
      await append([problemOf(1)]);
      expect(await append([problemOf(1, { phase: 1 }), problemOf(1, { code: 'OTHER' })])).toMatchObject({
        added: 2,
        totals: { 'UNREADABLE ERROR': 2, 'OTHER ERROR': 1 },
      });
      expect(await append([problemOf(1, { attempt: 2 })])).toMatchObject({
        added: 1,
        totals: { 'UNREADABLE ERROR': 1 },
      });
      expect([(await listed()).length, (await listed({ attempt: 2 })).length]).toEqual([3, 1]);
    });

    it.each([1, 2, 3, 7])('are listed in pages of %i, by severity and code', async (first) => {
      const errors = problemsFrom(0, 6, { code: 'A' });
      const warnings = problemsFrom(6, 6, { code: 'A', severity: 'WARNING' });
      const others = problemsFrom(12, 6, { code: 'B' });
      await append([...errors, ...warnings, ...others]);
      expect(await listed({}, first)).toEqual([...errors, ...warnings, ...others]);
      expect(await listed({ code: 'A' }, first)).toEqual([...errors, ...warnings]);
      expect(await listed({ severity: 'ERROR' }, first)).toEqual([...errors, ...others]);
      expect(await listed({ code: 'A', severity: 'WARNING' }, first)).toEqual(warnings);
    });

    it('refuse a cursor that is none', async () => {
      const page = { first: 1, after: 'bm9wZQ' };
      await expect(store.listProblems('p', 'i', FIRST, page)).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
      });
    });

    it('beyond the most are only counted, by code', async () => {
      expect(await append(problemsFrom(0, 8), 10)).toMatchObject({ added: 8, counted: 0 });
      const more = problemsFrom(8, 3).concat(problemsFrom(11, 2, { code: 'B', severity: 'WARNING' }));
      const totals = { 'UNREADABLE ERROR': 11, 'B WARNING': 2 };
      expect(await append(more, 10)).toEqual({ added: 2, counted: 3, totals });
      expect(await listed()).toEqual(problemsFrom(0, 10));
      // What is kept is known again.
      expect(await append(problemsFrom(0, 10), 10)).toEqual({ added: 0, counted: 0, totals });
      expect(await append([problemOf(20)], 10)).toMatchObject({
        counted: 1,
        totals: { ...totals, 'UNREADABLE ERROR': 12 },
      });
    });

    it('of earlier attempts make room for those of the newest', async () => {
      await append(problemsFrom(0, 12), 10);
      expect(await append(problemsFrom(0, 6, { attempt: 2 }), 10)).toEqual({
        ...{ added: 6, counted: 0 },
        totals: { 'UNREADABLE ERROR': 6 },
      });
      expect((await listed()).length).toBe(4);
      expect(await listed({ attempt: 2 })).toEqual(problemsFrom(0, 6, { attempt: 2 }));
    });

    it('are kept once and counted once, whoever reports them at the same moment', async () => {
      const reports = [0, 5, 10, 0, 5].map((from) => problemsFrom(from, 10));
      await Promise.all(
        reports.map((problems, index) =>
          (index % 2 === 0 ? under.store : under.other).appendProblems('p', 'i', problems, 1_000),
        ),
      );
      expect(await listed()).toEqual(problemsFrom(0, 20));
      expect(await append([problemOf(0)])).toMatchObject({ totals: { 'UNREADABLE ERROR': 20 } });
    });

    it('stay while the ingestion does, in the history too, and go with it', async () => {
      await append(problemsFrom(0, 12), 10);
      await put(recordOf({ revision: 2, status: 'COMPLETED' }));
      await put(recordOf({ id: 'next', revision: 3, startedAt: 3 }), 'start');
      await store.appendProblems('p', 'next', [problemOf(1)], 10);
      expect(await listed()).toHaveLength(10);
      expect(await store.deleteBefore(100, 50)).toMatchObject({ deleted: 1 });
      expect(await listed()).toEqual([]);
      expect(await listed({}, 10, 'next')).toEqual([problemOf(1)]);
      await put(recordOf({ id: 'next', revision: 4, startedAt: 3, status: 'CANCELLED' }));
      await store.deleteBefore(100, 50);
      expect(await listed({}, 10, 'next')).toEqual([]);
    });
  });
}
