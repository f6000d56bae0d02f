/** The definition of done: many ingestions at once, each with its watchers and a real store. */
import { openTestDatabase } from '../../tests/support/mongo-process.js';
import { startChild } from '../harness/child.js';
import { spreadOf } from '../harness/statistics.js';
import { pause, until } from '../harness/time.js';
import type { JobCalls } from '../job-process.js';
import { judge, type Goal, type Row } from '../result.js';
import type { WatcherCalls } from '../watchers-process.js';
import type { Scenario } from './scenario.js';

/** Calls of the store's `write`, each a batch of at most 50. */
const STORE_WRITES = 'ingestion_progress_dependency_call_seconds_count{dependency="store",operation="write"';

interface Setting {
  readonly ingestions: number;
  readonly store: 'the embedded store' | 'MongoDB';
  /** Whether it was to reach something, or is a figure alone. */
  readonly judged: boolean;
}

const SETTINGS: readonly Setting[] = [
  { ingestions: 100, store: 'the embedded store', judged: true },
  { ingestions: 1_000, store: 'the embedded store', judged: true },
  { ingestions: 100, store: 'MongoDB', judged: true },
  { ingestions: 1_000, store: 'MongoDB', judged: false },
];

const WATCHERS_EACH = 10;
const UPDATES_PER_SECOND = 5;
/** How far behind its report a watcher may hear of it: the window's 500 ms, and 100 more. */
const BEHIND_MS = 600;
/** Resident memory may grow by this share between a third of the run and its end. */
const GROWTH = 1.15;

async function measure({ ingestions, store }: Setting, durationMs: number) {
  const watchers = ingestions * WATCHERS_EACH;
  // A database of its own: an ingestion that another run ended would not start again.
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
    const behind = await fleet.call('behind', reports);
    const received = await fleet.call('received');
    return {
      lost: watchers - ended,
      backward: behind.backward,
      p50: behind.p50Ms,
      p99: behind.p99Ms,
      delivered: (1000 * received) / durationMs,
      events: (1000 * (await jobs.call('counted', 'ingestion_progress_events_total{'))) / durationMs,
      writes: (1000 * (await jobs.call('counted', STORE_WRITES))) / durationMs,
      rssEarly,
      rssLate,
    };
  } finally {
    await Promise.all([jobs.end(), fleet.end()]);
    await database?.drop();
  }
}

const UNITS = {
  events: 'a second',
  delivered: 'messages a second',
  writes: 'batches to the store a second',
  p50: 'ms behind the report',
  p99: 'ms behind the report',
  lost: 'endings',
  backward: 'steps',
  rss: 'MB at the end',
  growth: 'of RSS at a third',
} as const;

const NOTES = [
  `Each job reports ${UPDATES_PER_SECOND} times a second; two events a second go out. Every report counts, also those merged away: how long until each watcher had seen that much or more.`,
  'MongoDB is the one of the tests: `MONGODB_URI`, else `mongod`, else FerretDB, which is far slower than MongoDB.',
  'RSS is read once garbage is collected: between two collections V8 lets it rise by a third, and fall again.',
];

/** The bench `load`. */
export const load: Scenario = async ({ quick, tell, save }) => {
  const durationMs = quick ? 15_000 : 60_000;
  const rows: Row[] = [];
  const goals: Goal[] = [];
  const notes = [...NOTES];
  const findings = () => ({ units: UNITS, rows, goals, notes });
  for (const setting of quick ? SETTINGS.slice(0, 1) : SETTINGS) {
    const name = `${setting.ingestions.toLocaleString('en')} ingestions, ${WATCHERS_EACH} watchers each, ${setting.store}, ${durationMs / 1000} s`;
    tell(name);
    const found = await measure(setting, durationMs).catch((cause: unknown) => {
      // What was measured before is not thrown away with it.
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
    if (!setting.judged) continue;
    const goal = (text: string, measured: number, bound: number) =>
      judge({ setting: name, goal: text, measured, bound, sense: 'at most' });
    goals.push(
      goal('endings lost', sample.lost, 0),
      goal('backward steps', sample.backward, 0),
      goal('p99 behind the report, ms', sample.p99, BEHIND_MS),
      goal('RSS at the end, of that at a third', rssLate / rssEarly, GROWTH),
    );
    save(findings());
  }
  return findings();
};
