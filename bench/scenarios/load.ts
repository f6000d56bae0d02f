/** Many simultaneous ingestions, each with its watchers, on a real store. */
import { openTestDatabase } from '../../tests/support/mongo-process.js';
import { startChild } from '../harness/child.js';
import { spreadOf } from '../harness/statistics.js';
import { pause, until } from '../harness/time.js';
import type { JobCalls } from '../job-process.js';
import { withVerdict, type Goal, type Row } from '../result.js';
import type { WatcherCalls } from '../watchers-process.js';
import type { Scenario } from './scenario.js';

/** Calls of the store's `write`, each with a batch of at most 50. */
const STORE_WRITES = 'ingestion_progress_dependency_call_seconds_count{dependency="store",operation="write"';

interface Setting {
  readonly ingestions: number;
  readonly store: 'the embedded store' | 'MongoDB';
  /** Whether it has goals, or is only measured. */
  readonly hasGoals: boolean;
}

const SETTINGS: readonly Setting[] = [
  { ingestions: 100, store: 'the embedded store', hasGoals: true },
  { ingestions: 1_000, store: 'the embedded store', hasGoals: true },
  { ingestions: 100, store: 'MongoDB', hasGoals: true },
  { ingestions: 1_000, store: 'MongoDB', hasGoals: false },
];

const WATCHERS_EACH = 10;
const UPDATES_PER_SECOND = 5;
/** The longest delay after a report: the window of 500 ms plus 100 ms. */
const MAX_DELAY_MS = 600;
/** The largest ratio of resident memory at the end to that after a third of the run. */
const GROWTH = 1.15;

async function measure({ ingestions, store }: Setting, durationMs: number) {
  const watchers = ingestions * WATCHERS_EACH;
  // Its own database: an ingestion that another run has ended would not start again.
  const database = store === 'MongoDB' ? await openTestDatabase() : null;
  const jobs = await startChild<JobCalls>('job-process.ts', []);
  const fleet = await startChild<WatcherCalls>('watchers-process.ts', []);
  try {
    const url = await jobs.call('start', { ingestions, mongodbUri: database?.uri ?? null });
    await fleet.call('open', { protocol: 'graphql-ws', url, projects: ingestions, count: watchers });
    await fleet.call('reset');
    const running = jobs.call('run', { durationMs, updatesPerSecond: UPDATES_PER_SECOND });
    await pause(durationMs / 3);
    const rssEarly = await jobs.call('rssMegabytes');
    const reports = await running;
    const rssLate = await jobs.call('rssMegabytes');
    let ended = 0;
    const allEnded = async () => (ended = await fleet.call('ended')) === watchers;
    await until(allEnded, 10_000, () => 'late').catch(() => undefined);
    const behind = await fleet.call('delays', reports);
    const received = await fleet.call('received');
    return {
      lost: watchers - ended,
      backward: behind.backward,
      p50: behind.p50Ms,
      p99: behind.p99Ms,
      delivered: (1000 * received) / durationMs,
      events: (1000 * (await jobs.call('counter', 'ingestion_progress_events_total{'))) / durationMs,
      writes: (1000 * (await jobs.call('counter', STORE_WRITES))) / durationMs,
      rssEarly,
      rssLate,
    };
  } finally {
    await Promise.all([jobs.end(), fleet.end()]);
    await database?.drop();
  }
}

const UNITS = {
  events: 'per second',
  delivered: 'messages per second',
  writes: 'batches to the store per second',
  p50: 'ms after the report',
  p99: 'ms after the report',
  lost: 'endings',
  backward: 'steps',
  rss: 'MB at the end',
  growth: 'relative to RSS after one third',
} as const;

const NOTES = [
  `Each job reports ${UPDATES_PER_SECOND} times per second; two events per second are sent. Every report counts, including merged ones: the delay until each watcher had received that much progress or more.`,
  'MongoDB is that of the tests: `MONGODB_URI`, else `mongod`, else FerretDB, which is much slower than MongoDB.',
  'RSS is read after a garbage collection: between two collections it rises by a third and falls again.',
];

/** The bench `load`. */
export const load: Scenario = async ({ quick, log, save }) => {
  const durationMs = quick ? 15_000 : 60_000;
  const rows: Row[] = [];
  const goals: Goal[] = [];
  const notes = [...NOTES];
  const findings = () => ({ units: UNITS, rows, goals, notes });
  for (const setting of quick ? SETTINGS.slice(0, 1) : SETTINGS) {
    const name = `${setting.ingestions.toLocaleString('en')} ingestions, ${WATCHERS_EACH} watchers each, ${setting.store}, ${durationMs / 1000} s`;
    log(name);
    const found = await measure(setting, durationMs).catch((cause: unknown) => {
      // Earlier measurements are kept.
      notes.push(`${name}: not measured. ${String(cause).split('\n')[0] ?? ''}`);
      return null;
    });
    if (found === null) continue;
    const { rssEarly, rssLate, ...sample } = found;
    const one = (value: number) => spreadOf([value]);
    rows.push({
      setting: name,
      subject: 'ingestion-progress',
      figures: {
        events: one(sample.events),
        delivered: one(sample.delivered),
        writes: one(sample.writes),
        p50: one(sample.p50),
        p99: one(sample.p99),
        lost: one(sample.lost),
        backward: one(sample.backward),
        rss: one(rssLate),
        growth: one(rssLate / rssEarly),
      },
    });
    save(findings());
    if (!setting.hasGoals) continue;
    const goal = (text: string, measured: number, bound: number) =>
      withVerdict({ setting: name, goal: text, measured, bound, sense: 'at most' });
    goals.push(
      goal('lost endings', sample.lost, 0),
      goal('steps backward', sample.backward, 0),
      goal('p99 delay after the report, ms', sample.p99, MAX_DELAY_MS),
      goal('RSS at the end relative to one third of the run', rssLate / rssEarly, GROWTH),
    );
    save(findings());
  }
  return findings();
};
