/** What every reporter must do, whatever its language: schema/PROTOCOL.md, "Testing a reporter". */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createTemporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.js';
import { startDriver, type Driver } from './driver.js';
import { KITS } from './kits.js';
import { startScriptedServer, type Fault, type ScriptedServer } from './scripted-server.js';

// Waits and retries are real here: 1, 2, 4 s.
vi.setConfig({ testTimeout: 60_000 });

describe.each(KITS)('the reporter for $name', ({ command, knowsExitCode }) => {
  let scratch: TemporaryDirectory;
  let program: readonly string[];
  beforeAll(async () => {
    scratch = createTemporaryDirectory();
    program = await command(mkdtempSync(join(scratch.path, 'kit-')));
  });
  afterAll(() => scratch.delete());

  interface Job extends Driver {
    readonly server: ScriptedServer;
    setToken(token: string): void;
    /** The report that it has sent, newest first if it was repeated. */
    mutations(): readonly string[];
  }

  /** A job that has opened its ingestion, `i1`. */
  async function open({
    server,
    fault = () => undefined,
    clockOffsetMs = 0,
    start = {},
    ...options
  }: {
    readonly server?: ScriptedServer;
    readonly fault?: ScriptedServer['fault'];
    readonly clockOffsetMs?: number;
    readonly start?: object;
    readonly requestTimeoutMs?: number;
    readonly flushTimeoutMs?: number;
    readonly windowMs?: number;
  } = {}): Promise<Job> {
    const own = server ?? (await startScriptedServer());
    onTestFinished(() => own.stop());
    own.fault = fault;
    const tokenFile = join(scratch.path, `token-${crypto.randomUUID()}`);
    const setToken = (token: string) => writeFileSync(tokenFile, token);
    setToken('first');
    const driver = startDriver(program);
    await driver.do('open', {
      endpoint: own.endpoint,
      projectId: 'p1',
      tokenFile,
      clockOffsetMs,
      start: { ingestionId: 'i1', ...start },
      options: { windowMs: 50, ...options },
    });
    return { ...driver, server: own, setToken, mutations: () => own.heard.map(({ mutation }) => mutation) };
  }

  /** A phase, an update and the end. */
  async function work(job: Job) {
    await job.do('phase', { phase: 1, message: 'Reading' });
    await job.do('update', { phase: 1, percent: 42, metrics: { itemsProcessed: 42, itemsTotal: 100 } });
    return job.do('complete');
  }

  const once = (name: string, fault: Fault): ScriptedServer['fault'] => {
    let isLeft = true;
    return ({ mutation }) => {
      if (mutation !== name || !isLeft) return undefined;
      isLeft = false;
      return fault;
    };
  };
  const ingestion = ({ server }: Job) => server.ingestions.get('i1');

  it('reports in order, one request at a time, with one key and rising sequences, and ends', async () => {
    const job = await open();
    expect(await work(job)).toEqual({ done: 'complete' });
    expect(job.mutations()).toEqual([
      'startIngestion',
      'reportPhaseStarted',
      'reportProgress',
      'completeIngestion',
    ]);
    const [start, ...reports] = job.server.heard;
    expect(start?.input['attemptKey']).toEqual(expect.any(String));
    for (const { input, token } of reports) {
      expect(input).toMatchObject({
        projectId: 'p1',
        ingestionId: 'i1',
        attemptKey: start?.input['attemptKey'],
      });
      expect(token).toBe('Bearer first');
    }
    const sequences = reports.map(({ input }) => Number(input['sequence']));
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
    expect(job.server.mostAtOnce).toBe(1);
    job.end();
    expect(await job.ended).toMatchObject({ code: 0, signal: null });
    expect(job.errors()).toBe('');
  });

  it('merges updates, and loses none that is the last', async () => {
    const job = await open({ windowMs: 500 });
    for (let percent = 1; percent <= 60; percent += 1) await job.do('update', { phase: 1, percent });
    await job.do('flush');
    expect(ingestion(job)?.progress).toMatchObject({ progressPercent: 60 });
    expect(job.mutations().filter((name) => name === 'reportProgress').length).toBeLessThan(30);
  });

  describe.each(['startIngestion', 'reportPhaseStarted', 'reportProgress', 'completeIngestion'])(
    'if of %s',
    (name) => {
      it('the answer is lost, repeats it as it was', async () => {
        const job = await open({ fault: once(name, 'lost') });
        expect(await work(job)).toEqual({ done: 'complete' });
        const [first, again] = job.server.heard.filter(({ mutation }) => mutation === name);
        expect(again?.input).toEqual(first?.input);
        expect(ingestion(job)).toMatchObject({ status: 'COMPLETED', attempt: 1 });
      });

      it('the answer is late, waits no longer than requestTimeoutMs, and repeats it', async () => {
        const job = await open({ fault: once(name, 'silent'), requestTimeoutMs: 400 });
        expect(await work(job)).toEqual({ done: 'complete' });
        const [first, again] = job.server.heard.filter(({ mutation }) => mutation === name);
        expect(again?.input).toEqual(first?.input);
        expect(ingestion(job)).toMatchObject({ status: 'COMPLETED', attempt: 1 });
      });
    },
  );

  it.each<[string, Fault]>([
    ['UNAVAILABLE', { code: 'UNAVAILABLE' }],
    ['INTERNAL_SERVER_ERROR', { code: 'INTERNAL_SERVER_ERROR' }],
    ['502 of a proxy', { status: 502 }],
  ])('tries again after %s, with a delay', async (_what, fault) => {
    const job = await open({ fault: once('reportPhaseStarted', fault) });
    expect(await work(job)).toEqual({ done: 'complete' });
    const [first, again] = job.server.heard.filter(({ mutation }) => mutation === 'reportPhaseStarted');
    expect(again?.input).toEqual(first?.input);
    expect((again?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(400);
  });

  it('waits as long as Retry-After says', async () => {
    const job = await open({
      fault: once('reportPhaseStarted', { code: 'RATE_LIMITED', retryAfterSeconds: 3 }),
    });
    expect(await work(job)).toEqual({ done: 'complete' });
    const [first, again] = job.server.heard.filter(({ mutation }) => mutation === 'reportPhaseStarted');
    expect((again?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(2_990);
  });

  it('goes on after one report that breaks a rule', async () => {
    const job = await open({ fault: once('reportProgress', { code: 'BAD_USER_INPUT' }) });
    expect(await work(job)).toEqual({ done: 'complete' });
    expect(job.mutations().filter((name) => name === 'reportProgress')).toHaveLength(1);
    expect(ingestion(job)).toMatchObject({ status: 'COMPLETED' });
  });

  it('stops reporting once it is FORBIDDEN: the ending rejects, standard error says why, and the job ends as it would', async () => {
    const job = await open({ fault: () => ({ code: 'FORBIDDEN' }) });
    expect(await work(job)).toEqual({ done: 'complete', error: 'FORBIDDEN' });
    expect(job.mutations()).toEqual(['startIngestion']);
    job.end();
    expect(await job.ended).toMatchObject({ code: 0, signal: null });
    expect(job.errors()).toContain('FORBIDDEN');
  });

  it('asks for a fresh token once the first has expired, and repeats the report with it', async () => {
    const job = await open({
      fault: ({ token }) => (token === 'Bearer first' ? { code: 'TOKEN_EXPIRED' } : undefined),
    });
    job.setToken('second');
    expect(await work(job)).toEqual({ done: 'complete' });
    expect(ingestion(job)).toMatchObject({ status: 'COMPLETED', attempt: 1 });
  });

  it('gives up a token that stays refused: the ending rejects', async () => {
    const job = await open({ fault: () => ({ code: 'UNAUTHENTICATED' }) });
    expect(await work(job)).toEqual({ done: 'complete', error: 'UNAUTHENTICATED' });
    expect(job.server.heard.length).toBeLessThanOrEqual(2);
  });

  it('says an ending again above the sequence of another worker that has its key', async () => {
    const job = await open();
    await job.do('phase', { phase: 1, message: 'Reading' });
    await job.do('flush');
    const known = ingestion(job);
    if (known !== undefined) known.lastSequence = 100;
    expect(await job.do('complete')).toEqual({ done: 'complete' });
    expect(ingestion(job)).toMatchObject({ status: 'COMPLETED' });
  });

  it('rejects an ending that is not accepted, and that the state does not show', async () => {
    const job = await open({
      fault: ({ mutation }) => (mutation === 'completeIngestion' ? 'untaken' : undefined),
    });
    expect(await work(job)).toEqual({ done: 'complete', error: 'CONFLICT' });
    expect(ingestion(job)).toMatchObject({ status: 'RUNNING' });
  });

  it('survives a restart of the server: nothing blocks the job, the newest update and the end arrive', async () => {
    const job = await open();
    await job.do('phase', { phase: 1, message: 'Reading' });
    await job.do('flush');
    await job.server.stop();
    for (let percent = 1; percent <= 50; percent += 1) await job.do('update', { phase: 1, percent });
    await job.do('phase', { phase: 2, message: 'Writing' });
    await job.do('update', { phase: 2, percent: 7 });
    await job.server.listen();
    expect(await job.do('complete')).toEqual({ done: 'complete' });
    expect(ingestion(job)).toMatchObject({
      status: 'COMPLETED',
      attempt: 1,
      progress: { phase: 2, progressPercent: 7 },
    });
    const numbered = job.server.heard.filter(({ input }) => input['sequence'] !== undefined);
    const order = numbered.map(({ input }) => Number(input['sequence']));
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it.each([-600_000, 600_000])('is not misled by a clock that is wrong by %d ms', async (clockOffsetMs) => {
    const job = await open({ clockOffsetMs, fault: once('reportPhaseStarted', { code: 'UNAVAILABLE' }) });
    expect(await work(job)).toEqual({ done: 'complete' });
    expect(job.mutations().filter((name) => name === 'reportPhaseStarted')).toHaveLength(2);
    expect(new Set(job.server.heard.map(({ token }) => token))).toEqual(new Set(['Bearer first']));
  });

  it('goes on after it was stopped (SIGSTOP) for longer than requestTimeoutMs', async () => {
    let answer = (): void => {};
    const late = new Promise<void>((resolve) => (answer = resolve));
    const job = await open({ requestTimeoutMs: 300, fault: once('reportPhaseStarted', { late }) });
    const working = work(job);
    await vi.waitUntil(() => job.mutations().includes('reportPhaseStarted'), { timeout: 15_000 });
    job.kill('SIGSTOP');
    answer();
    // How long it is stopped is what is tested.
    await delay(800);
    job.kill('SIGCONT');
    expect(await working).toEqual({ done: 'complete' });
    expect(ingestion(job)).toMatchObject({ status: 'COMPLETED', attempt: 1 });
  });

  it('hears a request to cancel, accepts it, and says that it stopped', async () => {
    const job = await open({ start: { cancellable: true } });
    await job.do('phase', { phase: 1, message: 'Reading' });
    await job.do('flush');
    // Sent until somebody listens.
    let isAccepted = false;
    await vi.waitUntil(
      () => {
        void job.server.cancel('i1').then(() => (isAccepted = true));
        return isAccepted;
      },
      { timeout: 15_000, interval: 100 },
    );
    expect(await job.line(({ event }) => event === 'abort')).toMatchObject({ cancelRequested: true });
    expect(await job.do('cancelled')).toEqual({ done: 'cancelled' });
    expect(ingestion(job)).toMatchObject({ status: 'CANCELLED' });
  });

  it('stops once another process has taken its ingestion over', async () => {
    const job = await open();
    await job.do('phase', { phase: 1, message: 'Reading' });
    await job.do('flush');
    const other = await open({ server: job.server });
    await other.do('phase', { phase: 1, message: 'Reading again' });
    await other.do('flush');
    expect(ingestion(job)).toMatchObject({ attempt: 2 });
    await job.do('update', { phase: 1, percent: 50 });
    expect(await job.line(({ event }) => event === 'abort')).toMatchObject({ cancelRequested: false });
    expect(await job.do('complete')).toEqual({ done: 'complete', error: 'CONFLICT' });
    expect(ingestion(job)).toMatchObject({ status: 'RUNNING', attempt: 2 });
  });

  it('continues an ingestion that failed recoverably, as the next attempt with another key', async () => {
    const job = await open();
    await job.do('phase', { phase: 1, message: 'Reading' });
    await job.do('fail', { errorCode: 'AWAY', message: 'The source is away.', recoverable: true });
    expect(ingestion(job)).toMatchObject({
      status: 'FAILED',
      error: { errorCode: 'AWAY', recoverable: true },
    });
    job.end();
    await job.ended;
    const next = await open({ server: job.server });
    expect(await work(next)).toEqual({ done: 'complete' });
    expect(ingestion(next)).toMatchObject({ status: 'COMPLETED', attempt: 2 });
  });

  describe('when its process ends', () => {
    async function running(options: Parameters<typeof open>[0] = {}) {
      const job = await open({ windowMs: 60_000, ...options });
      await job.do('phase', { phase: 1, message: 'Reading' });
      await job.do('update', { phase: 1, percent: 41 });
      await job.do('update', { phase: 1, percent: 42 });
      return job;
    }

    it('sends what is queued, and does not call a job failed that is done', async () => {
      const job = await running();
      job.end();
      expect(await job.ended).toMatchObject({ code: 0, signal: null });
      expect((await job.ended).afterMs).toBeLessThan(10_000);
      expect(ingestion(job)).toMatchObject({ status: 'RUNNING', progress: { progressPercent: 42 } });
    });

    it.runIf(knowsExitCode)(
      'calls the ingestion failed, recoverably, if the exit code is not 0, which stays',
      async () => {
        const job = await running();
        await job.do('exit', { code: 3 });
        job.end();
        expect(await job.ended).toMatchObject({ code: 3 });
        expect(ingestion(job)).toMatchObject({
          status: 'FAILED',
          error: { recoverable: true },
          progress: { progressPercent: 42 },
        });
      },
    );

    it('says so after SIGTERM, and ends by it', async () => {
      const job = await running();
      job.kill('SIGTERM');
      const { code, signal } = await job.ended;
      expect(signal === 'SIGTERM' || code === 143).toBe(true);
      expect(ingestion(job)).toMatchObject({
        status: 'FAILED',
        error: {
          errorCode: 'PROCESS_TERMINATED',
          recoverable: true,
          message: expect.stringContaining('SIGTERM'),
        },
        progress: { progressPercent: 42 },
      });
    });

    it('says so after an error that nobody caught, which is still printed', async () => {
      const job = await running();
      await job.do('throw');
      job.end();
      const { code } = await job.ended;
      expect(code).toBe(1);
      expect(job.errors()).toContain('secret');
      expect(ingestion(job)).toMatchObject({ status: 'FAILED', error: { recoverable: true } });
    });

    it.each<[string, ScriptedServer['fault'] | null]>([
      ['is away', null],
      ['never answers', () => 'silent'],
    ])(
      'ends within flushTimeoutMs if the server %s, says what is lost, and keeps its exit code',
      async (_why, fault) => {
        const server = await startScriptedServer();
        if (fault === null) await server.stop();
        const job = await running({ server, flushTimeoutMs: 1_000, ...(fault === null ? {} : { fault }) });
        job.end();
        expect(await job.ended).toMatchObject({ code: 0, signal: null });
        expect((await job.ended).afterMs).toBeGreaterThan(900);
        expect((await job.ended).afterMs).toBeLessThan(8_000);
        expect(job.errors()).not.toBe('');
      },
    );
  });
});
