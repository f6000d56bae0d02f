/** How a job's process ends, with the reporter in it: soon, and not without its last words. */
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startTestServer, tokenFor, type RunningServer } from '../../integration/support/running-server.js';
import { freePort } from '../../support/daemon.js';
import { createTemporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.js';
import { bundleReporter, startJob, type JobOptions } from './job-process.js';

// Processes start slowly while all tests run.
vi.setConfig({ testTimeout: 60_000 });

let scratch: TemporaryDirectory;
beforeAll(async () => {
  scratch = createTemporaryDirectory();
  await bundleReporter(scratch.path);
});
afterAll(() => scratch.delete());

const token = tokenFor({ scope: 'progress:write ingestion:control' });

const run = (source: string, { url }: { readonly url: string }, options: Partial<JobOptions> = {}) =>
  startJob(scratch.path, source, { endpoint: `${url}/graphql`, token, ...options });

async function stateOf(server: RunningServer): Promise<unknown> {
  return (await server.get('/api/projects/p1/progress')).json();
}

/** A job that reports 1 % at once, 42 % inside the window, and is then done with `last`. */
const job = (last: string, start = '{}') => `
  async function main() {
    const run = await reporter.startIngestion(${start});
    run.emitProgressUpdate(1, 1);
    await run.flush();
    run.emitProgressUpdate(1, 41);
    await run.flush();
    run.emitProgressUpdate(1, 42);
    console.log('done');
    ${last}
  }`;
const FOREVER = 'await new Promise((resolve) => setTimeout(resolve, 600_000));';
const main = 'main().catch((error) => { console.error(error); process.exitCode = 1; });';

describe('a job whose code is done', () => {
  it.each([
    ['returned', '{}'],
    ['listens to cancel requests', '{ cancellable: true }'],
  ])('sends the last window, ends at once, and is not called failed: it %s', async (_how, start) => {
    const server = await startTestServer();
    const { ended } = run(job('', start) + main, server);
    expect(await ended).toMatchObject({ code: 0, signal: null });
    expect((await ended).afterMs).toBeLessThan(5_000);
    // The server has taken it, and shows it at the end of its own window.
    await expect
      .poll(() => stateOf(server))
      .toMatchObject({ status: 'RUNNING', phases: [{ percent: 42 }, {}, {}, {}] });
  });

  it('is called failed, recoverably, if it set another exit code than 0', async () => {
    const server = await startTestServer();
    const { ended } = run(job('throw new Error("secret");', '{ cancellable: true }') + main, server);
    expect(await ended).toMatchObject({ code: 1 });
    expect(await stateOf(server)).toMatchObject({
      status: 'FAILED',
      error: {
        recoverable: true,
        errorCode: 'PROCESS_FAILED',
        message: "The job's process ended with exit code 1.",
      },
      phases: [{ percent: 42 }, {}, {}, {}],
    });
  });

  it('keeps its own words about a failure', async () => {
    const server = await startTestServer();
    const last = `await run.emitError(1, { errorCode: 'MINE', message: 'Mine.', recoverable: true });
      process.exitCode = 3;`;
    expect(await run(job(last) + main, server).ended).toMatchObject({ code: 3 });
    expect(await stateOf(server)).toMatchObject({ status: 'FAILED', error: { errorCode: 'MINE' } });
  });

  it.each([
    ['cannot be reached', async () => `http://127.0.0.1:${await freePort()}`],
    ['takes what it is sent and never answers', async () => silentServer()],
  ])('ends within flushTimeoutMs if its server %s, and says what is lost', async (_why, address) => {
    const source = `
      await reporter.emitPhaseStarted(1, 'Reading');
      reporter.emitProgressUpdate(1, 42);
      console.log('done');`;
    const options = '{ flushTimeoutMs: 1_000 }';
    const { ended, errors } = run(source, { url: await address() }, { options });
    expect(await ended).toMatchObject({ code: 0 });
    expect((await ended).afterMs).toBeGreaterThan(900);
    expect((await ended).afterMs).toBeLessThan(5_000);
    expect(errors()).toContain('The process ended before every report was sent');
  });

  it('rejects an ending that is not delivered in the time that it may take, and the exit code is its own', async () => {
    const source = `
      const run = reporter.openIngestion();
      await run.emitComplete({}).catch((error) => console.log(error.code));
      process.exitCode = 4;`;
    const address = `http://127.0.0.1:${await freePort()}`;
    const { ended, output, errors } = run(source, { url: address }, { options: '{ giveUpAfterMs: 500 }' });
    expect(await ended).toMatchObject({ code: 4 });
    expect(output()).toBe('NO_ANSWER\n');
    expect(errors()).toContain('NO_ANSWER');
  });

  it.each([
    ['wrong', 'not a token', 'UNAUTHENTICATED'],
    ['expired', tokenFor({ scope: 'progress:write', exp: 1 }), 'TOKEN_EXPIRED'],
    ['for another project', tokenFor({ scope: 'progress:write', projects: ['p2'] }), 'FORBIDDEN'],
  ])('works on with a token that is %s, and is told once', async (_how, wrong, code) => {
    const server = await startTestServer();
    const source = `
      const run = reporter.openIngestion();
      for (let page = 1; page <= 50; page += 1) run.emitProgressUpdate(1, page);
      await run.emitComplete({}).catch((error) => console.log(error.code));
      console.log('worked');`;
    const { ended, output, errors } = run(source, server, { token: wrong });
    expect(await ended).toMatchObject({ code: 0 });
    expect(output()).toBe(`${code}\nworked\n`);
    expect(errors().match(/ingestion-progress:/g)).toHaveLength(1);
  });

  it('waits for an ending that it awaits, and for retry requests until it no longer listens', async () => {
    const server = await startTestServer();
    const { ended, output } = run(
      `const run = await reporter.startIngestion();
      await run.emitComplete({});
      const stop = reporter.onRetry(() => undefined);
      const timer = setTimeout(() => { console.log('listened'); stop(); }, 300);
      timer.unref();`,
      server,
    );
    expect(await ended).toMatchObject({ code: 0 });
    expect(output()).toBe('listened\n');
    expect(await stateOf(server)).toMatchObject({ status: 'COMPLETED' });
  });
});

describe('a job that is ended', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'by %s says that it failed, and ends by it',
    async (signal) => {
      const server = await startTestServer();
      const { child, line, ended } = run(job(FOREVER) + main, server);
      await line('done');
      child.kill(signal);
      expect(await ended).toMatchObject({ code: null, signal });
      expect(await stateOf(server)).toMatchObject({
        status: 'FAILED',
        error: {
          errorCode: 'PROCESS_TERMINATED',
          recoverable: true,
          message: expect.stringContaining(signal),
        },
        phases: [{ percent: 42 }, {}, {}, {}],
      });
    },
  );

  it.each([
    ['an error that nobody caught', `setTimeout(() => { throw new TypeError('secret') }); ${FOREVER}`, main],
    ['a promise that nobody caught', `throw new TypeError('secret');`, 'main();'],
  ])('by %s says so without its message, and ends as ever', async (_how, last, call) => {
    const server = await startTestServer();
    const { ended, errors } = run(job(last) + call, server);
    expect(await ended).toMatchObject({ code: 1, signal: null });
    expect(errors()).toContain('TypeError: secret');
    expect(await stateOf(server)).toMatchObject({
      status: 'FAILED',
      error: {
        errorCode: 'TYPE_ERROR',
        recoverable: true,
        message: 'The job stopped by an error that it did not catch (TypeError).',
      },
      phases: [{ percent: 42 }, {}, {}, {}],
    });
  });

  it('decides itself what a signal means if it listens to it, and still loses nothing', async () => {
    const server = await startTestServer();
    const last = `process.on('SIGTERM', () => run.emitComplete({}).then(() => console.log('told'))); ${FOREVER}`;
    const { child, line } = run(job(last) + main, server);
    await line('done');
    child.kill('SIGTERM');
    await line('told');
    expect(await stateOf(server)).toMatchObject({ status: 'COMPLETED' });
  });

  it('is left alone with handleExit: false', async () => {
    const server = await startTestServer();
    const { child, line, ended } = run(job(FOREVER) + main, server, { options: '{ handleExit: false }' });
    await line('done');
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ signal: 'SIGTERM' });
    expect(await stateOf(server)).toMatchObject({ status: 'RUNNING' });
  });
});

describe('a job in a worker thread', () => {
  const threaded = (source: string, { url }: RunningServer) => {
    const options = { endpoint: `${url}/graphql`, token, projectId: 'p1' };
    const module = `import { createReporter } from ${JSON.stringify(`file://${scratch.path}/reporter.mjs`)};
      const reporter = createReporter(${JSON.stringify(options)});
      ${source}`;
    return `const { Worker } = await import('node:worker_threads');
      const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(module)})));
      worker.on('error', (error) => console.log('error', error.name));
      worker.on('exit', (code) => console.log('exit', code));`;
  };

  it('sends what is queued when its code is done, and keeps neither the thread nor the process alive', async () => {
    const server = await startTestServer();
    const { ended } = run(threaded(job('', '{ cancellable: true }') + main, server), server);
    expect(await ended).toMatchObject({ code: 0, signal: null });
    expect((await ended).afterMs).toBeLessThan(5_000);
    await expect
      .poll(() => stateOf(server))
      .toMatchObject({ status: 'RUNNING', phases: [{ percent: 42 }, {}, {}, {}] });
  });

  it('hears no signal, which Node.js gives to the main thread alone', async () => {
    const server = await startTestServer();
    const { child, ended, line } = run(threaded(job(FOREVER) + main, server), server);
    await line('done');
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    expect(await stateOf(server)).toMatchObject({ status: 'RUNNING' });
  });

  it('is called failed, recoverably, after an error that it did not catch; the thread ends by it', async () => {
    const server = await startTestServer();
    const { ended, output } = run(
      threaded(job(`throw new TypeError('secret');`) + 'main();', server),
      server,
    );
    expect(await ended).toMatchObject({ code: 0 });
    expect(output()).toContain('error TypeError');
    expect(await stateOf(server)).toMatchObject({
      status: 'FAILED',
      error: { errorCode: 'TYPE_ERROR', recoverable: true },
    });
  });
});

describe('what no reporter can send', () => {
  it('is lost by process.exit, and the server calls the job stalled', async () => {
    const server = await startTestServer();
    const { ended } = run(job('process.exit(0);', '{ staleAfterMs: 1_000 }') + main, server);
    expect(await ended).toMatchObject({ code: 0 });
    await expect
      .poll(() => stateOf(server))
      .toMatchObject({
        status: 'FAILED',
        error: { errorCode: 'INGESTION_STALLED', recoverable: true },
      });
  });
});

describe('a job with little memory', () => {
  it('makes a million updates without a server in 80 MB, and its last word arrives when the server does', async () => {
    const port = await freePort();
    const source = `
      await reporter.emitPhaseStarted(1, 'Counting');
      let heap = 0, rss = 0;
      for (let done = 1; done <= 1_000_000; done += 1) {
        reporter.emitProgressUpdate(1, done / 10_000, { itemsProcessed: done, itemsTotal: 1_000_000 });
        if (done % 10_000 === 0) {
          await new Promise((resolve) => setImmediate(resolve));
          const used = process.memoryUsage();
          heap = Math.max(heap, used.heapUsed);
          rss = Math.max(rss, used.rss);
        }
      }
      console.log(JSON.stringify({ heapMb: heap / 2 ** 20, rssMb: rss / 2 ** 20 }));
      console.log('done');
      await reporter.flush();`;
    const { line, output, ended } = run(
      source,
      { url: `http://127.0.0.1:${port}` },
      { node: ['--max-old-space-size=256'] },
    );
    await line('done');
    const server = await startTestServer({ port });
    expect(await ended).toMatchObject({ code: 0 });
    expect(await stateOf(server)).toMatchObject({
      phases: [{ metrics: { itemsProcessed: 1_000_000 } }, {}, {}, {}],
    });
    const { heapMb, rssMb } = JSON.parse(output().split('\n')[0] ?? '') as Record<'heapMb' | 'rssMb', number>;
    expect(heapMb).toBeLessThan(40);
    expect(rssMb).toBeLessThan(80);
  });
});

/** Takes connections and requests, and says nothing. */
async function silentServer(): Promise<string> {
  const server = createServer((socket) => void socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}
