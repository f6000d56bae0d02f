/** Watchers that never read beside those who do, and one project with very many beside one with a single one. */
import { startChild, type Child } from '../harness/child.js';
import { spreadOf } from '../harness/statistics.js';
import { until } from '../harness/time.js';
import { judge } from '../result.js';
import type { ServerCalls } from '../server-process.js';
import type { WatcherCalls } from '../watchers-process.js';
import { EVENT_INTERVAL_MS } from '../workload.js';
import type { Scenario } from './scenario.js';

const PROJECTS = 10;
/** Two of the server's pings, of 25 s each, and some seconds: whoever answered neither is gone then. */
const GONE_MS = 65_000;

interface Round {
  readonly p50: number;
  readonly p99: number;
}

/** Some events of each project, and how long the fleet waited for them. */
async function round(server: Child<ServerCalls>, fleet: Child<WatcherCalls>, events: number): Promise<Round> {
  await fleet.call('reset');
  const emissions = await server.call('emit', { events, intervalMs: EVENT_INTERVAL_MS });
  const mine = await fleet.call('expected', emissions);
  await until(
    async () => (await fleet.call('received')) >= mine,
    20_000,
    async () => `${await fleet.call('received')} of ${mine} messages came.`,
  );
  const { p50Ms, p99Ms } = await fleet.call('summary', emissions);
  return { p50: p50Ms, p99: p99Ms };
}

/** Readers alone, then beside as many who never read; how long until these are gone, and what memory did. */
async function deafWatchers(count: number) {
  const server = await startChild<ServerCalls>('server-process.ts', ['ingestion-progress']);
  const readers = await startChild<WatcherCalls>('watchers-process.ts', []);
  const deaf = await startChild<WatcherCalls>('watchers-process.ts', []);
  try {
    const url = await server.call('start', { projects: PROJECTS, port: 0, firstSequence: 0 });
    const setting = { protocol: 'graphql-ws', url, projects: PROJECTS, count } as const;
    await readers.call('open', setting);
    await round(server, readers, 6);
    const alone = await round(server, readers, 8);
    await deaf.call('open', setting);
    await deaf.call('stopReading');
    const { rssBytes: before } = await server.call('usage');
    const beside = await round(server, readers, 8);
    const { rssBytes: after } = await server.call('usage');
    await until(
      async () => (await server.call('usage')).connections === count,
      GONE_MS,
      () => 'Some who never read are still there.',
    );
    return { alone, beside, rssPerDeaf: (after - before) / count };
  } finally {
    await Promise.all([server.end(), readers.end(), deaf.end()]);
  }
}

/** One watcher of a project, alone and beside very many of another that has its events at the same moments. */
async function oneBesideMany(count: number) {
  const server = await startChild<ServerCalls>('server-process.ts', ['ingestion-progress']);
  const one = await startChild<WatcherCalls>('watchers-process.ts', []);
  const many = await startChild<WatcherCalls>('watchers-process.ts', []);
  try {
    const url = await server.call('start', { projects: 2, port: 0, firstSequence: 0 });
    await one.call('open', { protocol: 'graphql-ws', url, projects: 2, count: 1, only: 'project-1' });
    await round(server, one, 6);
    const alone = await round(server, one, 20);
    await many.call('open', { protocol: 'graphql-ws', url, projects: 2, count, only: 'project-0' });
    const beside = await round(server, one, 20);
    return { alone, beside };
  } finally {
    await Promise.all([server.end(), one.end(), many.end()]);
  }
}

/** The bench `hostile`. */
export const hostile: Scenario = async ({ quick, tell }) => {
  const count = quick ? 1_000 : 5_000;
  const named = (value: number) => value.toLocaleString('en');
  const deafSetting = `${named(count)} watchers beside ${named(count)} that never read`;
  tell(deafSetting);
  const deaf = await deafWatchers(count);
  const oneSetting = `1 watcher of a project beside ${named(2 * count)} of another`;
  tell(oneSetting);
  const one = await oneBesideMany(2 * count);
  const row = (setting: string, subject: string, { p50, p99 }: Round) => ({
    setting,
    subject,
    figures: { p50: spreadOf([p50]), p99: spreadOf([p99]) },
  });
  return {
    units: { p50: 'ms from emit to receipt', p99: 'ms from emit to receipt' },
    rows: [
      row(deafSetting, 'alone', deaf.alone),
      row(deafSetting, 'beside them', deaf.beside),
      row(oneSetting, 'alone', one.alone),
      row(oneSetting, 'beside them', one.beside),
    ],
    goals: [
      judge({
        setting: deafSetting,
        goal: "readers' p99, of that alone",
        measured: deaf.beside.p99 / deaf.alone.p99,
        bound: 2,
        sense: 'at most',
      }),
      judge({
        setting: deafSetting,
        goal: 'kB of RSS more for each that never reads',
        measured: deaf.rssPerDeaf / 1000,
        bound: 20,
        sense: 'at most',
      }),
      judge({
        setting: oneSetting,
        goal: 'p99 of the one, ms',
        measured: one.beside.p99,
        bound: 50,
        sense: 'at most',
      }),
    ],
    notes: [`All who never read were closed within ${GONE_MS / 1000} s, by the server's pings.`],
  };
};
