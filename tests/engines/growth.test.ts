/**
 * Issue 14, found 6: what has grown in the embedded store is in nobody's way. The sizes are a tenth of the issue's, or
 * `GROWTH_SCALE` times them; the figures are printed, and the bounds are the at every size.
 */
import { expect, it, onTestFinished, vi } from 'vitest';
import { setTimeout as delay } from 'node:timers/promises';
import { createEmbeddedStore } from '../../server/store/embedded-store.js';
import { eventually } from '../support/eventually.js';
import { entryOf, recordOf } from '../support/records.js';
import { createTemporaryDirectory } from '../support/temporary-directory.js';
import { fillEmbedded, pastOf, type FilledGroup } from './fill-embedded.js';
import { startOutside, type OutsideServer } from './support/outside.js';

vi.setConfig({ testTimeout: 900_000 });

const SCALE = Number(process.env['GROWTH_SCALE'] ?? '0.1');
const DAY_MS = 86_400_000;
const START_MS = 3_000;
/** How much later than its limit a silent job may be found, in milliseconds. */
const NOTICE_MS = 10_000;
const LOOP_P99_MS = 50;
/** Longest that the loop may be held once, in milliseconds; the machine of the tests has other work, too. */
const LOOP_MOST_MS = 500;

function tell(what: string, figures: Readonly<Record<string, number>>): void {
  const text = Object.entries(figures).map(([name, value]) => `${name} ${Math.round(value * 10) / 10}`);
  console.log(`${what}: ${text.join(', ')}`);
}

async function filled(groups: readonly FilledGroup[]): Promise<{ readonly DATA_DIR: string }> {
  const directory = createTemporaryDirectory();
  onTestFinished(() => directory.delete());
  await fillEmbedded(directory.path, groups);
  return { DATA_DIR: directory.path };
}

/** A server over this past, and how much longer it took to listen than one over none, in milliseconds. */
async function startOver(groups: readonly FilledGroup[]) {
  const timed = async (DATA_DIR: string) => {
    const before = performance.now();
    const server = await startOutside({ DATA_DIR });
    return { server, startMs: performance.now() - before };
  };
  const empty = await timed((await filled([])).DATA_DIR);
  empty.server.process.child.kill('SIGKILL');
  await empty.server.process.ended;
  const { DATA_DIR } = await filled(groups);
  const { server, startMs } = await timed(DATA_DIR);
  return { server, startMs, emptyMs: empty.startMs, moreMs: startMs - empty.startMs };
}

/** Milliseconds from a job's last word to its server's finding that it is silent, less the job's own limit. */
async function noticeMs(server: OutsideServer): Promise<number> {
  const staleAfterMs = 1_000;
  const before = performance.now();
  await server.start('silent', { staleAfterMs });
  await eventually(async () => {
    expect((await server.read('silent'))?.error?.errorCode).toBe('INGESTION_STALLED');
  }, 120_000);
  return performance.now() - before - staleAfterMs;
}

/** What the event loop was held for, since this was asked last. */
async function loopLag({
  address,
}: OutsideServer): Promise<{ readonly p99Ms: number; readonly mostMs: number }> {
  const text = await (await fetch(`${address}/metrics`)).text();
  const of = (name: string) =>
    1_000 * Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)$`, 'm').exec(text)?.[1]);
  return { p99Ms: of('p99'), mostMs: of('max') };
}

it('starts within three seconds over its whole past, notices a silent job, and does not hold its loop', async () => {
  const { server, startMs, emptyMs, moreMs } = await startOver(pastOf(SCALE));
  const ready = await eventually(() => loopLag(server));
  tell('start', { startMs, emptyMs, ...ready });
  const noticedMs = await noticeMs(server);
  // Four of its looks, one each five seconds, in which nobody asks for anything.
  await loopLag(server);
  await delay(20_000);
  const { p99Ms, mostMs } = await loopLag(server);
  tell('the whole past', { noticedMs, p99Ms, mostMs });
  expect(moreMs).toBeLessThan(START_MS);
  expect(noticedMs).toBeLessThan(NOTICE_MS);
  expect(p99Ms).toBeLessThan(LOOP_P99_MS);
  expect(mostMs).toBeLessThan(LOOP_MOST_MS);
});

it('starts within three seconds over 400,000 expired ingestions, and deletes them behind its back', async () => {
  const expired = {
    name: 'expired',
    state: 'ended',
    perProject: 10,
    logEntries: 3,
    ageMs: 60 * DAY_MS,
  } as const;
  const ingestions = Math.round(400_000 * SCALE);
  const { server, startMs, emptyMs, moreMs } = await startOver([{ ...expired, ingestions }]);
  tell(`${ingestions} expired`, { startMs, emptyMs });
  expect(moreMs).toBeLessThan(START_MS);
  // Reports go on meanwhile.
  const id = await server.start('p1');
  expect((await server.complete('p1', id)).tookMs).toBeLessThan(2_000);
});

it('notices a silent job behind 14,000 recoverable failures', async () => {
  const failed = { name: 'failed', state: 'failed', logEntries: 3, ageMs: 3_600_000 } as const;
  const { server } = await startOver([{ ...failed, ingestions: 14_000 }]);
  const noticedMs = await noticeMs(server);
  tell('14,000 recoverable failures', { noticedMs });
  expect(noticedMs).toBeLessThan(NOTICE_MS);
});

// In this process, since a server answers a report before it is stored.
it('stores an entry behind a full log about as fast as one behind a short log', async () => {
  const projects = 20;
  const group = { state: 'running', ingestions: projects, ageMs: 60_000 } as const;
  const { DATA_DIR } = await filled([
    { ...group, name: 'short', logEntries: 5 },
    { ...group, name: 'full', logEntries: 500 },
  ]);
  const store = createEmbeddedStore({ dataDir: DATA_DIR });
  onTestFinished(() => store.close());
  await store.open();
  /** CPU time of the cheapest of many rounds, in each of which every ingestion gets an entry: what the disk and others take is left out. */
  const roundMs = async (name: string) => {
    const times: number[] = [];
    for (let round = 1; round <= 30; round += 1) {
      const revision = Date.now() + round;
      const writes = Array.from({ length: projects }, (_, index) => ({
        record: recordOf({ id: 'i-0', projectId: `${name}-${index}`, revision }),
        guard: { kind: 'change' as const },
        events: [entryOf(revision)],
      }));
      const before = process.cpuUsage();
      const outcomes = await store.write(writes);
      const { user, system } = process.cpuUsage(before);
      times.push((user + system) / 1_000);
      expect(outcomes.every(({ written }) => written)).toBe(true);
    }
    return Math.min(...times);
  };
  const shortMs = await roundMs('short');
  const fullMs = await roundMs('full');
  tell('a round of 20 ingestions', { shortMs, fullMs });
  expect(fullMs).toBeLessThan(2.5 * shortMs);
});
