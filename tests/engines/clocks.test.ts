/**
 * Issue 14, found 9 and 14, clocks: one that is set back leaves the order of ingestions and their durations alone, and
 * servers whose clocks are ten minutes apart find no live job dead, and say by how much they are apart.
 * (invariant: silent-job-is-noticed)
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { eventually } from '../support/eventually.js';
import { openTestDatabase } from '../support/mongo-process.js';
import { startRedisProcess } from '../support/redis-process.js';
import { askGraphql, embedded, startOutside, type OutsideServer } from './support/outside.js';
import { createSkewedClock } from './support/skewed-clock.js';

vi.setConfig({ testTimeout: 120_000 });

const MINUTE_MS = 60_000;

interface Listed {
  readonly id: string;
  readonly startedAt: number;
  readonly completedAt: number | null;
  readonly result: { readonly durationMs: number } | null;
}

async function listOf({ address }: OutsideServer): Promise<readonly Listed[]> {
  const query = `{ ingestions(projectId: "p1") { edges { node { id startedAt completedAt result { durationMs } } } } }`;
  const { data } = await askGraphql(address, query);
  const list = data?.['ingestions'] as { readonly edges: readonly { readonly node: Listed }[] };
  return list.edges.map(({ node }) => node);
}

async function serverTime({ address }: OutsideServer): Promise<number> {
  const { data } = await askGraphql(address, '{ serverTime }');
  return Number(data?.['serverTime']);
}

it('lists the newest ingestion first, and no negative duration, though the clock was set back', async () => {
  const clock = createSkewedClock(30 * MINUTE_MS);
  const server = await startOutside({ ...embedded(), ...clock.environment });
  const first = await server.start('p1');
  clock.set(server, 0);
  await eventually(async () => expect(await serverTime(server)).toBeLessThan(Date.now() + MINUTE_MS));
  expect(await server.complete('p1', first)).toMatchObject({ accepted: true });
  const second = await server.start('p1');
  expect(await server.complete('p1', second)).toMatchObject({ accepted: true });
  const list = await listOf(server);
  expect(list.map(({ id }) => id)).toEqual([second, first]);
  for (const { startedAt, completedAt, result } of list) {
    expect(completedAt).toBeGreaterThanOrEqual(startedAt);
    expect(result?.durationMs).toBeGreaterThanOrEqual(0);
  }
});

/** Two servers over one MongoDB and one Redis, the second's clock off by so much. */
async function startPair(skewMs: number): Promise<readonly [OutsideServer, OutsideServer]> {
  const database = await openTestDatabase();
  onTestFinished(() => database.drop());
  const redis = await startRedisProcess();
  onTestFinished(() => redis.dispose());
  const environment = { MONGODB_URI: database.uri, REDIS_URL: redis.url };
  const clock = createSkewedClock(skewMs);
  return [await startOutside(environment), await startOutside({ ...environment, ...clock.environment })];
}

const SKEWS = [
  ['ahead', 10 * MINUTE_MS],
  ['behind', -10 * MINUTE_MS],
] as const;
/** Milliseconds of silence after which the job of these tests counts as stalled; it reports far more often. */
const STALE_AFTER_MS = 5_000;
/** Longer than a server must have been healthy before it judges, and two of its looks, in milliseconds. */
const WATCHED_FOR_MS = STALE_AFTER_MS + 15_000;

it.each(SKEWS)(
  'finds no live job stalled on servers of which one is ten minutes %s',
  async (_way, skewMs) => {
    const [right, skewed] = await startPair(skewMs);
    for (const [index, server] of [right, skewed].entries())
      await server.start(`p${index}`, { staleAfterMs: STALE_AFTER_MS });
    const jobs = await Promise.all(
      [right, skewed].map(async (server, index) => {
        const projectId = `p${index}`;
        const watch = right.watch(projectId);
        const snapshot = await watch.events.next();
        return { server, projectId, id: snapshot.progress?.id ?? '', watch };
      }),
    );
    const query = `mutation ($input: ReportProgressInput!) { reportProgress(input: $input) { accepted } }`;
    const until = performance.now() + WATCHED_FOR_MS;
    for (let sequence = 1; performance.now() < until; sequence += 1) {
      for (const { server, projectId, id } of jobs) {
        const input = {
          projectId,
          ingestionId: id,
          sequence,
          phase: 1,
          progressPercent: Math.min(99, sequence),
        };
        await askGraphql(server.address, query, { input });
      }
      await delay(500);
    }
    for (const { watch } of jobs) {
      const failures = watch.events.all.filter(({ progress }) => progress?.status === 'FAILED');
      expect(failures.map(({ progress }) => progress?.error?.errorCode)).toEqual([]);
    }
  },
);

it.each(SKEWS)(
  'a server whose clock is ten minutes %s logs it, and has a metric of it',
  async (_way, skewMs) => {
    const [right, skewed] = await startPair(skewMs);
    const metric = async ({ address }: OutsideServer) => {
      const text = await (await fetch(`${address}/metrics`)).text();
      return Number(/^ingestion_progress_clock_skew_seconds (\S+)$/m.exec(text)?.[1]);
    };
    await eventually(async () => expect(Math.abs(await metric(skewed))).toBeCloseTo(600, -1), 15_000);
    expect(Math.abs(await metric(right))).toBeLessThan(5);
    expect(skewed.log()).toMatch(/"msg":"[^"]*clock/);
    expect(right.log()).not.toMatch(/"msg":"[^"]*clock/);
  },
);
