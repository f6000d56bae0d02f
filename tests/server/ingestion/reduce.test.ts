import type { IngestionProgress, StartReport } from '@ingestion-progress/schema';
import { describe, expect, test } from 'vitest';
import { nextRevision } from '../../../server/progress/change.js';
import { reduce, type ReduceResult } from '../../../server/progress/reduce.js';
import type { IngestionRecord } from '../../../server/progress/record.js';
import type { Report } from '../../../server/progress/report.js';
import { initialState } from '../../../server/progress/initial-state.js';

const ID = { projectId: 'p', ingestionId: 'i' };

function begin(options: Partial<StartReport> = {}): IngestionRecord {
  return initialState({ projectId: 'p', ...options }, { ingestionId: 'i', ownerServerId: null, nowMs: 1_000 })
    .record;
}

const phase = (number: number, message = `m${number}`, more = {}): Report => ({
  type: 'phase_started',
  report: { ...ID, phase: number, message, ...more },
});
const update = (number: number, progressPercent: number | null, metrics = {}, more = {}): Report => ({
  type: 'progress_update',
  report: { ...ID, phase: number, progressPercent, metrics, ...more },
});
const complete = (result = {}): Report => ({ type: 'ingestion_complete', report: { ...ID, result } });
const failure = (recoverable: boolean, more = {}): Report => ({
  type: 'error',
  report: { ...ID, errorCode: 'SOURCE_GONE', message: 'gone', recoverable, ...more },
});

function reduceAll(record: IngestionRecord, ...reports: Report[]): IngestionRecord {
  return reports.reduce((state, report, index) => {
    const outcome = reduce(state, report, 2_000 + index);
    if (outcome.kind !== 'changed') throw new Error(`${report.type}: ${JSON.stringify(outcome)}`);
    return outcome.change.record;
  }, record);
}

const statuses = (progress: IngestionProgress) => progress.phases.map((each) => each.status);
const last = (record: IngestionRecord, report: Report): ReduceResult => reduce(record, report, 9_000);

test('an ingestion starts running, in no phase, with four pending phases of equal weight and nothing known', () => {
  const { progress } = begin();
  expect(progress).toMatchObject({
    status: 'RUNNING',
    currentPhase: 0,
    progressPercent: null,
    metrics: null,
  });
  expect(progress.phases.map(({ name, weight }) => [name, weight])).toEqual([
    ['Discovery', 0.25],
    ['Extraction', 0.25],
    ['Analysis', 0.25],
    ['Indexing', 0.25],
  ]);
});

test('a retry from phase 3 has the first two skipped, counted as done', () => {
  const { progress } = begin({ fromPhase: 3 });
  expect(statuses(progress)).toEqual(['SKIPPED', 'SKIPPED', 'PENDING', 'PENDING']);
  expect(progress.progressPercent).toBe(50);
  expect(last(begin({ fromPhase: 3 }), phase(1)).kind).toBe('rejected');
});

// (invariant: never-back)
describe('phases only go forward', () => {
  test('a start of a later phase completes the running one and skips those between', () => {
    const { progress } = reduceAll(begin(), phase(1), phase(4));
    expect(statuses(progress)).toEqual(['COMPLETED', 'SKIPPED', 'SKIPPED', 'RUNNING']);
    expect(progress.progressPercent).toBe(75);
  });
  test('an update of a later phase starts it, with its name as message', () => {
    const outcome = last(reduceAll(begin(), phase(1)), update(2, 10));
    expect(outcome).toMatchObject({
      kind: 'changed',
      delivery: 'immediate',
      change: { payload: { type: 'phase_started' } },
    });
    const { progress } = reduceAll(begin(), phase(1), update(2, 10));
    expect(progress.phases[1]).toMatchObject({ status: 'RUNNING', percent: 10, message: 'Extraction' });
  });
  test('a start of the running phase changes only its message', () => {
    const before = reduceAll(begin(), phase(2), update(2, 40, { itemsProcessed: 4 }));
    const outcome = last(before, phase(2, 'other words'));
    expect(outcome).toMatchObject({ kind: 'changed', delivery: 'coalesced' });
    const after = reduceAll(before, phase(2, 'other words')).progress;
    expect(after.phases[1]).toEqual({ ...before.progress.phases[1], message: 'other words' });
  });
  test('a start of an earlier phase is a conflict', () => {
    expect(last(reduceAll(begin(), phase(3)), phase(2)).kind).toBe('rejected');
  });
  test('an update of an earlier phase is ignored and counted, and still a sign of life', () => {
    const before = reduceAll(begin(), phase(3));
    const outcome = last(before, update(2, 90));
    expect(outcome).toMatchObject({ kind: 'changed', ignored: true, delivery: 'coalesced' });
    if (outcome.kind !== 'changed') throw new Error('unreachable');
    expect(outcome.change.record.progress.phases).toEqual(before.progress.phases);
    expect(outcome.change.record.progress.updatedAt).toBe(9_000);
  });
});

describe('percents', () => {
  // (invariant: never-back)
  test('a lower percent is clamped, its metrics are kept', () => {
    const { progress } = reduceAll(
      begin(),
      update(1, 60, { itemsProcessed: 6 }),
      update(1, 40, { itemsProcessed: 7 }),
    );
    expect(progress.phases[0]).toMatchObject({ percent: 60, metrics: { itemsProcessed: 7 } });
  });
  test('unknown is not zero: null changes no percent, and counts as 0 only in the overall one', () => {
    expect(reduceAll(begin(), update(1, null)).progress).toMatchObject({
      progressPercent: null,
      phases: [{ percent: null }, {}, {}, {}],
    });
    expect(reduceAll(begin(), update(1, 30), update(1, null)).progress.phases[0]?.percent).toBe(30);
    expect(reduceAll(begin(), phase(1), phase(2)).progress.progressPercent).toBe(25);
  });
  test('the overall percent is the weighted mean', () => {
    const { progress } = reduceAll(begin({ phaseWeights: [1, 2, 3, 4] }), phase(1), phase(2), update(2, 50));
    expect(progress.phases.reduce((sum, each) => sum + each.weight, 0)).toBeCloseTo(1, 12);
    expect(progress.progressPercent).toBe(20);
  });
});

test('a phase keeps its first 20 counters, whatever a job names in later reports', () => {
  const named = (from: number, value: number) => ({
    counters: Array.from({ length: 20 }, (_, index) => ({ name: `c${from + index}`, value })),
  });
  const { phases } = reduceAll(begin(), update(1, 1, named(0, 1)), update(1, 2, named(10, 2))).progress;
  const counters = phases[0]?.metrics?.counters ?? [];
  expect(counters.map(({ name }) => name)).toEqual(named(0, 0).counters.map(({ name }) => name));
  expect(counters.map(({ value }) => value)).toEqual([...Array(10).fill(1), ...Array(10).fill(2)]);
});

test('metrics merge by field, and counters by name', () => {
  const { progress } = reduceAll(
    begin({ totals: [{ phase: 1, itemsTotal: 9 }] }),
    update(1, null, { itemsProcessed: 1, counters: [{ name: 'pages', label: 'Pages', value: 1 }] }),
    update(1, null, {
      bytesProcessed: 5,
      itemsTotal: 10,
      counters: [
        { name: 'rows', value: 2 },
        { name: 'pages', value: 3 },
      ],
    }),
  );
  expect(progress.metrics).toMatchObject({
    itemsTotal: 10,
    itemsProcessed: 1,
    itemsFailed: null,
    bytesProcessed: 5,
    counters: [
      { name: 'pages', label: 'Pages', value: 3, unit: null },
      { name: 'rows', label: 'rows', value: 2, unit: null },
    ],
  });
});

describe('completion', () => {
  test('completes the running phase, skips pending ones and sets 100', () => {
    const { progress } = reduceAll(begin(), phase(2), update(2, 10), complete({ itemsProcessed: 3 }));
    expect(statuses(progress)).toEqual(['SKIPPED', 'COMPLETED', 'SKIPPED', 'SKIPPED']);
    expect(progress).toMatchObject({ status: 'COMPLETED', progressPercent: 100, completedAt: 2_002 });
    expect(progress.result).toMatchObject({
      outcome: 'SUCCESS',
      itemsProcessed: 3,
      itemsFailed: null,
      links: [],
      durationMs: 1_002,
    });
  });
  test('is partial where items failed and nobody says otherwise', () => {
    const outcome = (record: IngestionRecord) => record.progress.result?.outcome;
    expect(outcome(reduceAll(begin(), complete({ itemsFailed: 1 })))).toBe('PARTIAL');
    expect(outcome(reduceAll(begin(), update(1, 5, { itemsFailed: 2 }), complete()))).toBe('PARTIAL');
    expect(outcome(reduceAll(begin(), complete({ itemsFailed: 1, outcome: 'SUCCESS' })))).toBe('SUCCESS');
    expect(outcome(reduceAll(begin(), update(1, 5, { itemsFailed: 2 }), complete({ itemsFailed: 0 })))).toBe(
      'SUCCESS',
    );
  });
});

describe('failure', () => {
  test('a recoverable one is no ending: the next valid report runs on and clears it', () => {
    const failed = reduceAll(begin(), phase(2), update(2, 30), failure(true));
    expect(failed.progress).toMatchObject({
      status: 'FAILED',
      completedAt: null,
      error: { phase: 2, recoverable: true },
    });
    expect(failed.progress.phases[1]).toMatchObject({
      status: 'FAILED',
      error: { errorCode: 'SOURCE_GONE' },
    });
    const revived = reduceAll(failed, update(2, 35)).progress;
    expect(revived).toMatchObject({ status: 'RUNNING', error: null });
    expect(revived.phases[1]).toMatchObject({
      status: 'RUNNING',
      percent: 35,
      error: null,
      completedAt: null,
    });
    expect(last(failed, phase(1)).kind).toBe('rejected');
  });
  test('the same recoverable one again is merged, another one is not', () => {
    const failed = reduceAll(begin(), phase(2), failure(true));
    expect(last(failed, failure(true))).toMatchObject({ delivery: 'coalesced' });
    expect(last(failed, failure(true, { errorCode: 'OTHER' }))).toMatchObject({ delivery: 'immediate' });
  });
  test('one of a phase that is over fails the phase that runs', () => {
    const { progress } = reduceAll(begin(), phase(3), failure(true, { phase: 1 }));
    expect(statuses(progress)).toEqual(['SKIPPED', 'SKIPPED', 'FAILED', 'PENDING']);
    expect(progress.error?.phase).toBe(1);
  });
  test('one before the first phase has none', () => {
    expect(reduceAll(begin(), failure(false)).progress).toMatchObject({
      currentPhase: 0,
      error: { phase: null },
    });
  });
});

// (invariant: ending-is-final)
describe('an ending is final', () => {
  const done = reduceAll(begin(), phase(1), complete());
  test('every other report is a conflict', () => {
    for (const report of [phase(2), update(1, 5), failure(false), failure(true)]) {
      expect(last(done, report).kind).toBe('rejected');
    }
  });
  test('its repeat changes nothing and is no conflict', () => {
    expect(last(done, complete({ itemsProcessed: 5 })).kind).toBe('duplicate');
    expect(last(reduceAll(begin(), failure(false)), failure(false)).kind).toBe('duplicate');
    const cancelled = reduceAll(begin(), phase(1), { type: 'cancelled', report: ID });
    expect(cancelled.progress).toMatchObject({ status: 'CANCELLED', progressPercent: null });
    expect(last(cancelled, { type: 'cancelled', report: ID }).kind).toBe('duplicate');
  });
  test('a sequence is looked at before that', () => {
    const numbered = reduceAll(begin(), phase(1, 'm', { sequence: 7 }), complete());
    expect(last(numbered, update(1, 5, {}, { sequence: 7 })).kind).toBe('duplicate');
    expect(last(numbered, update(1, 5, {}, { sequence: 8 })).kind).toBe('rejected');
  });
});

test('a report of another ingestion is a conflict', () => {
  const report: Report = { type: 'cancelled', report: { projectId: 'p', ingestionId: 'older' } };
  expect(last(begin(), report).kind).toBe('rejected');
});

test('revisions rise strictly and stay close to the clock', () => {
  expect(nextRevision(5, 100)).toBe(100);
  expect(nextRevision(100, 100)).toBe(101);
  expect(nextRevision(200, 100)).toBe(201);
});
