/** What every progress store must do: run against each adapter by the test files beside this one. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { IngestionProgress } from '@ingestion-progress/schema';
import type { IngestionRecord } from '../../server/progress/record.js';
import type {
  ListPage,
  ListQuery,
  OpenQuery,
  Page,
  PageRequest,
  ProgressStore,
  StoreWrite,
  WriteGuard,
} from '../../server/store/progress-store.js';
import { entryOf, failureOf, recordOf } from '../support/records.js';
import { describeProblems } from './problems.contract.js';

/** One store under test, empty and open. */
export interface StoreUnderTest {
  readonly store: ProgressStore;
  /** A second store on the same data, where several may have it open; else the same. */
  readonly other: ProgressStore;
  dispose(): Promise<void>;
}

/** Log entries that a store under test keeps of an ingestion. */
export const MAX_LOG_ENTRIES = 10;

/** Each list of what is open, from its beginning to an end that nothing reaches. */
const OVERDUE = { list: 'overdue', before: 8e15, after: null } as const satisfies OpenQuery;
const FAILED = { list: 'failed', before: 8e15, after: null } as const satisfies OpenQuery;
const OWNED = { list: 'owned', exceptBy: [] } as const satisfies OpenQuery;

const START: WriteGuard = { kind: 'start' };
const CHANGE: WriteGuard = { kind: 'change' };

/** One write, as a change where nothing else is said. */
const to = (
  record: IngestionRecord,
  guard: WriteGuard = CHANGE,
  events: StoreWrite['events'] = [],
): StoreWrite => ({ record, guard, events });

async function allPages<T>(list: (page: PageRequest) => Promise<Page<T>>, first: number): Promise<T[][]> {
  const pages: T[][] = [];
  let after: string | null = null;
  for (;;) {
    const page: Page<T> = await list({ first, after });
    pages.push(page.items.map((item) => item.node));
    if (!page.hasNextPage) return pages;
    after = page.items.at(-1)?.cursor ?? null;
  }
}

/** Runs the contract against what `open` makes. */
export function describeProgressStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a progress store`, () => {
    let under: StoreUnderTest;
    let store: ProgressStore;

    beforeEach(async () => {
      under = await open();
      store = under.store;
    });
    afterEach(() => under.dispose());

    /** Writes, and fails where the guard refuses. */
    const put = async (...writes: readonly StoreWrite[]) => {
      for (const one of writes) expect(await store.write([one])).toEqual([{ written: true }]);
    };

    describe('reading', () => {
      it('knows nothing of a project that never ingested', async () => {
        expect(await store.read('p')).toBeNull();
        expect(await store.readIngestion('p', 'i')).toBeNull();
        expect(await store.readMany(['p'])).toEqual(new Map());
        const empty = { items: [], hasNextPage: false };
        expect(await store.listIngestions('p', { first: 10, after: null })).toEqual(empty);
        expect(await store.listEvents('p', 'i', { first: 10, after: null })).toEqual(empty);
        for (const query of [OVERDUE, FAILED, OWNED]) {
          expect(await store.listOpen(query, 10)).toEqual({ items: [], next: null });
        }
      });

      it('gives back a record field by field, whatever keys a job puts into its output', async () => {
        const metrics = {
          itemsTotal: Number.MAX_SAFE_INTEGER,
          itemsProcessed: 3,
          itemsFailed: 0,
          bytesTotal: null,
          bytesProcessed: 2 ** 31,
          itemsPerSecond: 0.1,
          etaSeconds: 1e-7,
          etaLowSeconds: null,
          etaHighSeconds: null,
          itemsTotalIsFinal: true,
          counters: [{ name: 'pages', label: 'Pages', value: -1.5, unit: null }],
        };
        const record = recordOf(
          {
            revision: 1_800_000_000_001,
            status: 'COMPLETED',
            metrics,
            progressPercent: 100,
            result: {
              outcome: 'PARTIAL',
              itemsProcessed: 3,
              itemsFailed: 1,
              bytesProcessed: null,
              links: [],
              durationMs: 12,
              summary: 'Ünïcödé 漢字 🎉',
              output: { $set: 1, 'a.b': [[null, {}], { '': 'x' }], nested: { 'é\u0000': true } },
            },
            completedAt: 1_800_000_000_001,
          },
          {
            lastSequence: 7,
            attemptKey: 'k',
            ownerServerId: 's',
            work: [
              {
                ownPercent: 12.5,
                hasOwnRate: true,
                activeMs: null,
                remaining: null,
                parts: { 'ä!': [7, null, 10, 1, null, null, null] },
              },
            ],
            weighted: true,
          },
        );
        await put(to(record, START));
        expect(await store.read('p')).toEqual(record);
        expect(await store.readIngestion('p', 'i')).toEqual(record);
        expect(await store.readMany(['p', 'q'])).toEqual(new Map([['p', record]]));
      });

      it('takes at most 50 projects at a time, each once', async () => {
        const projectIds = Array.from({ length: 50 }, (_, index) => `p${index}`);
        const starts = projectIds.map((projectId) => to(recordOf({ projectId }), START));
        expect(await store.write(starts)).toEqual(starts.map(() => ({ written: true })));
        expect((await store.readMany(projectIds)).size).toBe(50);
        const changes = projectIds.map((projectId) =>
          to(recordOf({ projectId, revision: 2 }), CHANGE, [entryOf(2)]),
        );
        expect(await store.write(changes)).toEqual(changes.map(() => ({ written: true })));
        await expect(store.readMany([...projectIds, 'one-more'])).rejects.toThrow('at most 50');
        await expect(store.write([...starts, to(recordOf(), START)])).rejects.toThrow('at most 50');
        await expect(store.write([to(recordOf(), START), to(recordOf(), START)])).rejects.toThrow(
          'at most once',
        );
      });
    });

    // (invariant: compare-and-set)
    describe('the guard', () => {
      it('refuses a start while an ingestion runs, and says which', async () => {
        const running = recordOf({ revision: 5 });
        await put(to(running, START));
        const outcome = await store.write([to(recordOf({ id: 'j', revision: 6 }), START)]);
        expect(outcome).toEqual([{ written: false, current: running }]);
        expect(await store.read('p')).toEqual(running);
      });

      it.each([
        ['completed', { status: 'COMPLETED' as const, completedAt: 5 }],
        ['failed for good', failureOf(false)],
        ['failed recoverably', failureOf(true)],
        ['was cancelled', { status: 'CANCELLED' as const }],
      ])('admits a start where the last ingestion %s', async (_how, ending) => {
        await put(to(recordOf(), START), to(recordOf({ ...ending, revision: 5 })));
        const next = recordOf({ id: 'j', revision: 6, startedAt: 6 });
        await put(to(next, START));
        expect(await store.read('p')).toEqual(next);
      });

      it('refuses a start that is not newer, or that has the same id', async () => {
        const failed = recordOf({ ...failureOf(true), revision: 5 });
        await put(to(recordOf(), START), to(failed));
        for (const start of [recordOf({ id: 'j', revision: 5 }), recordOf({ id: 'i', revision: 6 })]) {
          expect(await store.write([to(start, START)])).toEqual([{ written: false, current: failed }]);
        }
      });

      it('refuses a change that is stale, also by an equal revision', async () => {
        const stored = recordOf({ revision: 5, progressPercent: 50 });
        await put(to(recordOf(), START), to(stored));
        for (const revision of [4, 5]) {
          const stale = recordOf({ revision, progressPercent: 10 });
          expect(await store.write([to(stale)])).toEqual([{ written: false, current: stored }]);
        }
        expect(await store.read('p')).toEqual(stored);
      });

      it('refuses a change where nothing is stored', async () => {
        expect(await store.write([to(recordOf())])).toEqual([{ written: false, current: null }]);
        expect(await store.read('p')).toBeNull();
      });

      // (invariant: ending-is-final)
      it('refuses every change of an ingestion that has ended', async () => {
        const ended = recordOf({ revision: 5, status: 'COMPLETED', completedAt: 5 });
        await put(to(recordOf(), START), to(ended));
        const late = recordOf({ revision: 6 });
        const from: WriteGuard = { kind: 'change-from', revision: 5 };
        expect(await store.write([to(late)])).toEqual([{ written: false, current: ended }]);
        expect(await store.write([to(late, from)])).toEqual([{ written: false, current: ended }]);
      });

      it('admits a change that revives an ingestion that failed recoverably', async () => {
        const revived = recordOf({ revision: 6 });
        await put(to(recordOf(), START), to(recordOf({ ...failureOf(true), revision: 5 })), to(revived));
        expect(await store.read('p')).toEqual(revived);
      });

      it('refuses the write of an older ingestion after a newer one began', async () => {
        const next = recordOf({ id: 'j', revision: 6, startedAt: 6 });
        await put(to(recordOf(), START), to(recordOf({ ...failureOf(true), revision: 5 })), to(next, START));
        const old = recordOf({ id: 'i', revision: 7 });
        expect(await store.write([to(old)])).toEqual([{ written: false, current: next }]);
      });

      it('admits a change from a revision only where exactly that one is stored', async () => {
        const stored = recordOf({ revision: 5 });
        await put(to(recordOf(), START), to(stored));
        const next = recordOf({ revision: 8 });
        for (const revision of [4, 6]) {
          const outcome = await store.write([to(next, { kind: 'change-from', revision })]);
          expect(outcome).toEqual([{ written: false, current: stored }]);
        }
        await put(to(next, { kind: 'change-from', revision: 5 }));
        expect(await store.read('p')).toEqual(next);
      });

      it('judges each write of a batch by itself, and answers in order', async () => {
        const stored = recordOf({ projectId: 'b', revision: 5 });
        await put(
          to(recordOf({ projectId: 'a' }), START),
          to(recordOf({ projectId: 'b' }), START),
          to(stored),
        );
        const outcomes = await store.write([
          to(recordOf({ projectId: 'b', revision: 4 })),
          to(recordOf({ projectId: 'c' }), START),
          to(recordOf({ projectId: 'a', revision: 2 })),
          to(recordOf({ projectId: 'd', revision: 2 })),
        ]);
        expect(outcomes).toEqual([
          { written: false, current: stored },
          { written: true },
          { written: true },
          { written: false, current: null },
        ]);
      });

      it('lets one of many writers win who all fold from the same revision', async () => {
        await put(to(recordOf({ revision: 5 }), START));
        const racing = Array.from({ length: 10 }, (_, index) => {
          const record = recordOf({ revision: 6, progressPercent: index });
          const through = index % 2 === 0 ? under.store : under.other;
          return through.write([to(record, { kind: 'change-from', revision: 5 })]);
        });
        const outcomes = (await Promise.all(racing)).flat();
        const winners = outcomes.flatMap((outcome, index) => (outcome.written ? [index] : []));
        expect(winners).toHaveLength(1);
        expect((await store.read('p'))?.progress.progressPercent).toBe(winners[0]);
      });

      it('lets one of many starts win', async () => {
        const racing = Array.from({ length: 6 }, (_, index) => {
          const record = recordOf({ id: `i${index}`, revision: 5 });
          return (index % 2 === 0 ? under.store : under.other).write([to(record, START)]);
        });
        const outcomes = (await Promise.all(racing)).flat();
        expect(outcomes.filter((outcome) => outcome.written)).toHaveLength(1);
      });
    });

    describe('the history', () => {
      /** Three ingestions: two that ended, and one that runs. */
      const putThree = async () => {
        for (const [index, id] of ['a', 'b', 'c'].entries()) {
          const startedAt = (index + 1) * 10;
          await put(to(recordOf({ id, revision: startedAt, startedAt }), START));
          if (id !== 'c')
            await put(to(recordOf({ id, revision: startedAt + 1, startedAt, status: 'CANCELLED' })));
        }
      };

      it('keeps what a start replaces', async () => {
        await putThree();
        expect((await store.readIngestion('p', 'a'))?.progress.status).toBe('CANCELLED');
        expect((await store.readIngestion('p', 'c'))?.progress.status).toBe('RUNNING');
        expect(await store.readIngestion('p', 'd')).toBeNull();
        expect(await store.readIngestion('other', 'a')).toBeNull();
      });

      it.each([1, 2, 3, 10])(
        'lists the newest start first, the latest among them, in pages of %i',
        async (first) => {
          await putThree();
          await put(to(recordOf({ projectId: 'p2', id: 'elsewhere' }), START));
          const pages = await allPages((page) => store.listIngestions('p', page), first);
          expect(pages.flat().map((record) => record.progress.id)).toEqual(['c', 'b', 'a']);
          expect(pages.every((page) => page.length <= first)).toBe(true);
          expect(pages).toHaveLength(Math.ceil(3 / first));
        },
      );

      it('goes on after the same item where a newer ingestion began meanwhile', async () => {
        await putThree();
        const page = await store.listIngestions('p', { first: 1, after: null });
        await put(to(recordOf({ id: 'c', revision: 40, startedAt: 30, status: 'CANCELLED' })));
        await put(to(recordOf({ id: 'd', revision: 50, startedAt: 50 }), START));
        const rest = await store.listIngestions('p', { first: 5, after: page.items[0]?.cursor ?? null });
        expect(rest.items.map(({ node }) => node.progress.id)).toEqual(['b', 'a']);
      });

      it('refuses a cursor that is none', async () => {
        const page = { first: 1, after: 'bm9wZQ' };
        const refusal = { code: 'BAD_USER_INPUT', message: expect.stringContaining('after') as string };
        await expect(store.listIngestions('p', page)).rejects.toMatchObject(refusal);
        await expect(store.listEvents('p', 'i', page)).rejects.toMatchObject(refusal);
      });
    });

    describe('lists of many projects', () => {
      const ALL = { projectIds: null, startedSince: null, after: null } as const;
      const places = ({ records }: ListPage) =>
        records.map(({ progress }) => `${progress.projectId}/${progress.id}@${progress.startedAt}`);
      /** Every page of so many, as it would be paged through. */
      const pagesOf = async (query: ListQuery, limit: number) => {
        const pages: string[][] = [];
        let { after } = query;
        for (;;) {
          const page = await store.listByStatus({ ...query, after }, limit);
          pages.push(places(page));
          if (page.next === null) return pages;
          after = page.next;
        }
      };
      const started = (
        projectId: string,
        id: string,
        startedAt: number,
        more: Partial<IngestionProgress> = {},
      ) => recordOf({ projectId, id, startedAt, revision: startedAt, ...more });

      it('lists by status, the newest start first, earlier ingestions among them, page by page', async () => {
        await put(to(started('a', 'one', 10), START));
        await put(to(started('a', 'one', 10, { revision: 11, status: 'COMPLETED' })));
        await put(to(started('a', 'two', 20), START));
        await put(to(started('a', 'two', 20, { revision: 21, status: 'CANCELLED' })));
        await put(to(started('a', 'three', 60), START));
        await put(to(started('b!', 'x!y', 30), START), to(started('c', 'x', 40), START));
        await put(to(started('c', 'x', 40, { revision: 41, ...failureOf(true) })));
        await put(to(started('d', 'x', 50), START));
        await put(to(started('d', 'x', 50, { revision: 51, ...failureOf(false) })));
        expect(await pagesOf({ ...ALL, status: 'ACTIVE' }, 10)).toEqual([['a/three@60', 'b!/x!y@30']]);
        expect(await pagesOf({ ...ALL, status: 'ACTIVE' }, 1)).toEqual([['a/three@60'], ['b!/x!y@30']]);
        expect(await pagesOf({ ...ALL, status: 'FAILED' }, 1)).toEqual([['d/x@50'], ['c/x@40']]);
        expect(await pagesOf({ ...ALL, status: 'ENDED' }, 1)).toEqual([['a/two@20'], ['a/one@10']]);
        const { records } = await store.listByStatus({ ...ALL, status: 'ENDED' }, 10);
        expect(records).toEqual([
          await store.readIngestion('a', 'two'),
          await store.readIngestion('a', 'one'),
        ]);
      });

      it('tells those of one start and one id apart by their projects', async () => {
        for (const projectId of ['q', 'p', 'r']) await put(to(started(projectId, 'same', 10), START));
        const pages = await pagesOf({ ...ALL, status: 'ACTIVE' }, 1);
        expect(pages).toEqual([['r/same@10'], ['q/same@10'], ['p/same@10']]);
      });

      it('moves one that goes on after a failure back, and again when it ends', async () => {
        const states = [{}, failureOf(true), {}, { status: 'COMPLETED' }] as const;
        const seen: string[][] = [];
        for (const [index, state] of states.entries()) {
          await put(
            to(started('a', 'x', 10, { revision: 10 + index, ...state }), index === 0 ? START : CHANGE),
          );
          const lists = [];
          for (const status of ['ACTIVE', 'FAILED', 'ENDED'] as const) {
            const page = await store.listByStatus({ ...ALL, status }, 10);
            const ofProject = await store.listByStatus({ ...ALL, status, projectIds: ['a'] }, 10);
            expect(ofProject).toEqual(page);
            if (page.records.length > 0) lists.push(status);
          }
          seen.push(lists);
        }
        expect(seen).toEqual([['ACTIVE'], ['FAILED'], ['ACTIVE'], ['ENDED']]);
      });

      it('lists some projects, and what started since', async () => {
        for (const [index, projectId] of ['a', 'b', 'c', 'd'].entries()) {
          await put(to(started(projectId, 'old', 10 + index), START));
          await put(to(started(projectId, 'old', 10 + index, { revision: 20, status: 'COMPLETED' })));
          await put(to(started(projectId, 'new', 30 + index), START));
          await put(to(started(projectId, 'new', 30 + index, { revision: 40, status: 'COMPLETED' })));
        }
        const some = { ...ALL, status: 'ENDED', projectIds: ['c', 'a', 'nobody'] } as const;
        expect(await pagesOf(some, 3)).toEqual([['c/new@32', 'a/new@30', 'c/old@12'], ['a/old@10']]);
        expect(await pagesOf({ ...some, startedSince: 12 }, 2)).toEqual([
          ['c/new@32', 'a/new@30'],
          ['c/old@12'],
        ]);
        expect(await pagesOf({ ...ALL, status: 'ENDED', startedSince: 33 }, 9)).toEqual([['d/new@33']]);
        const many = Array.from({ length: 51 }, (_, index) => `p${index}`);
        await expect((async () => store.listByStatus({ ...some, projectIds: many }, 1))()).rejects.toThrow(
          RangeError,
        );
      });

      it('forgets what retention deletes, and keeps each project’s latest', async () => {
        await put(to(started('a', 'one', 10), START));
        await put(to(started('a', 'one', 10, { revision: 11, updatedAt: 11, status: 'COMPLETED' })));
        await put(to(started('a', 'two', 20), START));
        await put(to(started('a', 'two', 20, { revision: 21, updatedAt: 21, status: 'COMPLETED' })));
        await store.deleteBefore(100, 10);
        for (const projectIds of [null, ['a']])
          expect(await pagesOf({ ...ALL, status: 'ENDED', projectIds }, 9)).toEqual([['a/two@20']]);
      });
    });

    describe('the event log', () => {
      const listed = async (ingestionId = 'i', first = 100) => {
        const pages = await allPages((page) => store.listEvents('p', ingestionId, page), first);
        return pages.flat();
      };

      it('holds what was written with the state, and nothing of a write that the guard refused', async () => {
        const started = entryOf(1, { type: 'ingestion_started' });
        await put(to(recordOf(), START, [started]));
        await put(to(recordOf({ revision: 3 }), CHANGE, [entryOf(2), entryOf(3)]));
        await store.write([to(recordOf({ revision: 3 }), CHANGE, [entryOf(9)])]);
        expect(await listed()).toEqual([started, entryOf(2), entryOf(3)]);
        expect(await listed('other')).toEqual([]);
      });

      it('takes commands without a change of state', async () => {
        await put(to(recordOf(), START, [entryOf(1, { type: 'ingestion_started' })]));
        const command = entryOf(1, { id: 'command', type: 'command', timestamp: 2 });
        await store.appendEvents('p', 'i', [command]);
        await store.appendEvents('p', 'i', []);
        expect((await listed()).map((event) => event.type)).toEqual(['ingestion_started', 'command']);
      });

      it('holds an entry once that is written again', async () => {
        await put(to(recordOf(), START));
        await store.appendEvents('p', 'i', [entryOf(2), entryOf(3)]);
        await store.appendEvents('p', 'i', [entryOf(2)]);
        await put(to(recordOf({ revision: 3 }), CHANGE, [entryOf(3)]));
        expect(await listed()).toEqual([entryOf(2), entryOf(3)]);
      });

      it.each([1, 2, 3, 7])('lists the oldest first, in pages of %i', async (first) => {
        await put(to(recordOf(), START));
        const events = [2, 10, 100, 1_000, 10_000, 100_000].map((revision) => entryOf(revision));
        await store.appendEvents('p', 'i', events.toReversed());
        expect(await listed('i', first)).toEqual(events);
      });

      it('keeps a bounded number: the oldest updates go first, then the oldest of the rest', async () => {
        const started = entryOf(1, { type: 'ingestion_started' });
        await put(to(recordOf(), START, [started]));
        for (let revision = 2; revision <= MAX_LOG_ENTRIES; revision += 1) {
          await put(to(recordOf({ revision }), CHANGE, [entryOf(revision)]));
        }
        expect(await listed()).toHaveLength(MAX_LOG_ENTRIES);
        const phases = [50, 51, 52].map((revision) => entryOf(revision, { type: 'phase_started' }));
        await put(to(recordOf({ revision: 52 }), CHANGE, phases));
        const kept = (await listed()).map((event) => event.revision);
        // A store may make room for a tenth more, so that it need not trim at each further entry.
        expect(kept.length).toBeGreaterThanOrEqual(0.9 * MAX_LOG_ENTRIES);
        expect(kept).toEqual([1, 5, 6, 7, 8, 9, 10, 50, 51, 52].toSpliced(1, MAX_LOG_ENTRIES - kept.length));
        const many = Array.from({ length: 12 }, (_, index) => entryOf(60 + index, { type: 'command' }));
        await put(to(recordOf({ revision: 80 }), CHANGE, many));
        const revisions = (await listed()).map((event) => event.revision);
        expect(revisions.length).toBeGreaterThanOrEqual(0.9 * MAX_LOG_ENTRIES);
        expect(revisions).toEqual([1, ...[63, 64, 65, 66, 67, 68, 69, 70, 71].slice(1 - revisions.length)]);
      });

      it('never drops what explains how an ingestion began, failed or ended, for whatever else', async () => {
        const explaining = [
          entryOf(1, { type: 'ingestion_started' }),
          entryOf(2, { type: 'error' }),
          entryOf(3, { type: 'cancelled' }),
        ];
        await put(to(recordOf(), START, explaining));
        for (let revision = 4; revision < 4 + 3 * MAX_LOG_ENTRIES; revision += 1) {
          const type = revision % 2 === 0 ? 'command' : 'phase_started';
          await store.appendEvents('p', 'i', [entryOf(revision, { type })]);
        }
        const kept = await listed();
        expect(kept.slice(0, 3)).toEqual(explaining);
        expect(kept.length).toBeLessThanOrEqual(MAX_LOG_ENTRIES);
        const errors = Array.from({ length: 2 * MAX_LOG_ENTRIES }, (_, index) =>
          entryOf(100 + index, { type: 'error' }),
        );
        await store.appendEvents('p', 'i', errors);
        const still = (await listed()).map(({ revision }) => revision);
        // The start, and the newest of the rest.
        expect([still[0], still.at(-1)]).toEqual([1, 99 + 2 * MAX_LOG_ENTRIES]);
        expect(still.length).toBeLessThanOrEqual(MAX_LOG_ENTRIES);
      });
    });

    describeProblems(() => under);

    describe('what runs', () => {
      const ids = async (query: OpenQuery, limit = 10) =>
        (await store.listOpen(query, limit)).items.map(({ projectId }) => projectId);

      it('lists what runs by when its silence is due, and what failed recoverably by its failure', async () => {
        await put(to(recordOf({ projectId: 'a', updatedAt: 30, staleAfterMs: 10 }), START));
        await put(to(recordOf({ projectId: 'b', updatedAt: 10, staleAfterMs: 100 }), START));
        await put(to(recordOf({ projectId: 'c', updatedAt: 20, ...failureOf(true) }), START));
        await put(to(recordOf({ projectId: 'd', updatedAt: 1, ...failureOf(false) }), START));
        expect(await ids(OVERDUE)).toEqual(['a', 'b']);
        expect(await ids({ ...OVERDUE, before: 40 })).toEqual([]);
        expect(await ids({ ...OVERDUE, before: 41 })).toEqual(['a']);
        expect(await ids(FAILED)).toEqual(['c']);
        expect(await ids({ ...FAILED, before: 20 })).toEqual([]);
        await put(to(recordOf({ projectId: 'a', revision: 5, updatedAt: 200, staleAfterMs: 10 })));
        await put(to(recordOf({ projectId: 'c', revision: 5, updatedAt: 1, staleAfterMs: 10 })));
        expect(await ids(OVERDUE)).toEqual(['c', 'b', 'a']);
        expect(await ids(FAILED)).toEqual([]);
        await put(to(recordOf({ projectId: 'b', revision: 5, status: 'COMPLETED' })));
        await put(to(recordOf({ projectId: 'd', id: 'next', revision: 5, updatedAt: 500 }), START));
        expect(await ids(OVERDUE)).toEqual(['c', 'a', 'd']);
      });

      it('says of each what tells whether something is due', async () => {
        const fields = { updatedAt: 10, staleAfterMs: 1_000, cancelRequestedAt: 7 };
        await put(to(recordOf(fields, { ownerServerId: 's' }), START));
        const open = {
          ...{ projectId: 'p', ingestionId: 'i', status: 'RUNNING', updatedAt: 10, staleAfterMs: 1_000 },
          ...{ silentFrom: 10, ownerServerId: 's', cancelRequestedAt: 7 },
        };
        expect((await store.listOpen(OVERDUE, 10)).items).toEqual([open]);
        expect((await store.listOpen(OWNED, 10)).items).toEqual([open]);
      });

      it('lists a failure that was asked to cancel by the request, until a job took it', async () => {
        const failed = { ...failureOf(true), cancelRequestedAt: 50 };
        await put(to(recordOf(failed), START));
        expect(await ids({ ...OVERDUE, before: 30_050 })).toEqual([]);
        expect(await ids({ ...OVERDUE, before: 30_051 })).toEqual(['p']);
        await put(to(recordOf({ ...failed, revision: 2 }, { cancelTaken: true })));
        expect([await ids(OVERDUE), await ids(FAILED)]).toEqual([[], ['p']]);
      });

      it.each([1, 2, 3, 7])(
        'lists it in pages of %i, each once, also where many are due at once',
        async (limit) => {
          const projectIds = ['a', 'b!', 'b', 'c%', 'd'];
          for (const projectId of projectIds) await put(to(recordOf({ projectId }), START));
          const listed: string[] = [];
          let after: string | null = null;
          do {
            const page = await store.listOpen({ ...OVERDUE, after }, limit);
            expect(page.items.length).toBeLessThanOrEqual(limit);
            listed.push(...page.items.map(({ projectId }) => projectId));
            after = page.next;
          } while (after !== null);
          expect(listed.toSorted()).toEqual(projectIds.toSorted());
        },
      );

      it('lists what runs in the processes of servers, except of some', async () => {
        const owned = (projectId: string, ownerServerId: string | null) =>
          put(to(recordOf({ projectId }, { ownerServerId }), START));
        await owned('nobody', null);
        for (const owner of ['s1', 's2', 's3']) {
          await owned(`${owner}-a`, owner);
          await owned(`${owner}-b`, owner);
        }
        const except = async (...exceptBy: string[]) => (await ids({ list: 'owned', exceptBy })).toSorted();
        expect(await except()).toEqual(['s1-a', 's1-b', 's2-a', 's2-b', 's3-a', 's3-b']);
        expect(await except('s2')).toEqual(['s1-a', 's1-b', 's3-a', 's3-b']);
        expect(await except('s3', 's1')).toEqual(['s2-a', 's2-b']);
        expect(await ids({ list: 'owned', exceptBy: ['s1'] }, 1)).toHaveLength(1);
        await put(
          to(recordOf({ projectId: 's2-a', revision: 2, ...failureOf(true) }, { ownerServerId: 's2' })),
        );
        expect(await except('s3', 's1')).toEqual(['s2-b']);
      });

      it('keeps the last heartbeat of each server until it is taken back', async () => {
        await store.renewLease({ serverId: 'one', renewedAt: 1, ttlMs: 30_000 });
        await store.renewLease({ serverId: 'two', renewedAt: 2, ttlMs: 30_000 });
        await store.renewLease({ serverId: 'one', renewedAt: 3, ttlMs: 30_000 });
        const leases = [...(await under.other.listLeases())].sort((a, b) => a.renewedAt - b.renewedAt);
        expect(leases).toEqual([
          { serverId: 'two', renewedAt: 2, ttlMs: 30_000 },
          { serverId: 'one', renewedAt: 3, ttlMs: 30_000 },
        ]);
        await store.dropLease('one');
        await store.dropLease('one');
        expect((await store.listLeases()).map((lease) => lease.serverId)).toEqual(['two']);
      });
    });

    describe('retention', () => {
      it('deletes ended history and logs that are old, and keeps states, what runs and what is young', async () => {
        const entry = (revision: number) => [entryOf(revision)];
        // Project p: two in the history, the second young; the latest runs and is old.
        await put(to(recordOf({ id: 'old', revision: 1 }), START, entry(1)));
        await put(to(recordOf({ id: 'old', revision: 2, status: 'CANCELLED' }), CHANGE, entry(2)));
        await put(to(recordOf({ id: 'young', revision: 3, startedAt: 3 }), START, entry(3)));
        const young = {
          id: 'young',
          revision: 4,
          startedAt: 3,
          updatedAt: 200,
          status: 'CANCELLED' as const,
        };
        await put(to(recordOf(young), CHANGE, entry(4)));
        await put(to(recordOf({ id: 'running', revision: 5, startedAt: 5 }), START, entry(5)));
        // Project q: its latest ended long ago.
        await put(to(recordOf({ projectId: 'q', revision: 1 }), START, entry(1)));
        await put(to(recordOf({ projectId: 'q', revision: 2, status: 'COMPLETED' }), CHANGE, entry(2)));
        await store.renewLease({ serverId: 'dead', renewedAt: 1, ttlMs: 10 });
        await store.renewLease({ serverId: 'alive', renewedAt: 95, ttlMs: 10 });

        expect(await store.deleteBefore(100, 50)).toEqual({ deleted: 1, hasMore: false });
        const events = async (projectId: string, id: string) =>
          (await store.listEvents(projectId, id, { first: 10, after: null })).items.length;
        expect(await store.readIngestion('p', 'old')).toBeNull();
        expect(await events('p', 'old')).toBe(0);
        expect(await store.readIngestion('p', 'young')).not.toBeNull();
        expect(await events('p', 'young')).toBe(2);
        expect(await events('p', 'running')).toBe(1);
        expect((await store.read('q'))?.progress.status).toBe('COMPLETED');
        expect(await events('q', 'i')).toBe(0);
        const list = await store.listIngestions('p', { first: 10, after: null });
        expect(list.items.map(({ node }) => node.progress.id)).toEqual(['running', 'young']);
        expect((await store.listLeases()).map((lease) => lease.serverId)).toEqual(['alive']);
        expect(await store.deleteBefore(100, 50)).toEqual({ deleted: 0, hasMore: false });
      });
    });

    it('deletes in batches of the size that it is given, until nothing is left', async () => {
      for (let start = 1; start <= 8; start += 1) {
        const fields = { id: `i${start}`, startedAt: start * 10, revision: start * 10 };
        await put(to(recordOf(fields), START, [entryOf(fields.revision)]));
        await put(to(recordOf({ ...fields, revision: fields.revision + 1, status: 'CANCELLED' })));
      }
      let deleted = 0;
      for (let hasMore = true, calls = 0; hasMore; calls += 1) {
        const done = await store.deleteBefore(1_000, 3);
        expect(done.deleted).toBeLessThanOrEqual(3);
        deleted += done.deleted;
        hasMore = done.hasMore;
        expect(calls).toBeLessThan(10);
      }
      expect(deleted).toBe(7);
      const list = await store.listIngestions('p', { first: 10, after: null });
      expect(list.items.map(({ node }) => node.progress.id)).toEqual(['i8']);
      expect((await store.listEvents('p', 'i8', { first: 10, after: null })).items).toEqual([]);
    });

    it('answers a ping while it is open, is closed twice without harm, and then says that it cannot be reached', async () => {
      await store.ping();
      await store.close();
      await store.close();
      await expect(store.ping()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await expect(store.read('p')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await expect(store.write([to(recordOf(), START)])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    });
  });
}
