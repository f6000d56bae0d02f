/** What is shown as time left against what was true: ours, a plain mean, tqdm's and Uppy's, on made-up and on recorded runs. */
import {
  createKnowing,
  createKnowingMean,
  createPlainMean,
  createTqdm,
  createUppy,
} from '../eta/estimators.js';
import { stepCosts } from '../eta/step-cost.js';
import { spreadOf, type Spread } from '../harness/statistics.js';
import { withVerdict, type Goal, type Row } from '../result.js';
import { GOALS, judgeTrace, verdictOf, type Estimator, type Verdict } from '../../tests/traces/judge.js';
import { createOurEstimator } from '../../tests/traces/our-estimator.js';
import { SCENARIOS, type Scenario as Kind } from '../../tests/traces/synthetic.js';
import { recordedTraces, type Trace } from '../../tests/traces/trace.js';
import type { Scenario } from './scenario.js';

/** Seeds that nothing was tuned on; a quick run keeps off them. */
const SEEDS = { first: 101, count: 100 };
const QUICK_SEEDS = { first: 1, count: 10 };
/** Recorded runs that have the goals; the others are reported beside them. */
const RECORDED_WITH_GOALS = ['ffmpeg', 'restic', 'tqdm', 'growing-walk'];

const UNITS = {
  median: 'shown ÷ true',
  low: '5% are below',
  high: '5% are above',
  within: '% between ½ and 2',
  shown: '% of the time',
  changes: 'most an hour',
} as const;

type Subjects = Readonly<Record<string, () => Estimator>>;

const PEERS: Subjects = { 'plain mean': createPlainMean, tqdm: createTqdm, Uppy: createUppy };

function figuresOf(verdict: Verdict): Readonly<Record<string, Spread>> {
  const percent = { ...verdict, within: verdict.within * 100, shown: verdict.shown * 100 };
  return Object.fromEntries(
    (Object.keys(UNITS) as (keyof typeof UNITS)[]).map((name) => [name, spreadOf([percent[name]])]),
  );
}

function goalsOf(setting: string, verdicts: readonly Verdict[]): Goal[] {
  const worst = (figure: (verdict: Verdict) => number) => Math.max(...verdicts.map(figure));
  const off = worst(({ median }) => Math.max(median, 1 / median));
  const within = -worst((verdict) => -verdict.within);
  const shown = -worst((verdict) => -verdict.shown);
  const changes = worst((verdict) => verdict.changes);
  return [
    {
      goal: 'median of shown ÷ true, factor off',
      measured: off,
      bound: GOALS.medianHigh,
      sense: 'at most' as const,
    },
    {
      goal: '% between ½ and 2',
      measured: within * 100,
      bound: GOALS.within * 100,
      sense: 'at least' as const,
    },
    {
      goal: '% of the time shown',
      measured: shown * 100,
      bound: GOALS.shown * 100,
      sense: 'at least' as const,
    },
    { goal: 'changes an hour', measured: changes, bound: GOALS.changes, sense: 'at most' as const },
  ].map((goal) => withVerdict({ setting, ...goal }));
}

function subjectsOf({ isOverall = false, sigma }: Kind): Subjects {
  const ours = { 'ingestion-progress': () => createOurEstimator(isOverall) };
  // The peers know nothing of phases to come.
  if (isOverall) return ours;
  return { ...ours, ...PEERS, ...(sigma === undefined ? {} : { 'knows σ': () => createKnowing(sigma) }) };
}

function verdicts(traces: readonly Trace[], subjects: Subjects, isOverall = false): [string, Verdict][] {
  return Object.entries(subjects).map(([name, create]) => [
    name,
    verdictOf(traces.flatMap((trace) => judgeTrace(trace, create, isOverall))),
  ]);
}

/** The bench `eta`. */
export const eta: Scenario = ({ quick, log }) => {
  // First, before anything else has shaped what the compiler makes of it.
  const costs = stepCosts();
  const { first, count } = quick ? QUICK_SEEDS : SEEDS;
  const rows: Row[] = [];
  const goals: Goal[] = [];
  const ours: Verdict[] = [];
  const add = (setting: string, all: readonly [string, Verdict][]) => {
    for (const [subject, verdict] of all) rows.push({ setting, subject, figures: figuresOf(verdict) });
    const [, own] = all[0] ?? [];
    if (own !== undefined)
      log(`${setting}: median ${own.median.toFixed(2)}, within ${own.within.toFixed(2)}`);
    return own;
  };
  for (const kind of SCENARIOS) {
    const traces = Array.from({ length: count }, (_, index) => kind.trace(first + index));
    const setting = kind.hasGoal ? kind.name : `${kind.name} (no goal)`;
    const own = add(setting, verdicts(traces, subjectsOf(kind), kind.isOverall));
    if (kind.hasGoal && own !== undefined) ours.push(own);
  }
  goals.push(...goalsOf('made-up runs, the worst kind', ours));
  for (const [name, trace] of recordedTraces()) {
    const subjects = {
      'ingestion-progress': () => createOurEstimator(),
      ...PEERS,
      'knows the mean': () => createKnowingMean(trace),
    };
    const hasGoal = RECORDED_WITH_GOALS.includes(name);
    const setting = `recorded: ${name}${hasGoal ? '' : ' (no goal)'}`;
    const own = add(setting, verdicts([trace], subjects));
    if (hasGoal && own !== undefined) goals.push(...goalsOf(setting, [own]));
  }
  for (const [setting, microseconds] of Object.entries(costs)) {
    goals.push(
      withVerdict({
        setting,
        goal: 'µs of CPU for a step',
        measured: microseconds,
        bound: 2,
        sense: 'at most',
      }),
    );
  }
  const notes = [
    `${count} runs of each kind, seeds from ${first}; recorded runs are single ones, made on a busy machine. Each is looked at 200 times, evenly by the time, from 5% of its work on; nights and pauses are left out of what is true. Both sides count as at least 5 s. Ours is taken as the words put it, a range by its geometric mean. Changes are appearances and disappearances an hour, or in all if the run is shorter, of the worst run.`,
    'Knows σ: is told that durations are log-normal and their σ, and learns only their mean. Knows the mean: is told what the run takes for a unit of its work in the end. What they miss cannot be reached by counting. "No goal": reported to show what the estimate does not do.',
  ];
  return Promise.resolve({ units: UNITS, rows, goals, notes });
};
