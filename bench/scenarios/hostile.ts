/** Watchers that never read next to those that do, and a project with very many watchers next to one with a single one. */
import { startChild, type Child } from '../harness/child.js';
import { spreadOf } from '../harness/statistics.js';
import { until } from '../harness/time.js';
import { withVerdict } from '../result.js';
import type { ServerCalls } from '../server-process.js';
import type { WatcherCalls } from '../watchers-process.js';
import { EVENT_INTERVAL_MS } from '../workload.js';
import type { Scenario } from './scenario.js';

const PROJECTS = 10;
/** Two of the server's pings, 25 s each, plus some seconds: then a watcher that answered neither is closed. */
const CLOSED_WITHIN_MS = 65_000;

interface Round {
  readonly p50: number;
  readonly p99: number;
}

/** Emits events for each project and measures the latency of the fleet. */
async function round(server: Child<ServerCalls>, fleet: Child<WatcherCalls>, events: number): Promise<Round> {
  await fleet.call('reset');
  const emissions = await server.call('emit', { events, intervalMs: EVENT_INTERVAL_MS });
  const expected = await fleet.call('expected', emissions);
  await until(
    async () => (await fleet.call('received')) >= expected,
    20_000,
    async () => `${await fleet.call('received')} of ${expected} messages were received.`,
  );
  const { p50Ms, p99Ms } = await fleet.call('summary', emissions);
  return { p50: p50Ms, p99: p99Ms };
}

/** Readers alone, then next to as many that never read; waits until these are closed, and measures memory. */
async function stalledWatchers(count: number) {
  const server = await startChild<ServerCalls>('server-process.ts', ['ingestion-progress']);
  const readers = await startChild<WatcherCalls>('watchers-process.ts', []);
  const stalled = await startChild<WatcherCalls>('watchers-process.ts', []);
  try {
    const url = await server.call('start', { projects: PROJECTS, port: 0, firstSequence: 0 });
    const setting = { protocol: 'graphql-ws', url, projects: PROJECTS, count } as const;
    await readers.call('open', setting);
    await round(server, readers, 6);
    const alone = await round(server, readers, 8);
    await stalled.call('open', setting);
    await stalled.call('stopReading');
    const { rssBytes: before } = await server.call('usage');
    const nextToThem = await round(server, readers, 8);
    const { rssBytes: after } = await server.call('usage');
    await until(
      async () => (await server.call('usage')).connections === count,
      CLOSED_WITHIN_MS,
      () => 'Some watchers that never read are still connected.',
    );
    return { alone, nextToThem, rssPerStalled: (after - before) / count };
  } finally {
    await Promise.all([server.end(), readers.end(), stalled.end()]);
  }
}

/** One watcher of a project, alone and next to very many of another project with simultaneous events. */
async function oneNextToMany(count: number) {
  const server = await startChild<ServerCalls>('server-process.ts', ['ingestion-progress']);
  const one = await startChild<WatcherCalls>('watchers-process.ts', []);
  const many = await startChild<WatcherCalls>('watchers-process.ts', []);
  try {
    const url = await server.call('start', { projects: 2, port: 0, firstSequence: 0 });
    await one.call('open', { protocol: 'graphql-ws', url, projects: 2, count: 1, only: 'project-1' });
    await round(server, one, 6);
    const alone = await round(server, one, 20);
    await many.call('open', { protocol: 'graphql-ws', url, projects: 2, count, only: 'project-0' });
    const nextToThem = await round(server, one, 20);
    return { alone, nextToThem };
  } finally {
    await Promise.all([server.end(), one.end(), many.end()]);
  }
}

/** The bench `hostile`. */
export const hostile: Scenario = async ({ quick, log }) => {
  const count = quick ? 1_000 : 5_000;
  const formatted = (value: number) => value.toLocaleString('en');
  const stalledSetting = `${formatted(count)} watchers next to ${formatted(count)} that never read`;
  log(stalledSetting);
  const stalled = await stalledWatchers(count);
  const oneSetting = `1 watcher of a project next to ${formatted(2 * count)} of another`;
  log(oneSetting);
  const one = await oneNextToMany(2 * count);
  const row = (setting: string, subject: string, { p50, p99 }: Round) => ({
    setting,
    subject,
    figures: { p50: spreadOf([p50]), p99: spreadOf([p99]) },
  });
  return {
    units: { p50: 'ms from emit to receipt', p99: 'ms from emit to receipt' },
    rows: [
      row(stalledSetting, 'alone', stalled.alone),
      row(stalledSetting, 'next to them', stalled.nextToThem),
      row(oneSetting, 'alone', one.alone),
      row(oneSetting, 'next to them', one.nextToThem),
    ],
    goals: [
      withVerdict({
        setting: stalledSetting,
        goal: 'p99 of the readers relative to readers alone',
        measured: stalled.nextToThem.p99 / stalled.alone.p99,
        bound: 2,
        sense: 'at most',
      }),
      withVerdict({
        setting: stalledSetting,
        goal: 'additional kB of RSS per watcher that never reads',
        measured: stalled.rssPerStalled / 1000,
        bound: 20,
        sense: 'at most',
      }),
      withVerdict({
        setting: oneSetting,
        goal: 'p99 of the single watcher, ms',
        measured: one.nextToThem.p99,
        bound: 50,
        sense: 'at most',
      }),
    ],
    notes: [
      `All watchers that never read were closed within ${CLOSED_WITHIN_MS / 1000} s, by the server's pings.`,
    ],
  };
};
