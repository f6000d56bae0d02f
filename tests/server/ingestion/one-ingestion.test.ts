import { expect, test } from 'vitest';
import { startHarness } from './harness.js';

test('a job reports four phases and a watcher hears each of them to the end', async () => {
  const { clock, emitter, service, store, watch } = await startHarness();
  const heard = await watch('p');
  for (const phase of [1, 2, 3, 4]) {
    await emitter.emitPhaseStarted('p', phase, `Phase ${phase}`);
    emitter.emitProgressUpdate('p', phase, 50, { itemsProcessed: 5, itemsTotal: 10 });
    await clock.advance(1_000);
  }
  const ended = await emitter.emitComplete('p', { itemsProcessed: 10, itemsFailed: 0 });
  expect(heard.map((event) => event.payload.type)).toEqual([
    'snapshot',
    ...[1, 2, 3, 4].flatMap(() => ['phase_started', 'progress_update']),
    'ingestion_complete',
  ]);
  const revisions = heard.map((event) => event.revision);
  expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
  expect(ended).toMatchObject({ status: 'COMPLETED', progressPercent: 100, currentPhase: 4 });
  expect((await service.read('p'))?.progress).toEqual(ended);
  expect((await store.read('p'))?.progress).toEqual(ended);
  expect(await service.close()).toBe(true);
});

test('1,000 updates in one second become two or three events, the last value among them', async () => {
  const { clock, emitter, watch } = await startHarness();
  await emitter.emitPhaseStarted('p', 1, 'Reading');
  await clock.advance(1_000);
  const heard = await watch('p');
  for (let index = 1; index <= 1_000; index += 1) {
    emitter.emitProgressUpdate('p', 1, index / 10, { itemsProcessed: index });
    await clock.advance(1);
  }
  await clock.advance(500);
  const updates = heard.filter((event) => event.payload.type === 'progress_update');
  expect(updates.length).toBeGreaterThanOrEqual(2);
  expect(updates.length).toBeLessThanOrEqual(3);
  expect(updates.at(-1)?.payload).toMatchObject({ progressPercent: 100, metrics: { itemsProcessed: 1_000 } });
});
