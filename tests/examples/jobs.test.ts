/** Jobs in other languages against a real server: the unmodified files of examples/jobs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTestServer, tokenFor, type RunningServer } from '../integration/support/running-server.js';
import { connectStock, watchStock } from '../integration/support/stock-client.js';
import { freePort } from '../support/daemon.js';
import { createTcpProxy } from '../support/tcp-proxy.js';
import { createTemporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.js';

// Processes of other languages start slowly while all tests run.
vi.setConfig({ testTimeout: 60_000 });

const JOBS = fileURLToPath(new URL('../../examples/jobs/', import.meta.url));

let scratch: TemporaryDirectory;
let folder: string;
let target: string;

beforeEach(() => {
  scratch = createTemporaryDirectory();
  folder = join(scratch.path, 'a folder');
  target = join(scratch.path, 'words');
  mkdirSync(folder);
  for (let number = 1; number <= 60; number += 1) {
    writeFileSync(join(folder, `text ${number}.md`), `# Whales\n\nThe humpback sings, number ${number}.`);
  }
});
afterEach(() => scratch.delete());

async function run(job: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(join(JOBS, job), args, { env: { ...process.env, PROJECT: 'p1', ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

const write = tokenFor({ scope: 'progress:write' });
const environmentOf = (url: string, token = write) => ({ ENDPOINT: `${url}/graphql`, TOKEN: token });

async function stateOf(server: RunningServer): Promise<unknown> {
  return (await server.get('/api/projects/p1/progress')).json();
}

describe.each([['ingest.py'], ['ingest.sh']])('%s', (job) => {
  it('ingests a folder in four phases, and a watcher sees each of them', async () => {
    const server = await startTestServer();
    const { events } = watchStock(connectStock(server.wsUrl, { token: tokenFor() }), 'p1', { follow: true });
    expect(await run(job, [folder, target], environmentOf(server.url))).toEqual({ code: 0, output: '' });
    const last = await events.until((event) => event.__typename === 'IngestionComplete');
    expect(last.progress?.result).toMatchObject({ outcome: 'SUCCESS', itemsProcessed: 60, itemsFailed: 0 });
    const phases = events.all.filter((event) => event.__typename === 'PhaseStarted');
    expect(phases.map((event) => event.progress?.currentPhase)).toEqual([1, 2, 3, 4]);
    expect(last.progress?.phases[1]?.metrics).toMatchObject({ itemsProcessed: 60, itemsTotal: 60 });
    expect(readFileSync(target, 'utf8')).toContain('humpback');
  });

  it('retries reports that failed to arrive', async () => {
    const server = await startTestServer();
    const real = Number(new URL(server.url).port);
    const nothing = await freePort();
    let connections = 0;
    // The first connection, and every fifth after it, goes to a port where nothing listens.
    await using proxy = await createTcpProxy(() => ((connections += 1) % 5 === 1 ? nothing : real));
    const { code } = await run(job, [folder, target], environmentOf(`http://127.0.0.1:${proxy.port}`));
    expect(code).toBe(0);
    expect(connections).toBeGreaterThan(1);
    expect(await stateOf(server)).toMatchObject({ status: 'COMPLETED', progressPercent: 100 });
  });

  it('reports a missing folder as a failure, and exits with 1', async () => {
    const server = await startTestServer();
    const { code, output } = await run(job, [join(folder, 'nowhere'), target], environmentOf(server.url));
    expect(code).toBe(1);
    expect(output).toMatch(/^Failed: /);
    expect(await stateOf(server)).toMatchObject({ status: 'FAILED', error: { recoverable: false } });
  });

  it('exits with a message if its token may not write, or another ingestion is running', async () => {
    const server = await startTestServer();
    const reading = await run(job, [folder, target], environmentOf(server.url, tokenFor()));
    expect(reading).toMatchObject({ code: 1, output: expect.stringContaining('FORBIDDEN') });
    await server.server.emitter.startIngestion('p1');
    const second = await run(job, [folder, target], environmentOf(server.url));
    expect(second).toMatchObject({ code: 1, output: expect.stringContaining('CONFLICT') });
  });
});
