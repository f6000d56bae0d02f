/** The process of our server with many ingestions, each with a job that reports much more often than events are sent. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProgressError, createProgressServer, type ProgressServer } from '@ingestion-progress/server';
import { answerCalls } from './harness/child.js';
import { pause, sharedNow } from './harness/time.js';
import { BENCH_SECRET, ITEMS_TOTAL, ingestionId, projectIds } from './workload.js';

/** When each update of a project was reported (shared clock, ms), by its sequence from 1. */
export type Reports = Readonly<Record<string, readonly number[]>>;

/** Calls of this process. */
export interface JobCalls {
  /** Starts the server, on MongoDB if an address is given, and every ingestion; resolves to the watchers' address. */
  start(setting: { readonly ingestions: number; readonly mongodbUri: string | null }): Promise<string>;
  /** Runs every ingestion for this long with this many updates per second, and completes it. */
  run(load: { readonly durationMs: number; readonly updatesPerSecond: number }): Promise<Reports>;
  /** Resident memory after a garbage collection: between two collections it rises by a third and falls again. */
  rssMegabytes(): number;
  /** The sum of the counters with this name on `/metrics`. */
  counter(name: string): Promise<number>;
}

type Run = Awaited<ReturnType<ProgressServer['emitter']['startIngestion']>>;

/** Ingestions that start at the same time: each waits until it is stored, and a slow store takes them one by one. */
const STARTS_AT_ONCE = 10;
/** How long a job retries what a slow store did not write, and the delay between retries, in milliseconds. */
const RETRY_MS = 60_000;
const RETRY_DELAY_MS = 200;

let server: ProgressServer | null = null;
const runs: Run[] = [];

function started(): ProgressServer {
  if (server === null) throw new Error('Not started.');
  return server;
}

/** Retries while the store is unavailable, as a real job does. */
async function withRetries<T>(task: () => Promise<T>): Promise<T> {
  const until = sharedNow() + RETRY_MS;
  for (;;) {
    try {
      return await task();
    } catch (cause) {
      const isTransient = cause instanceof ProgressError && cause.code === 'UNAVAILABLE';
      if (!isTransient || sharedNow() > until) throw cause;
      await pause(RETRY_DELAY_MS);
    }
  }
}

async function startAll(ids: readonly string[]): Promise<void> {
  const { emitter } = started();
  for (let first = 0; first < ids.length; first += STARTS_AT_ONCE) {
    const batch = ids.slice(first, first + STARTS_AT_ONCE);
    runs.push(
      ...(await Promise.all(batch.map((id) => emitter.startIngestion(id, { ingestionId: ingestionId(id) })))),
    );
  }
}

async function runOne(
  run: Run,
  offsetMs: number,
  { durationMs, updatesPerSecond }: { readonly durationMs: number; readonly updatesPerSecond: number },
): Promise<readonly number[]> {
  const times: number[] = [];
  const intervalMs = 1_000 / updatesPerSecond;
  await pause(offsetMs);
  await run.emitPhaseStarted(1, 'Reading the folder');
  const until = sharedNow() + durationMs;
  while (sharedNow() < until) {
    times.push(sharedNow());
    run.emitProgressUpdate(1, (100 * times.length) / ITEMS_TOTAL, {
      itemsTotal: ITEMS_TOTAL,
      itemsProcessed: times.length,
    });
    await pause(intervalMs);
  }
  await withRetries(() => run.emitComplete({ itemsProcessed: times.length }));
  return times;
}

answerCalls<JobCalls>({
  start: async ({ ingestions, mongodbUri }) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'bench-load-'));
    process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }));
    server = await createProgressServer({
      port: 0,
      jwtSecret: BENCH_SECRET,
      logLevel: 'error',
      dataDir,
      ...(mongodbUri === null ? {} : { mongodbUri }),
    });
    await startAll(projectIds(ingestions));
    return `${server.url.replace('http:', 'ws:')}/graphql`;
  },
  run: async (load) => {
    const all = await Promise.all(
      runs.map(async (run, index) => {
        const times = await runOne(run, (index * 500) / runs.length, load);
        return [run.projectId, times] as const;
      }),
    );
    return Object.fromEntries(all);
  },
  rssMegabytes: () => {
    globalThis.gc?.();
    return process.memoryUsage().rss / 1e6;
  },
  counter: async (name) => {
    const text = await (await fetch(`${started().url}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith(name));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  },
});
