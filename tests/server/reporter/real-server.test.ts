/** The reporter over real HTTP against a real server, with its real windows and waits. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemEnvironment } from '../../../server/reporter/environment.js';
import {
  createReporter,
  type ReporterEnvironment,
  type ReporterError,
  type ReporterOptions,
} from '../../../server/reporter/index.js';
import { startTestServer, tokenFor, type RunningServer } from '../../integration/support/running-server.js';
import { connectStock, watchStock } from '../../integration/support/stock-client.js';
import { createTcpProxy } from '../../support/tcp-proxy.js';

const jobToken = () => tokenFor({ scope: 'progress:write ingestion:control' });

function report({ url }: { readonly url: string }, options: Partial<ReporterOptions> = {}) {
  const reporter = createReporter({
    endpoint: `${url}/graphql`,
    projectId: 'p1',
    ...(options.getToken === undefined ? { token: jobToken() } : {}),
    ...options,
  });
  onTestFinished(() => reporter.dispose());
  return reporter;
}

function watchIt({ wsUrl }: RunningServer) {
  return watchStock(connectStock(wsUrl, { token: tokenFor() }), 'p1', { follow: true });
}

async function stateOf(server: RunningServer): Promise<Record<string, unknown>> {
  return (await (await server.get('/api/projects/p1/progress')).json()) as Record<string, unknown>;
}

describe('a job in another process', () => {
  it('is seen by a watcher as one in the server is', async () => {
    const server = await startTestServer();
    const { events } = watchIt(server);
    const run = await report(server).startIngestion({ phaseWeights: [1, 1, 1, 7] });
    for (const phase of [1, 2, 3, 4]) {
      await run.emitPhaseStarted(phase, `Phase ${phase}`);
      run.emitProgressUpdate(phase, 50, { itemsProcessed: 5, itemsTotal: 10 });
    }
    await run.emitComplete({ itemsProcessed: 10, itemsFailed: 1, output: { index: 'a' } });
    const last = await events.until((event) => event.__typename === 'IngestionComplete');
    expect(last.progress).toMatchObject({
      id: run.ingestionId,
      status: 'COMPLETED',
      progressPercent: 100,
      result: { outcome: 'PARTIAL', itemsFailed: 1, output: { index: 'a' } },
    });
    const started = events.all.filter((event) => event.__typename === 'PhaseStarted');
    expect(started.map((event) => event.progress?.currentPhase)).toEqual([1, 2, 3, 4]);
  });

  it('hears that a person asks to cancel, stops, and says so', async () => {
    const server = await startTestServer();
    const run = await report(server).startIngestion({ cancellable: true });
    await run.emitPhaseStarted(1, 'Reading');
    const aborted = new Promise((resolve) => run.signal.addEventListener('abort', resolve));
    const { data } = await server.graphql(
      'mutation($id: ID!) { cancelIngestion(projectId: "p1", ingestionId: $id) { status } }',
      { id: run.ingestionId },
      jobToken(),
    );
    expect(data).toEqual({ cancelIngestion: { status: 'ACCEPTED' } });
    await aborted;
    expect(String(run.signal.reason)).toContain('anna asked to cancel');
    await run.confirmCancelled();
    expect(await stateOf(server)).toMatchObject({ status: 'CANCELLED' });
  });

  it('hears that a person asks for another go, and takes it or says why not', async () => {
    const server = await startTestServer();
    const reporter = report(server);
    const run = await reporter.startIngestion();
    await run.emitError(2, { errorCode: 'AWAY', message: 'The source is away.', recoverable: true });
    const heard: unknown[] = [];
    const stop = reporter.onRetry((request) => {
      heard.push(request);
      return heard.length > 1 ? { accepted: false, reason: 'Enough.' } : undefined;
    });
    const retry = () =>
      server.graphql(
        'mutation($id: ID!) { retryIngestion(projectId: "p1", ingestionId: $id, fromPhase: 2) { status reason } }',
        { id: run.ingestionId },
        jobToken(),
      );
    expect((await retry()).data).toEqual({ retryIngestion: { status: 'ACCEPTED', reason: null } });
    expect(heard).toEqual([{ ingestionId: run.ingestionId, fromPhase: 2 }]);
    expect((await retry()).data).toEqual({ retryIngestion: { status: 'REJECTED', reason: 'Enough.' } });
    stop();
  });

  it('loses nothing while the way to the server is cut, and is never held up by it', async () => {
    const server = await startTestServer();
    await using proxy = await createTcpProxy(Number(new URL(server.url).port));
    const rejected: ReporterError[] = [];
    const reporter = report(
      { url: `http://127.0.0.1:${proxy.port}` },
      { onRejected: (error) => rejected.push(error), requestTimeoutMs: 1_000 },
    );
    const run = await reporter.startIngestion();
    await proxy.refuse();
    proxy.cut();
    const startedAt = performance.now();
    await run.emitPhaseStarted(1, 'Reading');
    for (let step = 0; step <= 1_000; step += 1) run.emitProgressUpdate(1, step / 20);
    await run.emitPhaseStarted(2, 'Extracting');
    run.emitProgressUpdate(2, 75);
    expect(performance.now() - startedAt).toBeLessThan(500);
    expect(await stateOf(server)).toMatchObject({ currentPhase: 0 });
    await proxy.restore();
    await run.flush();
    expect(rejected).toEqual([]);
    expect(await stateOf(server)).toMatchObject({
      currentPhase: 2,
      phases: [{ status: 'COMPLETED', percent: 100 }, { percent: 75 }, {}, {}],
    });
  });

  it('is told only once of what arrived twice: an ending whose answer was lost is not a second one', async () => {
    const server = await startTestServer();
    await using proxy = await createTcpProxy(Number(new URL(server.url).port));
    const { events } = watchIt(server);
    let requests = 0;
    const environment: ReporterEnvironment = {
      ...systemEnvironment,
      fetch: (url, init) => ((requests += 1), systemEnvironment.fetch(url, init)),
    };
    const reporter = report({ url: `http://127.0.0.1:${proxy.port}` }, { environment });
    const run = await reporter.startIngestion();
    // The request arrives, and the answer is still on its way when the connection breaks.
    proxy.delay(500);
    const ending = run.emitComplete({ itemsProcessed: 1 });
    await events.until((event) => event.__typename === 'IngestionComplete');
    proxy.cut();
    proxy.delay(0);
    await ending;
    expect(requests).toBe(3);
    const { revision } = await stateOf(server);
    expect(events.all.filter((event) => event.__typename === 'IngestionComplete')).toHaveLength(1);
    expect(revision).toBe(events.all.at(-1)?.revision);
  });

  it('takes its ingestion over when it is started again, at phase 1 too, and stops the process before it', async () => {
    const server = await startTestServer();
    const first = await report(server).startIngestion({ ingestionId: 'nightly' });
    await first.emitPhaseStarted(1, 'Reading');
    await first.emitPhaseStarted(2, 'Extracting');
    await first.flush();
    await first.emitError(2, { errorCode: 'AWAY', message: 'The source is away.', recoverable: true });

    const second = await report(server).startIngestion({ ingestionId: 'nightly' });
    await second.emitPhaseStarted(1, 'Reading again');
    second.emitProgressUpdate(1, 40);
    await second.flush();
    expect(await stateOf(server)).toMatchObject({
      attempt: 2,
      currentPhase: 1,
      phases: [{ percent: 40 }, {}, {}, {}],
    });

    first.emitProgressUpdate(2, 90);
    await expect(first.flush()).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(first.signal.aborted).toBe(true);
    await expect(first.emitComplete({})).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await stateOf(server)).toMatchObject({ status: 'RUNNING' });
    await second.emitComplete({});
    expect(await stateOf(server)).toMatchObject({ status: 'COMPLETED', attempt: 2 });
    await expect(report(server).startIngestion({ ingestionId: 'nightly' })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });

  it('adds up what workers with one key report, also after one was killed and started again', async () => {
    const server = await startTestServer();
    const shared = { ingestionId: 'shards', attemptKey: 'one-run' };
    const work = async (part: string, to: number) => {
      const worker = await report(server, { windowMs: 1 }).startIngestion(shared);
      for (let done = 1; done <= to; done += 1) {
        worker.emitProgressUpdate(1, null, { itemsProcessed: done, itemsTotal: 50 }, { part });
        await worker.flush();
      }
      return worker;
    };
    await Promise.all([work('a', 50), work('b', 20)]);
    // Killed after 20; it counts anew, and has less to say than before until it is done.
    const again = await work('b', 3);
    expect(await stateOf(server)).toMatchObject({
      phases: [{ metrics: { itemsProcessed: 53 } }, {}, {}, {}],
    });
    await again.emitComplete({ itemsProcessed: 53 });
    expect(await stateOf(server)).toMatchObject({ status: 'COMPLETED', attempt: 1 });
  });

  it('loses no ending for its form', async () => {
    const server = await startTestServer();
    const run = await report(server).startIngestion();
    const circle: Record<string, unknown> = {};
    circle['itself'] = circle;
    await run.emitComplete({ itemsProcessed: 1.5, bytesProcessed: NaN, output: circle });
    expect(await stateOf(server)).toMatchObject({ status: 'COMPLETED', result: { itemsProcessed: 2 } });
    const failing = await report(server).startIngestion();
    const error = { errorCode: 'ValueError', message: '', recoverable: false };
    await failing.emitError(99, error);
    expect(await stateOf(server)).toMatchObject({ status: 'FAILED', error: { errorCode: 'VALUE_ERROR' } });
  });

  it('is stopped by its signal once a newer ingestion took its place', async () => {
    const server = await startTestServer();
    const older = await report(server).startIngestion();
    await expect(report(server).startIngestion()).rejects.toMatchObject({ code: 'CONFLICT' });
    await report(server).startIngestion({ replace: true });
    older.emitProgressUpdate(1, 10);
    await expect(older.flush()).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(older.signal.aborted).toBe(true);
  });

  it('gets a fresh token where the first has expired, and is refused where it may not write', async () => {
    const server = await startTestServer();
    const expired = tokenFor({ exp: Math.floor(Date.now() / 1_000) - 10, scope: 'progress:write' });
    const run = await report(server, {
      getToken: ({ force }) => (force ? jobToken() : expired),
    }).startIngestion();
    await run.emitComplete({});
    await expect(report(server, { token: tokenFor() }).startIngestion()).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('is told the path and the rule of what breaks the schema', async () => {
    const server = await startTestServer();
    const rejected: ReporterError[] = [];
    const run = await report(server, { onRejected: (error) => rejected.push(error) }).startIngestion();
    run.emitProgressUpdate(1, 10, { itemsProcessed: -1 });
    await run.flush();
    expect(rejected.map(({ code, message }) => [code, message])).toEqual([
      ['BAD_USER_INPUT', expect.stringMatching(/itemsProcessed.*0/)],
    ]);
  });
});
