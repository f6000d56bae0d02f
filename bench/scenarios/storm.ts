/** A server is killed and another one replaces it: how long until all watchers are up to date again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../harness/child.js';
import { ratioOf, spreadOf } from '../harness/statistics.js';
import { pause, until } from '../harness/time.js';
import { withVerdict } from '../result.js';
import type { ServerCalls } from '../server-process.js';
import type { StormCalls } from '../storm-process.js';
import { STORM_SUBJECTS, type StormSubject } from '../watchers/reconnecting.js';
import { EVENT_INTERVAL_MS } from '../workload.js';
import type { Scenario } from './scenario.js';

interface Sample {
  readonly upToDateMs: number;
  readonly storeReads: number;
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
}

const PROJECTS = 20;
/** A sequence that only the second server reaches. */
const AFTER = 1_000;
/** How long no server listens, in milliseconds; the same for every subject, whatever its start takes. */
const DOWN_MS = 2_000;
/** All watchers use the widget's document. */
const DOCUMENTS = 1;
const TIMEOUT_MS = 60_000;

async function measure(subject: StormSubject, count: number): Promise<Sample> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-storm-'));
  const env = { BENCH_DATA_DIR: dataDir };
  const first = await startChild<ServerCalls>('server-process.ts', [subject], { env });
  const second = await startChild<ServerCalls>('server-process.ts', [subject], { env });
  const watchers = await startChild<StormCalls>('storm-process.ts', []);
  const untilAllAt = (sequence: number) =>
    until(
      async () => (await watchers.call('upToDate', sequence)).watchers === count,
      TIMEOUT_MS,
      async () =>
        `${subject}: ${(await watchers.call('upToDate', sequence)).watchers} of ${count} are up to date after ${TIMEOUT_MS / 1000} s.`,
    );
  try {
    const url = await first.call('start', { projects: PROJECTS, port: 0, firstSequence: 0 });
    await watchers.call('open', { subject, url, projects: PROJECTS, count });
    await untilAllAt(0);
    const emissions = await first.call('emit', { events: 4, intervalMs: EVENT_INTERVAL_MS });
    await untilAllAt(Math.max(...emissions.map(({ sequence }) => sequence)));
    await watchers.call('await', AFTER);
    await first.end('SIGKILL');
    await pause(DOWN_MS);
    const port = Number(new URL(url).port);
    const startedAt = Number(process.hrtime.bigint()) / 1e6;
    await second.call('resetDelay');
    await second.call('start', { projects: PROJECTS, port, firstSequence: AFTER });
    const events = second.call('emit', { events: 12, intervalMs: EVENT_INTERVAL_MS });
    await untilAllAt(AFTER);
    const { lastAt } = await watchers.call('upToDate', AFTER);
    await events;
    const usage = await second.call('usage');
    return {
      upToDateMs: lastAt - startedAt,
      storeReads: usage.storeReads,
      delayP99Ms: usage.delayP99Ms,
      delayMaxMs: usage.delayMaxMs,
    };
  } finally {
    await Promise.all([first.end(), second.end(), watchers.end()]);
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** The bench `storm`. */
export const storm: Scenario = async ({ quick, log }) => {
  const count = quick ? 500 : 2_000;
  const setting = `${count.toLocaleString('en')} watchers on ${PROJECTS} projects, the server down for ${DOWN_MS / 1000} s`;
  const samples = new Map<StormSubject, Sample[]>(STORM_SUBJECTS.map((subject) => [subject, []]));
  for (let round = 0; round < (quick ? 1 : 5); round += 1) {
    for (const subject of STORM_SUBJECTS) {
      const sample = await measure(subject, count);
      samples.get(subject)?.push(sample);
      log(
        `${subject}: ${(sample.upToDateMs / 1000).toFixed(2)} s, ${sample.storeReads} store reads, loop delay p99 ${sample.delayP99Ms.toFixed(0)} ms`,
      );
    }
  }
  const of = (subject: StormSubject, name: keyof Sample) =>
    (samples.get(subject) ?? []).map((sample) => sample[name]);
  const medianOf = (subject: StormSubject) => spreadOf(of(subject, 'upToDateMs')).median;
  const best: StormSubject = medianOf('Socket.IO') <= medianOf('Yoga PubSub') ? 'Socket.IO' : 'Yoga PubSub';
  const ours = (name: keyof Sample) => spreadOf(of('ingestion-progress', name)).median;
  const goal = (text: string, measured: number, bound: number) =>
    withVerdict({ setting, goal: text, measured, bound, sense: 'at most' });
  return {
    units: {
      right: 'ms from listening again until all watchers are up to date',
      reads: 'store reads',
      p99: 'ms, event-loop delay p99',
      max: 'ms, longest block of the event loop',
    },
    rows: STORM_SUBJECTS.map((subject) => ({
      setting,
      subject,
      figures: {
        right: spreadOf(of(subject, 'upToDateMs')),
        reads: spreadOf(of(subject, 'storeReads')),
        p99: spreadOf(of(subject, 'delayP99Ms')),
        max: spreadOf(of(subject, 'delayMaxMs')),
      },
    })),
    goals: [
      goal(
        'store reads, besides one per project for its job',
        ours('storeReads') - PROJECTS,
        PROJECTS * DOCUMENTS,
      ),
      goal(
        `time relative to ${best}`,
        ratioOf(of('ingestion-progress', 'upToDateMs'), of(best, 'upToDateMs')),
        1.1,
      ),
      goal('event-loop delay p99, ms', ours('delayP99Ms'), 50),
    ],
    notes: [
      'Killed with SIGKILL. Each subject reconnects with its own client and its own backoff: ours, socket.io-client, the stock graphql-ws client.',
      'Our server keeps its state in the embedded store; the peers have no store, so the job reports the state again.',
    ],
  };
};
