/** Jobs in other languages against a real server: the unmodified files of examples/jobs. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
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

/** Starts a job as the leader of a process group, as a supervisor does. */
function start(job: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(join(JOBS, job), args, {
    env: { ...process.env, PROJECT: 'p1', ...env },
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, output }));
  const kill = (signal: NodeJS.Signals) => void process.kill(-(child.pid ?? Number.NaN), signal);
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) kill('SIGKILL');
  });
  return { kill, ended };
}

async function run(job: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const { code, output } = await start(job, args, env).ended;
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

  it('reports SIGTERM as a failure, and takes its ingestion over when it is started again', async () => {
    const server = await startTestServer();
    const env = { ...environmentOf(server.url), INGESTION: 'nightly 2026-11-28T04:00+00:00' };
    // Nobody reads from this pipe, so the job waits in its last phase.
    execFileSync('mkfifo', [target]);
    const { kill, ended } = start(job, [folder, target], env);
    await expect.poll(() => stateOf(server)).toMatchObject({ currentPhase: 4 });
    kill('SIGTERM');
    expect(await ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    expect(await stateOf(server)).toMatchObject({
      status: 'FAILED',
      error: { recoverable: true, message: "The job's process was ended by SIGTERM." },
    });
    rmSync(target);
    expect(await run(job, [folder, target], env)).toEqual({ code: 0, output: '' });
    expect(await stateOf(server)).toMatchObject({ status: 'COMPLETED', attempt: 2, id: env.INGESTION });
  });

  it('reports an error that it does not expect, recoverably', async () => {
    const server = await startTestServer();
    const { code } = await run(job, [folder, join(folder, 'nowhere', 'words')], environmentOf(server.url));
    expect(code).toBe(1);
    expect(await stateOf(server)).toMatchObject({ status: 'FAILED', error: { recoverable: true } });
  });

  it('says what a folder with quotes and backslashes in its name is called', async () => {
    const server = await startTestServer();
    const odd = join(scratch.path, 'a "folder" \\ with\ttabs');
    expect(await run(job, [odd, target], environmentOf(server.url))).toMatchObject({ code: 1 });
    expect(await stateOf(server)).toMatchObject({
      status: 'FAILED',
      error: { message: expect.stringContaining('"folder" \\ with') },
    });
    mkdirSync(odd);
    expect(await run(job, [odd, target], environmentOf(server.url))).toEqual({ code: 0, output: '' });
  });

  it('does not take an ending for stored that the server did not take', async () => {
    const result = { accepted: false, lastSequence: null, progress: { status: 'RUNNING' } };
    const server = createServer((_request, response) =>
      response.end(JSON.stringify({ data: { answer: result } })),
    );
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    expect(await run(job, [folder, target], environmentOf(url))).toMatchObject({
      code: 1,
      output: expect.stringContaining('did not take this ending'),
    });
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

describe('ingest.py', () => {
  it('reports an error of any kind: a name that is no text', async () => {
    const server = await startTestServer();
    const name = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff]), Buffer.from('.md')]);
    writeFileSync(name, 'A whale without a name.');
    const { code, output } = await run('ingest.py', [folder, target], environmentOf(server.url));
    expect(code).toBe(1);
    expect(output).toContain('UnicodeEncodeError');
    expect(await stateOf(server)).toMatchObject({
      status: 'FAILED',
      error: { errorCode: 'UNICODE_ENCODE_ERROR', recoverable: true },
    });
  });

  it('goes on if more is done than was to be done, and sends two updates a second', async () => {
    const server = await startTestServer();
    const script = `
import sys; sys.path.insert(0, ${JSON.stringify(JOBS)}); sys.dont_write_bytecode = True
import ingest, os
sent = []
class Counting(ingest.Reporter):
    def _report(self, mutation, *rest, **fields):
        sent.append(mutation)
        super()._report(mutation, *rest, **fields)
reporter = Counting(os.environ["ENDPOINT"], os.environ["TOKEN"], os.environ["PROJECT"], "growing")
reporter.start()
for done in range(1, 1001):
    reporter.progress(1, done, 500)
assert len(sent) < 20, len(sent)
reporter.progress(1, 1000, 1000)
reporter.complete(itemsProcessed=1000)
`;
    const child = spawn('python3', ['-c', script], {
      env: { ...process.env, PROJECT: 'p1', ...environmentOf(server.url) },
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(await stateOf(server)).toMatchObject({ status: 'COMPLETED' });
  });
});
