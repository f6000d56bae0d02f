import { expect, test } from 'vitest';
import type { Harness } from './harness.js';
import { startHarness } from './harness.js';

async function inPhase1(harness: Harness) {
  await harness.emitter.emitPhaseStarted('p', 1, 'Reading');
  await harness.clock.advance(1_000);
  return harness.watch('p');
}

// (invariant: last-update-delivered)
test('the first update goes out at once, the newest of the rest at the end of the window', async () => {
  const harness = await startHarness();
  const { clock, emitter } = harness;
  const heard = await inPhase1(harness);
  for (const percent of [1, 2, 3]) emitter.emitProgressUpdate('p', 1, percent, { itemsProcessed: percent });
  await clock.advance(0);
  expect(heard.map((event) => event.payload)).toMatchObject([{ progressPercent: 1 }]);
  for (const percent of [4, 5, 6]) emitter.emitProgressUpdate('p', 1, percent, { itemsProcessed: percent });
  await clock.advance(499);
  expect(heard).toHaveLength(1);
  await clock.advance(1);
  expect(heard.map((event) => event.payload)).toMatchObject([{ progressPercent: 1 }, { progressPercent: 6 }]);
  expect(harness.service.counts.coalesced).toBe(4);
});

test('updates over a minute make at most two events a second', async () => {
  const harness = await startHarness();
  const { clock, emitter } = harness;
  const heard = await inPhase1(harness);
  for (let index = 0; index < 6_000; index += 1) {
    emitter.emitProgressUpdate('p', 1, null, { itemsProcessed: index });
    await clock.advance(10);
  }
  await clock.advance(500);
  expect(heard.length).toBeGreaterThan(115);
  expect(heard.length).toBeLessThanOrEqual(121);
  expect(heard.at(-1)?.payload).toMatchObject({ metrics: { itemsProcessed: 5_999 } });
});

test('a phase start goes at once and sends what waits before it', async () => {
  const harness = await startHarness();
  const { clock, emitter } = harness;
  const heard = await inPhase1(harness);
  emitter.emitProgressUpdate('p', 1, 10);
  await clock.advance(10);
  emitter.emitProgressUpdate('p', 1, 90);
  await emitter.emitPhaseStarted('p', 2, 'Parsing');
  expect(heard.map((event) => event.payload)).toMatchObject([
    { type: 'progress_update', progressPercent: 10 },
    { type: 'progress_update', progressPercent: 90 },
    { type: 'phase_started', phase: 2, message: 'Parsing' },
  ]);
  await clock.advance(1_000);
  expect(heard).toHaveLength(3);
});

test('an update made after a phase start that is not done yet does not overtake it', async () => {
  const harness = await startHarness();
  const { clock, emitter } = harness;
  const heard = await inPhase1(harness);
  emitter.emitProgressUpdate('p', 1, 10);
  const started = emitter.emitPhaseStarted('p', 2, 'Parsing');
  emitter.emitProgressUpdate('p', 2, 5);
  await started;
  await clock.advance(1_000);
  expect(heard.map((event) => event.payload)).toMatchObject([
    { type: 'progress_update', phase: 1 },
    { type: 'phase_started', phase: 2, message: 'Parsing' },
    { type: 'progress_update', phase: 2, progressPercent: 5 },
  ]);
});

test('an update that is held back while an ending is called is not lost, wherever the ending meets it', async () => {
  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
  };
  for (let gap = 0; gap < 400; gap += 1) {
    const refusals: unknown[] = [];
    const { emitter, service } = await startHarness({ onRejected: (error) => refusals.push(error) });
    await emitter.startIngestion('p');
    emitter.emitProgressUpdate('p', 3, null, { itemsProcessed: 1 });
    await turns(gap % 20);
    emitter.emitProgressUpdate('p', 3, null, { itemsProcessed: 2 });
    await turns(Math.floor(gap / 20));
    await emitter.emitComplete('p', {});
    expect((await service.read('p'))?.progress.phases[2]?.metrics?.itemsProcessed).toBe(2);
    expect(refusals).toEqual([]);
  }
});

test('errors and endings are not delayed, and send what waits before them', async () => {
  const harness = await startHarness();
  const { clock, emitter } = harness;
  const heard = await inPhase1(harness);
  emitter.emitProgressUpdate('p', 1, 10);
  await clock.advance(10);
  emitter.emitProgressUpdate('p', 1, 20);
  await emitter.emitError('p', 1, { errorCode: 'LOST', message: 'lost', recoverable: true });
  emitter.emitProgressUpdate('p', 1, 30);
  await emitter.emitComplete('p', {});
  const told = heard.map((event) => [event.payload.type, event.progress?.phases[0]?.percent]);
  expect(told).toEqual([
    ['progress_update', 10],
    ['progress_update', 20],
    ['error', 20],
    ['progress_update', 30],
    ['ingestion_complete', 100],
  ]);
});

test('repeated starts of the running phase and the same error again are merged like updates', async () => {
  const harness = await startHarness();
  const { clock, emitter } = harness;
  const heard = await inPhase1(harness);
  const error = { errorCode: 'LOST', message: 'lost', recoverable: true };
  const calls = Array.from({ length: 100 }, (_, index) => emitter.emitPhaseStarted('p', 1, `Words ${index}`));
  await clock.advance(500);
  await Promise.all(calls);
  expect(heard.length).toBeLessThanOrEqual(2);
  expect(heard.at(-1)?.payload).toMatchObject({ type: 'phase_started', message: 'Words 99' });
  const errors = Array.from({ length: 100 }, () => emitter.emitError('p', 1, error));
  await clock.advance(1_000);
  await Promise.all(errors);
  expect(heard.filter((event) => event.payload.type === 'error').length).toBeLessThanOrEqual(3);
});

test('repeated starts that come one by one are merged as well', async () => {
  const harness = await startHarness();
  const { clock, emitter } = harness;
  const heard = await inPhase1(harness);
  for (let index = 0; index < 100; index += 1) {
    void emitter.emitPhaseStarted('p', 1, `Words ${index}`);
    await clock.advance(10);
  }
  await clock.advance(500);
  expect(heard.length).toBeLessThanOrEqual(4);
  expect(heard.at(-1)?.payload).toMatchObject({ type: 'phase_started', message: 'Words 99' });
});

test('a refusal does not wait for the window', async () => {
  const harness = await startHarness();
  const { emitter } = harness;
  await emitter.emitPhaseStarted('p', 2, 'too early').catch(() => undefined);
  await inPhase1(harness);
  await emitter.emitPhaseStarted('p', 2, 'Parsing');
  emitter.emitProgressUpdate('p', 2, 10);
  await expect(emitter.emitPhaseStarted('p', 1, 'again')).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('a job that floods what cannot be merged is RATE_LIMITED, its ending is not', async () => {
  const harness = await startHarness();
  const { clock, emitter, service } = harness;
  await inPhase1(harness);
  const codes: string[] = [];
  for (let index = 0; index < 40; index += 1) {
    const error = { errorCode: `LOST_${index}`, message: 'lost', recoverable: true };
    await emitter.emitError('p', 1, error).catch((refused: { code: string }) => codes.push(refused.code));
  }
  expect(new Set(codes)).toEqual(new Set(['RATE_LIMITED']));
  expect(codes.length).toBeGreaterThanOrEqual(20);
  expect(service.counts.rateLimited).toBe(codes.length);
  await expect(emitter.emitComplete('p', {})).resolves.toMatchObject({ status: 'COMPLETED' });
  await clock.advance(10_000);
  await expect(emitter.startIngestion('p')).resolves.toBeDefined();
});

test('a job that floods starts is RATE_LIMITED', async () => {
  const { emitter } = await startHarness();
  const outcomes = [];
  for (let index = 0; index < 130; index += 1) {
    outcomes.push(
      await emitter.startIngestion('p', { replace: true }).then(
        () => 'ok',
        (error: { code: string }) => error.code,
      ),
    );
  }
  expect(outcomes.filter((outcome) => outcome === 'RATE_LIMITED')).toHaveLength(10);
});

test('calls without end that nobody awaits are refused, not hoarded', async () => {
  const harness = await startHarness();
  const { clock, emitter } = harness;
  await inPhase1(harness);
  const calls = Array.from({ length: 2_000 }, (_, index) =>
    emitter.emitPhaseStarted('p', 1, `Words ${index}`).then(
      () => 'ok',
      (error: { code: string }) => error.code,
    ),
  );
  await clock.advance(2_000);
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['ok', 'RATE_LIMITED']));
});
