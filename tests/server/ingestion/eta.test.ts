/** How the estimate of the remaining time appears in the state; the estimate itself is tested in tests/server/progress. */
import { expect, test } from 'vitest';
import { initialState } from '../../../server/progress/initial-state.js';
import type { IngestionRecord } from '../../../server/progress/record.js';
import { reduce } from '../../../server/progress/reduce.js';
import type { Report } from '../../../server/progress/report.js';

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

const within = (value: number | null | undefined, low: number, high: number) => {
  expect(value).toBeGreaterThanOrEqual(low);
  expect(value).toBeLessThanOrEqual(high);
};

test('no rate and no estimate from the first reports', () => {
  expect(run(steady(2, 500)).progress.metrics).toMatchObject({ itemsPerSecond: null, etaSeconds: null });
});

test('a steady phase has its rate, and an estimate with bounds at most 1 to 2', () => {
  const { metrics } = run(steady(21, 500)).progress;
  within(metrics?.itemsPerSecond, 9.9, 10.1);
  within(metrics?.etaSeconds, 80, 100);
  const [low, high] = [metrics?.etaLowSeconds ?? 0, metrics?.etaHighSeconds ?? 0];
  within(metrics?.etaSeconds, low, high);
  within(high / low, 1, 2);
});

test('the rate that a job gives itself stands', () => {
  expect(run(steady(30, 500, { itemsPerSecond: 3 })).progress.metrics).toMatchObject({ itemsPerSecond: 3 });
});

test('a phase with percents alone has an estimate from these, and no counts', () => {
  const steps = Array.from({ length: 21 }, (_, index) => ({ atMs: index * 1_000, percent: index * 2 }));
  const { metrics } = run(steps).progress;
  expect(metrics).toMatchObject({ itemsTotal: null, itemsProcessed: null, itemsPerSecond: null });
  within(metrics?.etaSeconds, 25, 35);
});

test('a new phase begins anew', () => {
  const next = { atMs: 60_000, phase: 2, metrics: { itemsProcessed: 1 } };
  expect(run([...steady(21, 500), next]).progress.metrics).toMatchObject({
    itemsPerSecond: null,
    etaSeconds: null,
  });
});

test('the whole has an estimate only if what is to come has weights: another phase has another pace', () => {
  const steps = steady(21, 500);
  expect(run(steps).progress.etaSeconds).toBeNull();
  const totals = [2, 3, 4].map((phase) => ({ phase, itemsTotal: 100 }));
  expect(run(steps, { totals }).progress.etaSeconds).toBeNull();
  within(run(steps, { phaseWeights: [1, 1, 1, 1] }).progress.etaSeconds, 350, 430);
});

test('in the last phase the estimate of the phase is that of the whole', () => {
  const steps = steady(21, 500).map((step) => ({ ...step, phase: 4 }));
  const { etaSeconds, metrics } = run(steps).progress;
  expect(etaSeconds).toBe(metrics?.etaSeconds);
});
