import type { MetricsInput } from '@ingestion-progress/schema';
import { describe, expect, test } from 'vitest';
import type { ProgressError } from '../../../server/shared/errors.js';
import { startHarness } from './harness.js';

describe('without an ingestion id', () => {
  test('a start of phase 1 starts an ingestion where none runs', async () => {
    const { clock, emitter } = await startHarness();
    const first = await emitter.emitPhaseStarted('p', 1, 'Reading');
    await clock.advance(500);
    expect(first).toMatchObject({ currentPhase: 1, status: 'RUNNING' });
    expect((await emitter.emitPhaseStarted('p', 1, 'Reading on')).id).toBe(first.id);
    await emitter.emitComplete('p', {});
    expect((await emitter.emitPhaseStarted('p', 1, 'Again')).id).not.toBe(first.id);
  });

  test.each([2, 3, 4])('a start of phase %i with none running is a conflict', async (phase) => {
    const { emitter, service } = await startHarness();
    await expect(emitter.emitPhaseStarted('p', phase, 'm')).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await service.read('p')).toBeNull();
    await emitter.emitPhaseStarted('p', 1, 'Reading');
    await emitter.emitComplete('p', {});
    await expect(emitter.emitPhaseStarted('p', phase, 'm')).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('completion and error with none running are conflicts', async () => {
    const { emitter } = await startHarness();
    const error = { errorCode: 'LOST', message: 'lost', recoverable: false };
    await expect(emitter.emitComplete('p', {})).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(emitter.emitError('p', null, error)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('the methods go on with a recoverable failure', async () => {
    const { emitter } = await startHarness();
    await emitter.emitPhaseStarted('p', 1, 'Reading');
    const { id } = await emitter.emitPhaseStarted('p', 2, 'Parsing');
    await emitter.emitError('p', 2, { errorCode: 'LOST', message: 'lost', recoverable: true });
    expect(await emitter.emitPhaseStarted('p', 2, 'On')).toMatchObject({ id, status: 'RUNNING' });
  });

  test('an update with none running goes to onRejected, and the next one is tried anew', async () => {
    const refusals: string[] = [];
    const { clock, emitter, log, watch } = await startHarness({
      onRejected: (error, { projectId, ingestionId }) =>
        refusals.push(`${projectId} ${ingestionId} ${error.code}`),
    });
    emitter.emitProgressUpdate('p', 1, 5);
    await clock.advance(1_000);
    expect(refusals).toEqual(['p null CONFLICT']);
    expect(log.filter((line) => line.message === 'progress update rejected')).toHaveLength(1);
    await emitter.emitPhaseStarted('p', 1, 'Reading');
    const heard = await watch('p');
    emitter.emitProgressUpdate('p', 1, 6);
    await clock.advance(1_000);
    expect(heard).toHaveLength(1);
  });
});

test('two first starts at once are one ingestion', async () => {
  const { clock, emitter, service } = await startHarness();
  const both = [emitter.emitPhaseStarted('p', 1, 'one'), emitter.emitPhaseStarted('p', 1, 'two')];
  await clock.advance(1_000);
  const [one, two] = await Promise.all(both);
  expect(one?.id).toBe(two?.id);
  expect(service.counts.starts).toBe(1);
});

test('a job that does not listen is refused twice a second at most, and logged once', async () => {
  let refusals = 0;
  const { clock, emitter, log } = await startHarness({
    onRejected: () => {
      refusals += 1;
      throw new Error('a host that throws');
    },
  });
  await emitter.emitPhaseStarted('p', 1, 'Reading');
  await emitter.emitComplete('p', {});
  for (let index = 0; index < 1_000; index += 1) {
    emitter.emitProgressUpdate('p', 3, 5);
    await clock.advance(10);
  }
  expect(refusals).toBeGreaterThan(10);
  expect(refusals).toBeLessThanOrEqual(21);
  expect(log.filter((line) => line.message === 'progress update rejected')).toHaveLength(1);
});

test('an update made while the server goes down is refused, not thrown', async () => {
  const codes: string[] = [];
  const { emitter, service } = await startHarness({ onRejected: (error) => codes.push(error.code) });
  await emitter.emitPhaseStarted('p', 1, 'Reading');
  await service.close();
  emitter.emitProgressUpdate('p', 1, 5);
  expect(codes).toEqual(['UNAVAILABLE']);
});

describe('bad input throws with path and rule, and changes nothing', () => {
  const cases: [string, number, number | null, unknown, RegExp][] = [
    ['p', 0, 5, undefined, /phase: /],
    ['p', 13, 5, undefined, /phase: /],
    ['p', 1.5, 5, undefined, /phase: /],
    ['p', 1, '5' as unknown as number, undefined, /progressPercent: /],
    ['p', 1, 5, { itemsProcessed: -1 }, /metrics.itemsProcessed: /],
    ['p', 1, 5, { itemsProcesed: 1 }, /metrics: .*itemsProcesed/],
    ['p', 1, 5, { counters: [{ name: '', value: 1 }] }, /metrics.counters.0.name: /],
    ['not\nan id', 1, 5, undefined, /projectId: /],
  ];
  test.each(cases)('emitProgressUpdate(%j, %j, %j, %j)', async (project, phase, percent, metrics, words) => {
    const { clock, emitter, service, watch } = await startHarness();
    await emitter.emitPhaseStarted('p', 1, 'Reading');
    const before = await service.read('p');
    const heard = await watch('p');
    expect(() => emitter.emitProgressUpdate(project, phase, percent, metrics as MetricsInput)).toThrow(words);
    await clock.advance(1_000);
    expect(heard).toEqual([]);
    expect(await service.read('p')).toEqual(before);
    expect(service.liveProjects).toBe(1);
  });

  test('the awaited methods reject', async () => {
    const { emitter, service } = await startHarness();
    const { id } = await emitter.emitPhaseStarted('p', 1, 'Reading');
    const before = await service.read('p');
    const refused = (words: RegExp) => ({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(words) as string,
    });
    await expect(emitter.emitPhaseStarted('p', 1, '')).rejects.toMatchObject(refused(/message: /));
    expect(await service.read('p')).toEqual(before);
    expect(before?.progress.id).toBe(id);
  });
});

describe('a handle', () => {
  test('addresses its own ingestion and no other', async () => {
    const refusals: ProgressError[] = [];
    const { clock, emitter, log, service } = await startHarness({
      onRejected: (error) => refusals.push(error),
    });
    const old = await emitter.startIngestion('p');
    await emitter.startIngestion('p', { replace: true });
    const before = await service.read('p');
    for (let index = 0; index < 5; index += 1) {
      old.emitProgressUpdate(1, index);
      await clock.advance(600);
    }
    expect(old.signal.aborted).toBe(true);
    expect(old.signal.reason).toMatchObject({ code: 'CONFLICT' });
    expect(old.cancelRequested).toBe(false);
    expect(refusals.length).toBeGreaterThan(0);
    expect(log.filter((line) => line.message === 'progress update rejected')).toHaveLength(1);
    expect(await service.read('p')).toEqual(before);
  });

  test('a start of an earlier phase is a conflict that does not stop the job', async () => {
    const { emitter } = await startHarness();
    const run = await emitter.startIngestion('p');
    await run.emitPhaseStarted(3, 'm');
    await expect(run.emitPhaseStarted(2, 'm')).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(run.signal.aborted).toBe(false);
  });

  test('reports names, weights, totals and every kind of event', async () => {
    const { clock, emitter, watch } = await startHarness();
    const heard = await watch('p');
    const run = await emitter.startIngestion('p', {
      phaseNames: ['One', 'Two', 'Three', 'Four'],
      phaseWeights: [1, 1, 1, 7],
      totals: [{ phase: 1, itemsTotal: 10 }],
    });
    await run.emitPhaseStarted(1, 'm');
    run.emitProgressUpdate(1, 50, { itemsProcessed: 5 });
    await clock.advance(600);
    await run.emitError(1, {
      errorCode: 'LOST',
      message: 'lost',
      recoverable: true,
      retryOptions: { canRetry: true },
    });
    run.emitProgressUpdate(2);
    await clock.advance(600);
    await run.emitComplete({ summary: 'done', output: { files: 3 } });
    expect(heard.map((event) => event.payload)).toMatchObject([
      { type: 'snapshot' },
      { type: 'phase_started', phaseName: 'One' },
      { type: 'progress_update', progressPercent: 50, metrics: { itemsProcessed: 5, itemsTotal: 10 } },
      { type: 'error', retryOptions: { canRetry: true, fromPhase: null } },
      { type: 'phase_started', phaseName: 'Two', message: 'Two' },
      { type: 'ingestion_complete', result: { outcome: 'SUCCESS', output: { files: 3 } } },
    ]);
    expect(heard.map((event) => event.progress?.progressPercent)).toEqual([null, null, 5, 5, 10, 100]);
  });
});
