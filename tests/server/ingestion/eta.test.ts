import type { Report } from '../../../server/progress/report.js';
import { expect, test } from 'vitest';
import { reduce } from '../../../server/progress/reduce.js';
import type { IngestionRecord } from '../../../server/progress/record.js';
import { initialState } from '../../../server/progress/initial-state.js';

interface Step {
  readonly atMs: number;
  readonly phase?: number;
  readonly percent?: number | null;
  readonly metrics?: object;
}

function run(steps: readonly Step[], options = {}): IngestionRecord {
  const facts = { ingestionId: 'i', ownerServerId: null, nowMs: 0 };
  let { record } = initialState({ projectId: 'p', ...options }, facts);
  for (const { atMs, phase = 1, percent = null, metrics } of steps) {
    const report = {
      projectId: 'p',
      ingestionId: 'i',
      phase,
      progressPercent: percent,
      metrics,
    } as Report['report'];
    const outcome = reduce(record, { type: 'progress_update', report } as Report, atMs);
    if (outcome.kind !== 'changed') throw new Error(outcome.kind);
    ({ record } = outcome.change);
  }
  return record;
}

/** 10 items a second out of 1,000, an update each `everyMs`. */
const steady = (count: number, everyMs: number, more = {}): Step[] =>
  Array.from({ length: count }, (_, index) => ({
    atMs: index * everyMs,
    metrics: { itemsProcessed: (index * everyMs) / 100, itemsTotal: 1_000, ...more },
  }));

test('no rate and no ETA before 10 s of the phase', () => {
  expect(run(steady(20, 500)).progress.metrics).toMatchObject({ itemsPerSecond: null, etaSeconds: null });
  expect(run(steady(21, 500)).progress.metrics).toMatchObject({ itemsPerSecond: 10, etaSeconds: 90 });
});

test('no rate and no ETA before 5 updates of the phase', () => {
  expect(run(steady(4, 5_000)).progress.metrics).toMatchObject({ itemsPerSecond: null, etaSeconds: null });
  expect(run(steady(5, 5_000)).progress.metrics).toMatchObject({ itemsPerSecond: 10, etaSeconds: 80 });
});

test('none while the last three estimates spread over 30%', () => {
  const calm = steady(6, 5_000);
  const burst = { atMs: 55_000, metrics: { itemsProcessed: 900 } };
  expect(run(calm).progress.metrics?.etaSeconds).not.toBeNull();
  expect(run([...calm, burst]).progress.metrics).toMatchObject({ itemsPerSecond: null, etaSeconds: null });
});

test('what is older than half a minute counts little', () => {
  const slow = Array.from({ length: 20 }, (_, index) => ({
    atMs: index * 1_000,
    metrics: { itemsProcessed: index },
  }));
  const fast = Array.from({ length: 90 }, (_, index) => ({
    atMs: 20_000 + index * 1_000,
    metrics: { itemsProcessed: 20 + index * 5 },
  }));
  const rate = run([...slow, ...fast]).progress.metrics?.itemsPerSecond ?? 0;
  expect(rate).toBeGreaterThan(4.7);
  expect(rate).toBeLessThanOrEqual(5);
});

test('the rate that a job gives itself stands', () => {
  expect(run(steady(30, 500, { itemsPerSecond: 3 })).progress.metrics).toMatchObject({ itemsPerSecond: 3 });
});

test('a phase with percents alone has an ETA from these, and else no metrics', () => {
  const steps = Array.from({ length: 21 }, (_, index) => ({ atMs: index * 1_000, percent: index * 2 }));
  expect(run(steps.slice(0, 5)).progress.metrics).toBeNull();
  expect(run(steps).progress.metrics).toMatchObject({
    itemsTotal: null,
    itemsProcessed: null,
    etaSeconds: 30,
  });
});

test('a new phase begins anew', () => {
  const next = { atMs: 60_000, phase: 2, metrics: { itemsProcessed: 1 } };
  expect(run([...steady(21, 500), next]).progress.metrics).toMatchObject({
    itemsPerSecond: null,
    etaSeconds: null,
  });
});

test('the whole has an ETA only where weights or totals of what is to come are given', () => {
  const steps = steady(21, 500);
  expect(run(steps).progress.etaSeconds).toBeNull();
  expect(run(steps, { phaseWeights: [1, 1, 1, 1] }).progress.etaSeconds).toBeCloseTo(90 + 300, 0);
  const totals = [2, 3, 4].map((phase) => ({ phase, itemsTotal: 100 }));
  expect(run(steps, { totals }).progress.etaSeconds).toBe(120);
  expect(run(steps, { totals: totals.slice(1) }).progress.etaSeconds).toBeNull();
});

test('in the last phase the ETA of the phase is that of the whole', () => {
  const steps = steady(21, 500).map((step) => ({ ...step, phase: 4 }));
  expect(run(steps).progress.etaSeconds).toBe(90);
});
