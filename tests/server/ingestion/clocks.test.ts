/** Clocks that are wrong: the server's own that is set, and those of jobs, which count for nothing. */
import { expect, test } from 'vitest';
import { startHarness } from './harness.js';

const ID = { projectId: 'p', ingestionId: 'i' };
const HOUR = 3_600_000;

test('revisions go on rising where the server’s clock is set back, and where it is set forward and back again', async () => {
  const { clock, service, watch } = await startHarness();
  const heard = await watch('p');
  await service.start(ID, 'elsewhere');
  for (const [index, jump] of [-HOUR, 2 * HOUR, -HOUR].entries()) {
    clock.setWallClock(clock.now() + jump);
    await service.report({ type: 'phase_started', report: { ...ID, phase: index + 1, message: 'm' } });
  }
  await service.report({ type: 'ingestion_complete', report: { ...ID, result: {} } });
  const revisions = heard.map(({ revision }) => revision);
  expect(revisions).toHaveLength(5);
  expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
  expect((await service.read('p'))?.progress.status).toBe('COMPLETED');
});

test('a sequence from a job whose clock is years ahead counts as any other; what comes after with a lesser one changes nothing', async () => {
  const { clock, service } = await startHarness();
  await service.start(ID, 'elsewhere');
  const phase = (number: number, sequence: number) =>
    service.report({
      type: 'phase_started',
      report: { ...ID, phase: number, message: `m${number}`, sequence },
    });
  const before = clock.now();
  expect((await phase(1, before + 10 * 365 * 24 * HOUR)).accepted).toBe(true);
  const late = await phase(2, before);
  expect(late.accepted).toBe(false);
  expect(late.progress).toMatchObject({ currentPhase: 1, updatedAt: before });
});
