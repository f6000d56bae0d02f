import { expect, test } from 'vitest';
import { startHarness } from './harness.js';

test('after 1,000 ingestions nothing of them is left: no project, no timer', async () => {
  const { clock, emitter, service } = await startHarness();
  await clock.advance(1);
  const timers = clock.timers;
  for (let index = 0; index < 1_000; index += 1) {
    const run = await emitter.startIngestion(`p${index}`, { cancellable: true });
    await run.emitPhaseStarted(1, 'Reading');
    run.emitProgressUpdate(1, 50, { itemsProcessed: 1 });
    await run.emitComplete({});
  }
  expect(service.liveProjects).toBe(1_000);
  await clock.advance(40_000);
  expect(service.liveProjects).toBe(0);
  expect(service.unstoredProjects).toBe(0);
  // Those that were there before, and the memory bus's own.
  expect(clock.timers).toBeLessThanOrEqual(timers + 1);
  await service.close();
});

test('a running project that nobody reports to is let go as well, and found again', async () => {
  const { clock, emitter, service } = await startHarness();
  const run = await emitter.startIngestion('p', { staleAfterMs: 600_000 });
  await run.emitPhaseStarted(1, 'Reading');
  run.emitProgressUpdate(1, 50);
  await clock.advance(90_000);
  expect(service.liveProjects).toBe(0);
  run.emitProgressUpdate(1, 60);
  await clock.advance(1_000);
  expect((await service.read('p'))?.progress).toMatchObject({
    currentPhase: 1,
    phases: [{ percent: 60 }, {}, {}, {}],
  });
});
