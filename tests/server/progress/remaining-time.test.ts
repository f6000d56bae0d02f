import { describe, expect, test } from 'vitest';
import {
  activeMs,
  advanceRemainingTime,
  pauseRemainingTime,
  resumeRemainingTime,
  type RemainingTimeState,
  type RemainingTimeStep,
  type Work,
} from '../../../server/progress/remaining-time.js';
import { createPlainMean } from '../../../bench/eta/estimators.js';
import { judgeTrace, missedGoals, verdictOf, type Estimator } from '../../traces/judge.js';
import { createOurEstimator } from '../../traces/our-estimator.js';
import { SCENARIOS } from '../../traces/synthetic.js';
import { recordedTraces, type Trace } from '../../traces/trace.js';

const NOTHING: Work = { percent: null, itemsDone: null, itemsTotal: null, bytesDone: null, bytesTotal: null };
const START_MS = Date.UTC(2026, 0, 1);

/** Events at seconds of the phase; each overrides what the one before it told. */
function run(events: readonly (readonly [seconds: number, work: Partial<Work>])[]): RemainingTimeStep {
  let step: RemainingTimeStep | null = null;
  let work = NOTHING;
  for (const [seconds, more] of events) {
    work = { ...work, ...more };
    step = advanceRemainingTime(step?.state ?? null, work, START_MS + seconds * 1000);
  }
  return step!;
}

/** An item every `everySeconds` of `total`, from `first` to `last`. */
const items = (first: number, last: number, everySeconds: number, total: number | null, startSeconds = 0) =>
  Array.from(
    { length: last - first + 1 },
    (_, index) =>
      [startSeconds + index * everySeconds, { itemsDone: first + index, itemsTotal: total }] as const,
  );

describe('made-up runs', () => {
  for (const { name, trace, hasGoal, isOverall = false } of SCENARIOS) {
    if (!hasGoal) continue;
    test(`the goals are reached: ${name}`, () => {
      const judged = [1, 2, 3].flatMap((seed) =>
        judgeTrace(trace(seed), () => createOurEstimator(isOverall), isOverall),
      );
      expect(missedGoals(verdictOf(judged))).toEqual([]);
    });
  }
});

describe('recorded runs', () => {
  const logError = (trace: Trace, create: () => Estimator): number => {
    const ratios = judgeTrace(trace, create).flatMap((judged) => judged.ratios);
    return Math.sqrt(ratios.reduce((sum, ratio) => sum + Math.log(ratio) ** 2, 0) / ratios.length);
  };

  test('the goals are reached: restic, whose totals grow at first', () => {
    const trace = recordedTraces().get('restic')!;
    expect(missedGoals(verdictOf(judgeTrace(trace, createOurEstimator)))).toEqual([]);
  });

  // Nobody reaches the goals on these: their pace, or their total, is another one at the end. Bounds against decay.
  for (const [name, trace] of recordedTraces()) {
    test(`never far behind a plain mean, and few changes: ${name}`, () => {
      expect(logError(trace, createOurEstimator)).toBeLessThan(1.45 * logError(trace, createPlainMean));
      const { changes } = verdictOf(judgeTrace(trace, createOurEstimator));
      expect(changes).toBeLessThanOrEqual(4);
    });
  }

  for (const name of ['growing-walk', 'growing-walk-sources']) {
    test(`much nearer than a plain mean where the total grows: ${name}`, () => {
      const trace = recordedTraces().get(name)!;
      expect(logError(trace, createOurEstimator)).toBeLessThan(0.85 * logError(trace, createPlainMean));
    });
  }
});

test('an even pace is told to the second after two steps, and only then', () => {
  expect(run(items(0, 1, 5, 100)).estimate).toBeNull();
  expect(run(items(0, 2, 5, 100)).estimate?.seconds).toBeCloseTo(490, 0);
  expect(run(items(0, 50, 5, 100)).estimate?.seconds).toBeCloseTo(250, 0);
});

test('a job that goes on from where an earlier one stopped is judged by what it did itself', () => {
  expect(run(items(5_000, 5_040, 1, 9_800)).estimate?.seconds).toBeCloseTo(4_760, -2);
});

test('no total, no estimate; it comes with the total', () => {
  const begun = items(0, 30, 1, null);
  expect(run(begun).estimate).toBeNull();
  expect(run([...begun, [31, { itemsDone: 31, itemsTotal: 100 }]]).estimate?.seconds).toBeCloseTo(69, 0);
});

test('heartbeats change nothing but the waiting for the step that runs', () => {
  const plain = items(0, 20, 60, 100);
  const beats = plain.flatMap(([at, work]) =>
    [10, 20, 30, 40, 50].map((after) => [at + after, work] as const),
  );
  const both = [...plain, ...beats].sort(([a], [b]) => a - b).filter(([at]) => at <= 1_200);
  expect(run(both).estimate?.seconds).toBe(run(plain).estimate?.seconds);
  // A minute more or less of 80: counted down, never up, until the step is late.
  const inBetween = run([...both, [1_230, {}]]).estimate?.seconds ?? 0;
  expect(inBetween).toBeLessThan(4_800);
  expect(inBetween).toBeGreaterThanOrEqual(4_740);
});

test('what the job takes long over is believed: the estimate grows while a step is late', () => {
  const begun = items(0, 20, 5, 100);
  const late = run([...begun, ...Array.from({ length: 5 }, (_, index) => [110 + index * 10, {}] as const)]);
  expect(late.estimate?.seconds).toBeGreaterThan(430);
});

test('a night without a word is cut out', () => {
  const evening = items(0, 100, 5, 200);
  const morning = items(101, 120, 5, 200, 500 + 8 * 3_600);
  const { state, estimate } = run([...evening, ...morning]);
  expect(estimate?.seconds).toBeCloseTo(400, -1);
  expect(activeMs(state)).toBeCloseTo(600_000, -4);
});

test('a pause that is told is cut out, however short, and the estimate stays as it was meanwhile', () => {
  const before = run(items(0, 100, 5, 200));
  const at = (seconds: number) => START_MS + seconds * 1000;
  const paused = pauseRemainingTime(before.state, at(500));
  const heard = advanceRemainingTime(paused, { ...NOTHING, itemsDone: 100, itemsTotal: 200 }, at(650));
  expect(heard.estimate?.seconds).toBe(before.estimate?.seconds);
  const resumed = resumeRemainingTime(heard.state, at(700));
  const after = advanceRemainingTime(resumed, { ...NOTHING, itemsDone: 101, itemsTotal: 200 }, at(705));
  expect(after.estimate?.seconds).toBeCloseTo(495, 0);
  expect(activeMs(after.state)).toBe(505_000);
});

test('resuming what was not paused changes nothing', () => {
  const { state } = run(items(0, 10, 5, 20));
  expect(resumeRemainingTime(state, START_MS + 999_000)).toBe(state);
});

test('the measure that would have foretold best counts: bytes of files that differ, not their number', () => {
  // 30 small files, then 10 a hundred times as large: a byte takes the same all along.
  let [seconds, bytes] = [0, 0];
  const events: [number, Partial<Work>][] = [[0, { itemsDone: 0, bytesDone: 0 }]];
  for (let file = 1; file <= 34; file += 1) {
    const size = file <= 30 ? 1e6 : 1e8;
    [seconds, bytes] = [seconds + size / 2e6, bytes + size];
    events.push([seconds, { itemsDone: file, itemsTotal: 40, bytesDone: bytes, bytesTotal: 1.03e9 }]);
  }
  const trueSeconds = 6 * 50;
  const { seconds: shown = 0 } = run(events).estimate ?? {};
  expect(shown / trueSeconds).toBeGreaterThan(0.8);
  expect(shown / trueSeconds).toBeLessThan(1.25);
});

test('the recent past counts where the pace has changed for good', () => {
  const slow = items(0, 100, 10, 1_000);
  const fast = items(101, 700, 1, 1_000, 1_001);
  const { seconds = 0 } = run([...slow, ...fast]).estimate ?? {};
  expect(seconds).toBeGreaterThan(270);
  expect(seconds).toBeLessThan(360);
});

test('a total that grows as fast as what is done never looks like the end', () => {
  for (const seconds of [60, 300, 1_000]) {
    const events = Array.from(
      { length: seconds },
      (_, index) => [index, { itemsDone: index * 10, itemsTotal: index * 10 + 5 }] as const,
    );
    expect(run(events).estimate).toBeNull();
  }
});

test('counts that fall are no progress, and what is lost is to be done once more', () => {
  const begun = items(0, 50, 5, 100);
  const fallen = run([...begun, [251, { itemsDone: 30 }]]).estimate?.seconds ?? 0;
  expect(fallen).toBeGreaterThan(340);
  expect(fallen).toBeLessThan(360);
});

test('events of one moment, or of a clock that was set back, do no harm', () => {
  const begun = items(0, 50, 5, 100);
  const { seconds = 0 } = run([...begun, [240, { itemsDone: 51 }], [240, { itemsDone: 52 }]]).estimate ?? {};
  expect(seconds).toBeGreaterThan(160);
  expect(seconds).toBeLessThan(250);
});

test('nothing left is nearly nothing, and never less than nothing', () => {
  const { estimate } = run([...items(0, 100, 5, 100), [501, { itemsDone: 120 }]]);
  expect(estimate?.seconds).toBeGreaterThan(0);
  expect(estimate?.seconds).toBeLessThan(5);
});

test('a range is at most 1:2, and the estimate its geometric mean', () => {
  let [widest, furthest] = [0, 0];
  for (const { trace } of SCENARIOS) {
    for (const { estimate } of replay(trace(1))) {
      if (estimate === null) continue;
      const { seconds, lowSeconds, highSeconds } = estimate;
      widest = Math.max(widest, highSeconds / lowSeconds);
      furthest = Math.max(furthest, Math.abs(Math.sqrt(lowSeconds * highSeconds) / seconds - 1));
    }
  }
  expect(widest).toBeCloseTo(2, 6);
  expect(furthest).toBeLessThan(1e-6);
});

test('the state is small: 160 bytes of JSON with one measure, 240 with all three', () => {
  const most = [0, 0, 0, 0];
  for (const trace of [...SCENARIOS.map((kind) => kind.trace(1)), ...recordedTraces().values()]) {
    for (const { state } of replay(trace, START_MS)) {
      const count = state.measures.filter((measure) => measure !== null).length;
      most[count] = Math.max(most[count] ?? 0, JSON.stringify(state).length);
    }
  }
  expect(most[1]).toBeLessThanOrEqual(160);
  expect(most[2]).toBeLessThanOrEqual(200);
  expect(most[3]).toBeLessThanOrEqual(240);
});

test('a state that went through JSON goes on as the one in memory, which is not changed in place', () => {
  for (const kind of SCENARIOS) {
    const { points } = kind.trace(1);
    const [inMemory, stored] = [
      replay({ points }, START_MS, deepFreeze),
      replay({ points }, START_MS, (state) => JSON.parse(JSON.stringify(state)) as RemainingTimeState),
    ];
    expect(stored.at(-1)).toEqual(inMemory.at(-1));
    expect(stored.map(({ estimate }) => estimate?.seconds)).toEqual(
      inMemory.map(({ estimate }) => estimate?.seconds),
    );
  }
});

/** Every step of a run, over the phases' borders as well; `keep` is what happens to a state in between. */
function replay(
  { points }: Pick<Trace, 'points'>,
  startMs = 0,
  keep: (state: RemainingTimeState) => RemainingTimeState = (state) => state,
): RemainingTimeStep[] {
  let state: RemainingTimeState | null = null;
  return points.map(([at, percent, itemsDone, itemsTotal, bytesDone, bytesTotal]) => {
    const work = { percent, itemsDone, itemsTotal, bytesDone, bytesTotal };
    const step = advanceRemainingTime(state, work, startMs + at);
    state = keep(step.state);
    return step;
  });
}

function deepFreeze(state: RemainingTimeState): RemainingTimeState {
  Object.freeze(state.clock);
  for (const measure of state.measures) Object.freeze(measure);
  Object.freeze(state.measures);
  return Object.freeze(state);
}
