import { expect, test } from 'vitest';
import { overallRemainingTime, type PhaseTime } from '../../../server/progress/overall-remaining-time.js';
import { judgeTrace, missedGoals, verdictOf } from '../../traces/judge.js';
import { createOurEstimator } from '../../traces/our-estimator.js';
import { SCENARIOS } from '../../traces/synthetic.js';

const minutes = (count: number) => ({
  seconds: count * 60,
  lowSeconds: count * 54,
  highSeconds: count * 66.7,
});
const phase = (more: Partial<PhaseTime>): PhaseTime => ({
  status: 'pending',
  weight: null,
  activeMs: 0,
  remaining: null,
  expectedMs: null,
  ...more,
});
const running = (more: Partial<PhaseTime> = {}) =>
  phase({ status: 'running', activeMs: 600_000, remaining: minutes(10), ...more });

test('in the last phase the estimate of the whole is its own', () => {
  expect(overallRemainingTime([phase({ status: 'done', activeMs: 5_000 }), running()])).toMatchObject({
    seconds: 600,
    basis: 'running',
  });
});

test('what is to come is not counted at the pace of what runs: null without weights or an earlier run', () => {
  expect(overallRemainingTime([running(), phase({})])).toBeNull();
  expect(overallRemainingTime([running({ weight: 1 }), phase({ weight: 2 }), phase({})])).toBeNull();
});

test('with weights what is to come takes as long for its weight as what was', () => {
  // 10 minutes are done and 10 are left of weight 1: 20 minutes each.
  expect(overallRemainingTime([running({ weight: 1 }), phase({ weight: 2 })])).toMatchObject({
    seconds: (10 + 40) * 60,
    basis: 'weights',
  });
  // A phase before it went three times as fast for its weight: both count.
  const before = phase({ status: 'done', weight: 3, activeMs: 20 * 60_000 });
  expect(overallRemainingTime([before, running({ weight: 1 }), phase({ weight: 2 })])?.seconds).toBe(
    (10 + 20) * 60,
  );
});

test('a phase that has just begun is told by its weight, so that the whole does not disappear', () => {
  const phases = [
    phase({ status: 'done', weight: 1, activeMs: 600_000 }),
    running({ weight: 2, activeMs: 60_000, remaining: null }),
    phase({ weight: 1 }),
  ];
  expect(overallRemainingTime(phases)?.seconds).toBe((20 - 1 + 10) * 60);
});

test('the time that a phase took in an earlier run is taken, and said', () => {
  expect(overallRemainingTime([running(), phase({ expectedMs: 1_800_000 })])).toMatchObject({
    seconds: 40 * 60,
    basis: 'earlier-run',
  });
});

test('phases that overlap run side by side', () => {
  expect(overallRemainingTime([running(), running({ remaining: minutes(25) })])?.seconds).toBe(25 * 60);
});

test('nothing runs, nothing is said', () => {
  expect(overallRemainingTime([phase({ weight: 1, expectedMs: 1_000 })])).toBeNull();
  expect(overallRemainingTime([])).toBeNull();
});

test('a range is at most 1:2 around the estimate', () => {
  const { seconds, lowSeconds, highSeconds } = overallRemainingTime([
    running({ weight: 1 }),
    phase({ weight: 9 }),
  ])!;
  expect(highSeconds / lowSeconds).toBeLessThanOrEqual(2.000_001);
  expect(Math.sqrt(lowSeconds * highSeconds)).toBeCloseTo(seconds, 6);
});

test('four phases with weights that are a third off: the goals hold for the whole', () => {
  const { trace } = SCENARIOS.find(({ isOverall }) => isOverall === true)!;
  const judged = [1, 2, 3].flatMap((seed) => judgeTrace(trace(seed), () => createOurEstimator(true), true));
  expect(missedGoals(verdictOf(judged))).toEqual([]);
});
