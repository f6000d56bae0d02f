/** The process of our server with many ingestions in it, each a job that reports far oftener than events go out. */
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
  /** Starts the server, on MongoDB where an address is given, and every ingestion; resolves to the watchers' address. */
  start(setting: { readonly ingestions: number; readonly mongodbUri: string | null }): Promise<string>;
  /** Runs every ingestion for so long, with so many updates a second each, and completes it. */
  run(load: { readonly durationMs: number; readonly updatesPerSecond: number }): Promise<Reports>;
  /** Resident memory once garbage is collected: between two collections V8 lets it rise by a third, and fall again. */
  rssMegabytes(): number;
  /** Sum of counters of this name on `/metrics`. */
  counted(name: string): Promise<number>;
}

type Run = Awaited<ReturnType<ProgressServer['emitter']['startIngestion']>>;

/** Ingestions that start at once: each waits until it is stored, and a slow store takes them one by one. */
const STARTS = 10;
/** How long a job repeats what a slow store did not take, and the pause between, in ms. */
const REPEAT_MS = 60_000;
const REPEAT_PAUSE_MS = 200;

let server: ProgressServer | null = null;
const runs: Run[] = [];

function started(): ProgressServer {
  if (server === null) throw new Error('Not started.');
  return server;
}

/** Repeats what may be repeated, as a job does whose store is slow. */
async function repeated<T>(task: () => Promise<T>): Promise<T> {
  const until = sharedNow() + REPEAT_MS;
  for (;;) {
    try {
      return await task();
    } catch (cause) {
      const mayRepeat = cause instanceof ProgressError && cause.code === 'UNAVAILABLE';
      if (!mayRepeat || sharedNow() > until) throw cause;
      await pause(REPEAT_PAUSE_MS);
    }
  }
}

async function startAll(ids: readonly string[]): Promise<void> {
  const { emitter } = started();
  for (let first = 0; first < ids.length; first += STARTS) {
    const batch = ids.slice(first, first + STARTS);
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
  await repeated(() => run.emitComplete({ itemsProcessed: times.length }));
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
      // All watchers of a bench come from this machine.
      maxConnectionsPerAddress: 20_000,
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
  counted: async (name) => {
    const text = await (await fetch(`${started().url}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith(name));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  },
});
