/** The process of our server with many ingestions in it, each a job that reports far oftener than events go out. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgressServer, type ProgressServer } from '@ingestion-progress/server';
import { answerCalls } from './harness/child.js';
import { pause, sharedNow } from './harness/time.js';
import { BENCH_SECRET, ITEMS_TOTAL, ingestionId, projectIds } from './workload.js';

/** When each update of a project was reported (shared clock, ms), by its sequence from 1. */
export type Reports = Readonly<Record<string, readonly number[]>>;

/** Calls of this process. */
export interface JobCalls {
  /** Starts the server, on MongoDB where an address is given; resolves to the watchers' address. */
  start(setting: { readonly ingestions: number; readonly mongodbUri: string | null }): Promise<string>;
  /** Runs every ingestion for so long, with so many updates a second each, and completes it. */
  run(load: { readonly durationMs: number; readonly updatesPerSecond: number }): Promise<Reports>;
  rssMegabytes(): number;
  /** Sum of counters of this name on `/metrics`. */
  counted(name: string): Promise<number>;
}

let server: ProgressServer | null = null;
let ids: readonly string[] = [];

function started(): ProgressServer {
  if (server === null) throw new Error('Not started.');
  return server;
}

async function runOne(
  projectId: string,
  offsetMs: number,
  { durationMs, updatesPerSecond }: { readonly durationMs: number; readonly updatesPerSecond: number },
): Promise<readonly number[]> {
  const times: number[] = [];
  const { emitter } = started();
  const intervalMs = 1_000 / updatesPerSecond;
  await pause(offsetMs);
  const run = await emitter.startIngestion(projectId, { ingestionId: ingestionId(projectId) });
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
  await run.emitComplete({ itemsProcessed: times.length });
  return times;
}

answerCalls<JobCalls>({
  start: async ({ ingestions, mongodbUri }) => {
    ids = projectIds(ingestions);
    const dataDir = mkdtempSync(join(tmpdir(), 'bench-load-'));
    process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }));
    server = await createProgressServer({
      port: 0,
      jwtSecret: BENCH_SECRET,
      logLevel: 'error',
      dataDir,
      ...(mongodbUri === null ? {} : { mongodbUri }),
    });
    return `${server.url.replace('http:', 'ws:')}/graphql`;
  },
  run: async (load) => {
    const all = await Promise.all(
      ids.map(async (id, index) => [id, await runOne(id, (index * 500) / ids.length, load)] as const),
    );
    return Object.fromEntries(all);
  },
  rssMegabytes: () => process.memoryUsage().rss / 1e6,
  counted: async (name) => {
    const text = await (await fetch(`${started().url}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith(name));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  },
});
