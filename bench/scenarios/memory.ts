/** The memory of an idle authenticated watcher, and whether memory stays flat under events. */
import { ratioOf, spreadOf } from '../harness/statistics.js';
import { pause } from '../harness/time.js';
import { SUBJECTS, type Subject } from '../peers/peer.js';
import { withVerdict, type Goal, type Row } from '../result.js';
import { EVENT_INTERVAL_MS } from '../workload.js';
import { startPair, type Pair } from './pair.js';
import type { RunOptions, Scenario } from './scenario.js';

interface Sample {
  /** Resident memory per watcher, in bytes. */
  readonly rss: number;
  /** JavaScript heap per watcher, in bytes. */
  readonly heap: number;
}

const FEW = 1_000;
const MANY = 5_000;
const PROJECTS = 10;
const SOAK_WATCHERS = 500;

/** The memory in use when the sockets are idle and garbage is collected. */
async function held({ server }: Pair): Promise<{ readonly rss: number; readonly heap: number }> {
  await pause(500);
  await server.call('collect');
  await pause(500);
  await server.call('collect');
  const { rssBytes, heapBytes } = await server.call('usage');
  return { rss: rssBytes, heap: heapBytes };
}

async function slope(subject: Subject, few: number, many: number): Promise<Sample> {
  const pair = await startPair(subject, PROJECTS);
  try {
    await pair.open(few);
    const before = await held(pair);
    await pair.open(many - few);
    const after = await held(pair);
    return {
      rss: (after.rss - before.rss) / (many - few),
      heap: (after.heap - before.heap) / (many - few),
    };
  } finally {
    await pair.end();
  }
}

/** The growth of resident memory in the second half of some minutes with events, in MB; the first half is warm-up. */
async function soak(minutes: number, log: RunOptions['log']): Promise<number> {
  const pair = await startPair('ingestion-progress', PROJECTS);
  try {
    await pair.open(SOAK_WATCHERS);
    const events = Math.ceil((minutes * 60_000) / 2 / EVENT_INTERVAL_MS);
    const readings: number[] = [];
    for (let half = 0; half < 2; half += 1) {
      await pair.server.call('emit', { events, intervalMs: EVENT_INTERVAL_MS });
      await pair.watchers.call('reset');
      readings.push((await held(pair)).rss / 1e6);
      log(`after ${(half + 1) * (minutes / 2)} min: ${readings.at(-1)?.toFixed(1) ?? ''} MB`);
    }
    return (readings[1] ?? Number.NaN) - (readings[0] ?? Number.NaN);
  } finally {
    await pair.end();
  }
}

/** The bench `memory`. */
export const memory: Scenario = async (options) => {
  const { quick, log, soakMinutes } = options;
  const setting = `slope between ${FEW.toLocaleString('en')} and ${MANY.toLocaleString('en')} idle watchers`;
  const samples = new Map<Subject, Sample[]>(SUBJECTS.map((subject) => [subject, []]));
  for (let round = 0; round < (quick ? 2 : 5); round += 1) {
    for (const subject of SUBJECTS) {
      const sample = await slope(subject, FEW, quick ? 3_000 : MANY);
      samples.get(subject)?.push(sample);
      log(
        `${subject}: ${(sample.rss / 1000).toFixed(1)} kB of RSS, ${(sample.heap / 1000).toFixed(1)} kB of heap`,
      );
    }
  }
  const rows: Row[] = [...samples].map(([subject, rounds]) => ({
    setting,
    subject,
    figures: {
      rss: spreadOf(rounds.map((sample) => sample.rss / 1000)),
      heap: spreadOf(rounds.map((sample) => sample.heap / 1000)),
    },
  }));
  const rssOf = (subject: Subject) => (samples.get(subject) ?? []).map((sample) => sample.rss);
  const ratio = (peer: Subject) => ratioOf(rssOf('ingestion-progress'), rssOf(peer));
  const goals: Goal[] = [
    withVerdict({
      setting,
      goal: 'RSS relative to raw ws',
      measured: ratio('raw ws'),
      bound: 1.25,
      sense: 'at most',
    }),
    withVerdict({
      setting,
      goal: 'RSS relative to Socket.IO',
      measured: ratio('Socket.IO'),
      bound: 1,
      sense: 'at most',
    }),
  ];
  if (soakMinutes > 0) {
    goals.push(
      withVerdict({
        setting: `${SOAK_WATCHERS} watchers on ${PROJECTS} projects with events, ${soakMinutes} min`,
        goal: 'RSS growth in the second half, MB',
        measured: await soak(soakMinutes, log),
        bound: 2,
        sense: 'at most',
      }),
    );
  }
  return {
    units: { rss: 'kB of RSS per watcher', heap: 'kB of heap per watcher' },
    rows,
    goals,
    notes: [
      'Each figure is measured in a new process, after a garbage collection.',
      'The heap above that of a raw socket, from heap snapshots at 1,000 and 3,000 watchers on 2026-11-26: about 1.5 kB for the operation of graphql-ws (a suspended function, its promises and closures), about 2 kB for connection, session, viewer and subscription, about 1 kB for listeners and map entries. What helped: the text of the subscribe message is not kept (1.1 kB), access grant and subscription are one object (0.5), few closures (0.4): 9.9 kB of heap fell to 7.2.',
    ],
  };
};
