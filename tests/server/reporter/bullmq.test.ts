/** The adapter for BullMQ with a real Redis, a real queue and a real server. */
import { Queue, QueueEvents, UnrecoverableError, Worker, type WorkerOptions } from 'bullmq';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { withProgress, type BullmqOptions, type ReportedProcessor } from '../../../server/reporter/bullmq.js';
import { startTestServer, tokenFor, type RunningServer } from '../../integration/support/running-server.js';
import { freePort } from '../../support/daemon.js';
import { startRedisProcess, type RedisProcess } from '../../support/redis-process.js';

vi.setConfig({ testTimeout: 60_000 });

let redis: RedisProcess;
beforeAll(async () => {
  redis = await startRedisProcess({ settings: () => [['maxmemory-policy', 'noeviction']] });
});
afterAll(() => redis.dispose());
beforeEach(() => redis.command('FLUSHALL'));

const token = tokenFor({ scope: 'progress:write ingestion:control' });
const connection = () => ({ host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null });

type Progress = Readonly<Record<string, unknown>> & { readonly id: string };

async function stateOf(server: RunningServer): Promise<Progress> {
  return (await (await server.get('/api/projects/p1/progress')).json()) as Progress;
}

/** A queue with the events of its jobs. */
async function createQueue() {
  const queue = new Queue('books', { connection: connection() });
  const events = new QueueEvents('books', { connection: connection() });
  onTestFinished(async () => {
    await events.close();
    await queue.close();
  });
  await events.waitUntilReady();
  return { queue, events };
}

function work(
  { url }: { readonly url: string },
  processor: ReportedProcessor<unknown, unknown, string>,
  { worker = {}, ...options }: Partial<BullmqOptions> & { readonly worker?: Partial<WorkerOptions> } = {},
) {
  const reported = withProgress(processor, {
    endpoint: `${url}/graphql`,
    token,
    projectId: 'p1',
    windowMs: 10,
    quiet: true,
    ...options,
  });
  const created = new Worker('books', reported, { connection: connection(), ...worker });
  created.on('error', () => undefined);
  onTestFinished(() => created.close(true));
  return created;
}

describe('a job of the queue', () => {
  it('is one ingestion, its retries are attempts, and what it says to BullMQ is shown and kept', async () => {
    const server = await startTestServer();
    const { queue, events } = await createQueue();
    const seen: Progress[] = [];
    work(server, async (job, _token, _signal, run) => {
      await job.updateProgress({ percent: 40, done: 4, total: 10, message: 'Page 4' });
      await job.log('Page 5');
      await run?.flush();
      seen.push(await stateOf(server));
      if (job.attemptsMade === 0) throw new RangeError('No such page.');
      return 'result';
    });
    const job = await queue.add('Index books', {}, { attempts: 2 });
    expect(await job.waitUntilFinished(events)).toBe('result');
    expect(seen).toMatchObject([
      {
        status: 'RUNNING',
        title: 'Index books',
        attempt: 1,
        maxAttempts: 2,
        phases: [
          {
            name: 'Index books',
            percent: 40,
            message: 'Page 5',
            metrics: { itemsProcessed: 4, itemsTotal: 10 },
          },
        ],
      },
      { status: 'RUNNING', attempt: 2 },
    ]);
    expect(await stateOf(server)).toMatchObject({ id: seen[0]?.id, status: 'COMPLETED', attempt: 2 });
    expect(await queue.getJobLogs(job.id ?? '')).toMatchObject({ logs: ['Page 5', 'Page 5'] });
    expect((await queue.getJob(job.id ?? ''))?.progress).toMatchObject({ done: 4 });
  });

  it('that will be tried again has failed recoverably, and its last failure is an ending', async () => {
    const server = await startTestServer();
    const { queue, events } = await createQueue();
    work(server, () => Promise.reject(new RangeError('No such page.')));
    const job = await queue.add('index', {}, { attempts: 2, backoff: { type: 'fixed', delay: 600_000 } });
    await expect
      .poll(() => stateOf(server))
      .toMatchObject({
        status: 'FAILED',
        error: { errorCode: 'RANGE_ERROR', message: 'No such page.', recoverable: true },
      });
    const failed = job.waitUntilFinished(events);
    failed.catch(() => undefined);
    await expect.poll(() => job.getState()).toBe('delayed');
    await job.promote();
    await expect(failed).rejects.toThrow('No such page.');
    expect(await stateOf(server)).toMatchObject({ attempt: 2, error: { recoverable: false } });
  });

  it('is a retry of its ingestion if a person puts it into the queue again', async () => {
    const server = await startTestServer();
    const { queue, events } = await createQueue();
    let isBroken = true;
    work(server, () =>
      isBroken ? Promise.reject(new UnrecoverableError('Broken.')) : Promise.resolve('mended'),
    );
    const job = await queue.add('index', {}, { attempts: 5 });
    await expect(job.waitUntilFinished(events)).rejects.toThrow('Broken.');
    const first = await stateOf(server);
    expect(first).toMatchObject({
      attempt: 1,
      error: { errorCode: 'UNRECOVERABLE_ERROR', recoverable: false },
    });
    isBroken = false;
    await job.retry();
    await expect.poll(() => stateOf(server)).toMatchObject({ status: 'COMPLETED', retryOf: first.id });
  });

  it('is cancelled by a person: its signal aborts, and it is not tried again', async () => {
    const server = await startTestServer();
    const { queue, events } = await createQueue();
    const reasons: string[] = [];
    work(server, (_job, _token, signal) => {
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reasons.push(String(signal.reason));
          reject(signal.reason as Error);
        });
      });
    });
    const job = await queue.add('index', {}, { attempts: 5 });
    const cancel = async () => {
      const { id } = await stateOf(server);
      const mutation = 'mutation($id: ID!) { cancelIngestion(projectId: "p1", ingestionId: $id) { status } }';
      return (await server.graphql(mutation, { id }, token)).data;
    };
    await expect.poll(cancel).toEqual({ cancelIngestion: { status: 'ACCEPTED' } });
    await expect(job.waitUntilFinished(events)).rejects.toThrow('anna asked to cancel');
    expect(reasons).toEqual([expect.stringContaining('anna asked to cancel')]);
    expect(await stateOf(server)).toMatchObject({ status: 'CANCELLED', attempt: 1 });
    expect((await queue.getJob(job.id ?? ''))?.attemptsMade).toBe(1);
  });

  it('that stalled is taken over by another worker, as the next attempt, and the first one stops', async () => {
    const server = await startTestServer();
    const { queue, events } = await createQueue();
    const stopped = new Promise<unknown>((resolve) => {
      // It never renews its lock, as if its event loop were blocked.
      const worker = { lockDuration: 100, lockRenewTime: 600_000, skipStalledCheck: true };
      const processor: ReportedProcessor<unknown, unknown, string> = (job, _token, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            resolve(signal.reason);
            reject(signal.reason as Error);
          });
          // The next report tells it.
          const timer = setInterval(() => void job.updateProgress(1).catch(() => undefined), 20);
          onTestFinished(() => clearInterval(timer));
          signal.addEventListener('abort', () => clearInterval(timer));
        });
      work(server, processor, { worker });
    });
    const job = await queue.add('index', {});
    await expect.poll(() => stateOf(server)).toMatchObject({ status: 'RUNNING', attempt: 1 });
    work(server, () => Promise.resolve('second'), { worker: { stalledInterval: 100 } });
    expect(await job.waitUntilFinished(events)).toBe('second');
    expect(String(await stopped)).toContain('ReporterError');
    expect(await stateOf(server)).toMatchObject({ status: 'COMPLETED', attempt: 2 });
  });
});

describe('a job that cannot be reported', () => {
  it('is done nevertheless, without a server', async () => {
    const { queue, events } = await createQueue();
    work({ url: `http://127.0.0.1:${await freePort()}` }, async (job, _token, signal, run) => {
      await job.updateProgress(50);
      return [signal.aborted, run === null];
    });
    expect(await (await queue.add('index', {})).waitUntilFinished(events)).toEqual([false, false]);
  });

  it.each([
    ['another ingestion of its project runs', {}],
    ['its token is wrong', { token: 'wrong' }],
  ])('is done nevertheless, if %s', async (_why, options) => {
    const server = await startTestServer();
    await server.server.emitter.startIngestion('p1', { ingestionId: 'other' });
    const { queue, events } = await createQueue();
    const rejected = vi.fn();
    work(server, (_job, _token, signal, run) => Promise.resolve([signal.aborted, run === null]), {
      ...options,
      onRejected: rejected,
    });
    expect(await (await queue.add('index', {})).waitUntilFinished(events)).toEqual([false, true]);
    expect(rejected).toHaveBeenCalled();
    expect(await stateOf(server)).toMatchObject({ id: 'other', status: 'RUNNING' });
  });
});
