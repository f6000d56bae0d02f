/** The Celery example with a real Redis: a retry, and the redelivery after a killed worker, are the next attempt. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServerProcess, type ServerProcess } from '../deployment/server-process.js';
import { mintToken } from '../deployment/tokens.js';
import type { Daemon } from '../support/daemon.js';
import { createRedisProcess } from '../support/redis-process.js';
import { ensurePython } from './python.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const TIMEOUT_MS = 180_000;
const token = mintToken();

let dataDir = '';
let server: ServerProcess;
let redis: Daemon;
let worker: ChildProcess;
let python = '';
let env: NodeJS.ProcessEnv;
let output = '';

beforeAll(async () => {
  python = ensurePython(join(root, 'tests/clients/celery-requirements.txt'));
  dataDir = await mkdtemp(join(tmpdir(), 'celery-'));
  server = await startServerProcess({ DATA_DIR: dataDir });
  redis = await createRedisProcess();
  await redis.start();
  env = {
    PATH: process.env['PATH'],
    HOME: dataDir,
    PYTHONPATH: [join(root, 'clients/python/src'), join(root, 'examples/jobs')].join(':'),
    PYTHONDONTWRITEBYTECODE: '1',
    INGESTION_PROGRESS_URL: `${server.url}/graphql`,
    INGESTION_PROGRESS_TOKEN: token,
    BROKER_URL: `redis://127.0.0.1:${redis.port}/0`,
  };
  const options = ['-m', 'celery', '-A', 'celery_task', 'worker', '--concurrency=1', '--loglevel=INFO'];
  // A process group of its own, so that its pool ends with it.
  worker = spawn(python, options, { cwd: dataDir, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  for (const stream of [worker.stdout, worker.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
}, TIMEOUT_MS);

afterAll(async () => {
  if (worker.pid !== undefined && worker.exitCode === null) {
    const ended = once(worker, 'close');
    process.kill(-worker.pid, 'SIGKILL');
    await ended;
  }
  await redis.dispose();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}, TIMEOUT_MS);

async function runPython(source: string): Promise<void> {
  const child = spawn(python, ['-c', source], { cwd: dataDir, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code).toBe(0);
}

const enqueue = (project: string, id: string, items: string, delay: number) =>
  runPython(
    `import celery_task; celery_task.ingest.apply_async((${JSON.stringify(project)}, ${items}, ${delay}), task_id=${JSON.stringify(id)})`,
  );

async function stateOf(project: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(`${server.url}/api/projects/${project}/progress`, { headers })).json();
}

it(
  'a task that is retried is the next attempt of its ingestion',
  async () => {
    await enqueue('retried', 'task-1', '["a", "flaky", "b"]', 0);
    await expect
      .poll(() => stateOf('retried'), { timeout: 60_000, message: output })
      .toMatchObject({ id: 'task-1', status: 'COMPLETED', attempt: 2 });
    expect(await stateOf('retried')).toMatchObject({
      phases: [{ metrics: { itemsProcessed: 3, itemsTotal: 3 } }, {}, {}, {}],
    });
  },
  TIMEOUT_MS,
);

it(
  'a task whose worker is killed is redelivered, and is the next attempt',
  async () => {
    await enqueue('killed', 'task-2', 'list(range(40))', 0.05);
    await expect
      .poll(() => stateOf('killed'), { timeout: 60_000 })
      .toMatchObject({ status: 'RUNNING', phases: [{ metrics: { itemsTotal: 40 } }, {}, {}, {}] });
    // The process of the pool that runs the task.
    await runPython(
      `import os, signal\nfor pid in os.listdir('/proc'):\n  if pid.isdigit() and open(f'/proc/{pid}/stat').read().rsplit(')', 1)[1].split()[1] == '${worker.pid}': os.kill(int(pid), signal.SIGKILL)`,
    );
    await expect
      .poll(() => stateOf('killed'), { timeout: 60_000 })
      .toMatchObject({ id: 'task-2', status: 'COMPLETED', attempt: 2 });
  },
  TIMEOUT_MS,
);
