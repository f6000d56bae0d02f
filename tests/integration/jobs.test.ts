/** Jobs of other shapes over the wire: attempts, answers at once, endings of any form, parts, pauses, flush. */
import { describe, expect, it } from 'vitest';
import type { IngestionProgress } from '@ingestion-progress/schema';
import { startTestServer, tokenFor } from './support/running-server.js';

type Running = Awaited<ReturnType<typeof startTestServer>>;

const STATE = `progress { status attempt maxAttempts currentPhase progressPercent title updatedAt progressedAt
  labels { name value } pause { reason until } waiting { waitingFor queuePosition } error { errorCode message }
  result { links { label url } output } phases { status percent metrics { itemsProcessed itemsTotal } } }`;
const ANSWER = `accepted storedRevision adjustments ${STATE}`;

interface Answer {
  readonly accepted: boolean;
  readonly storedRevision: number | null;
  readonly adjustments: readonly string[];
  readonly progress: IngestionProgress;
}

/** A job in another process: calls a mutation with this input. */
function createJob(running: Running, own: object = {}) {
  const token = tokenFor({ projects: '*', scope: 'progress:write' });
  const address = { projectId: 'p1', ingestionId: 'i1' };
  return async (mutation: string, input: object = {}) => {
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input!`;
    const fields = mutation === 'startIngestion' ? `lastSequence ${STATE}` : ANSWER;
    const query = `mutation ($input: ${type}) { answer: ${mutation}(input: $input) { ${fields} } }`;
    const { codes, text } = await running.graphql(query, { input: { ...address, ...own, ...input } }, token);
    const { data } = JSON.parse(text) as { data?: { answer: Answer } | null };
    return { codes, text, ...data?.answer };
  };
}

const phase = (number: number) => ({ phase: number, message: `Phase ${number}` });

describe('attempts', () => {
  it('another process takes a running ingestion over; the older one is refused', async () => {
    const running = await startTestServer();
    const first = createJob(running, { attemptKey: 'first' });
    const second = createJob(running, { attemptKey: 'second' });
    await first('startIngestion', { maxAttempts: 3 });
    await first('reportPhaseStarted', { ...phase(2), sequence: 7 });
    expect(await first('startIngestion')).toMatchObject({ lastSequence: 7, progress: { attempt: 1 } });
    const start = await second('startIngestion');
    expect(start).toMatchObject({
      lastSequence: null,
      progress: { attempt: 2, maxAttempts: 3, currentPhase: 0 },
    });
    expect((await first('reportProgress', { phase: 2, sequence: 8 })).codes).toEqual(['CONFLICT']);
    expect((await first('completeIngestion', { result: {}, sequence: 9 })).codes).toEqual(['CONFLICT']);
    expect(await second('reportPhaseStarted', { ...phase(1), sequence: 1 })).toMatchObject({
      accepted: true,
    });
    expect(await second('completeIngestion', { result: {}, sequence: 2 })).toMatchObject({ accepted: true });
    expect((await createJob(running, { attemptKey: 'third' })('startIngestion')).codes).toEqual(['CONFLICT']);
    expect(await second('startIngestion')).toMatchObject({ progress: { status: 'COMPLETED' } });
  });

  it('so does one of a recoverable failure, which phase 1 may begin again', async () => {
    const running = await startTestServer();
    const first = createJob(running, { attemptKey: 'first' });
    await first('startIngestion');
    await first('reportPhaseStarted', phase(3));
    await first('failIngestion', { errorCode: 'LOST', message: 'lost', recoverable: true });
    const second = createJob(running, { attemptKey: 'second' });
    expect(await second('startIngestion')).toMatchObject({ progress: { attempt: 2, status: 'RUNNING' } });
    expect(await second('reportPhaseStarted', phase(1))).toMatchObject({
      progress: { currentPhase: 1, error: null },
    });
  });
});

describe('answers', () => {
  it('an update is answered at once, again and again', async () => {
    const running = await startTestServer();
    const job = createJob(running);
    await job('startIngestion');
    await job('reportPhaseStarted', phase(1));
    const startedAt = performance.now();
    // With an answer at the end of each window these would take ten seconds.
    for (let done = 1; done <= 20; done += 1) {
      const metrics = { itemsProcessed: done, itemsTotal: 20 };
      expect(await job('reportProgress', { phase: 1, metrics, sequence: done })).toMatchObject({
        accepted: true,
      });
    }
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    const flushed = await job('flushReports');
    expect(flushed.progress?.phases[0]?.metrics).toMatchObject({ itemsProcessed: 20 });
    expect(flushed.storedRevision).toBeGreaterThan(0);
    expect(await job('reportProgress', { phase: 1, sequence: 20 })).toMatchObject({ accepted: false });
  });

  it('an ending of any form is taken, and says what was changed', async () => {
    const running = await startTestServer();
    const job = createJob(running);
    await job('startIngestion');
    const failed = await job('failIngestion', {
      ...{ errorCode: 'ValueError', message: '', recoverable: true, phase: 9 },
    });
    expect(failed).toMatchObject({
      accepted: true,
      adjustments: [expect.stringContaining('VALUE_ERROR'), expect.stringContaining('message')],
      progress: { status: 'FAILED', error: { errorCode: 'VALUE_ERROR', message: 'VALUE_ERROR' } },
    });
    const result = {
      output: { rows: 'x'.repeat(20_000) },
      links: [
        { label: 'Report', url: 'https://example.org/report' },
        { label: 'No', url: 'javascript:alert(1)' },
      ],
    };
    const ended = await job('completeIngestion', { result });
    expect(ended).toMatchObject({
      accepted: true,
      progress: {
        status: 'COMPLETED',
        result: { output: null, links: [{ label: 'Report', url: 'https://example.org/report' }] },
      },
    });
    expect(ended.adjustments).toHaveLength(2);
    expect(running.lines.filter(({ message }) => message === 'report adjusted')).toHaveLength(2);
  });
});

describe('many short runs', () => {
  it('thirty of one project are not RATE_LIMITED', async () => {
    const running = await startTestServer();
    for (let index = 0; index < 30; index += 1) {
      const job = createJob(running, { ingestionId: `run ${index}` });
      expect((await job('startIngestion')).codes).toEqual([]);
      expect((await job('reportPhaseStarted', phase(1))).codes).toEqual([]);
      expect((await job('completeIngestion', { result: {} })).codes).toEqual([]);
    }
  });
});

describe('shapes', () => {
  it('seven phases with weights, a title and labels', async () => {
    const running = await startTestServer();
    const job = createJob(running);
    const phases = Array.from({ length: 7 }, (_, index) => ({
      name: `Step ${index + 1}`,
      weight: index + 1,
    }));
    const labels = [{ name: 'tenant', value: 'acme' }];
    const start = await job('startIngestion', { phases, title: 'Books of 2026', labels });
    expect(start.progress).toMatchObject({ title: 'Books of 2026', labels });
    expect(start.progress?.phases).toHaveLength(7);
    expect((await job('reportPhaseStarted', phase(8))).codes).toEqual(['BAD_USER_INPUT']);
    expect((await job('reportPhaseStarted', phase(7))).codes).toEqual([]);
  });

  it.each([
    ['no phases', { phases: [] }, 'phases: '],
    ['13 phases', { phases: Array.from({ length: 13 }, () => ({ name: 'x' })) }, 'phases: '],
    ['a weight that is not positive', { phases: [{ name: 'x', weight: 0 }] }, 'phases.0.weight: '],
    ['a weight for one of two', { phases: [{ name: 'x', weight: 1 }, { name: 'y' }] }, 'phases: '],
    ['phases beside names', { phases: [{ name: 'x' }], phaseNames: ['a', 'b', 'c', 'd'] }, 'phaseNames: '],
    ['a start beyond the last phase', { phases: [{ name: 'x' }], fromPhase: 2 }, 'fromPhase: '],
    ['eleven labels', { labels: Array.from({ length: 11 }, () => ({ name: 'n', value: 'v' })) }, 'labels: '],
    ['an empty title', { title: '' }, 'title: '],
  ])('%s is BAD_USER_INPUT with its path, and starts nothing', async (_what, input, path) => {
    const running = await startTestServer();
    const { codes, text } = await createJob(running)('startIngestion', input);
    expect(codes).toEqual(['BAD_USER_INPUT']);
    expect(text).toContain(path);
    const token = tokenFor({ projects: '*' });
    expect((await running.get('/api/projects/p1/progress', token)).status).toBe(404);
  });

  it('a job waits, runs, pauses and goes on', async () => {
    const running = await startTestServer();
    const job = createJob(running);
    await job('startIngestion');
    expect(await job('reportWaiting', { waitingFor: 'a worker', queuePosition: 2 })).toMatchObject({
      progress: { waiting: { waitingFor: 'a worker', queuePosition: 2 } },
    });
    expect(await job('reportPhaseStarted', phase(1))).toMatchObject({ progress: { waiting: null } });
    expect((await job('reportWaiting')).codes).toEqual(['CONFLICT']);
    expect((await job('pauseIngestion', { reason: 'Night', until: 5 })).codes).toEqual(['BAD_USER_INPUT']);
    expect(await job('pauseIngestion', { reason: 'Night' })).toMatchObject({
      progress: { status: 'RUNNING', pause: { reason: 'Night', until: null } },
    });
    expect(await job('reportHeartbeat')).toMatchObject({ accepted: true });
    expect(await job('resumeIngestion')).toMatchObject({ progress: { pause: null } });
    expect(await job('reportPhaseCompleted', { phase: 1 })).toMatchObject({
      progress: { phases: [{ status: 'COMPLETED' }, {}, {}, {}] },
    });
    const token = tokenFor({ projects: '*' });
    await job('flushReports');
    const log = '{ ingestionEvents(projectId: "p1", ingestionId: "i1") { edges { node { type } } } }';
    const { text } = await running.graphql(log, {}, token);
    const types = [...text.matchAll(/"type":"(\w+)"/g)].map(([, type]) => type);
    expect(types).toEqual(
      expect.arrayContaining([
        'ingestion_started',
        'waiting',
        'phase_started',
        'paused',
        'resumed',
        'phase_completed',
      ]),
    );
  });

  it('parts of four workers add up', async () => {
    const running = await startTestServer();
    const job = createJob(running);
    await job('startIngestion');
    const workers = ['a', 'b', 'c', 'd'].map(async (part) => {
      for (let done = 1; done <= 10; done += 1) {
        const metrics = { itemsProcessed: done, itemsTotal: 10 };
        await job('reportProgress', { phase: 1, part, metrics, sequence: done });
      }
    });
    await Promise.all(workers);
    expect((await job('flushReports')).progress?.phases[0]).toMatchObject({
      percent: 99,
      metrics: { itemsProcessed: 40, itemsTotal: 40 },
    });
  });
});
