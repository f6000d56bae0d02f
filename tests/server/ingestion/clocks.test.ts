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

test('no ingestion ends before it started, and a later one starts later, though the clock was set back', async () => {
  const { clock, service } = await startHarness();
  await service.start(ID, 'elsewhere');
  for (const phase of [1, 2])
    await service.report({ type: 'phase_started', report: { ...ID, phase, message: 'm' } });
  clock.setWallClock(clock.now() - HOUR);
  await service.report({ type: 'phase_started', report: { ...ID, phase: 3, message: 'm' } });
  await service.report({ type: 'ingestion_complete', report: { ...ID, result: {} } });
  const first = (await service.read('p'))?.progress;
  expect(first?.result?.durationMs).toBe(0);
  expect(first?.completedAt).toBeGreaterThanOrEqual(first?.startedAt ?? Infinity);
  for (const { startedAt, completedAt } of first?.phases ?? [])
    if (startedAt !== null) expect(completedAt).toBeGreaterThanOrEqual(startedAt);
  const second = (await service.start({ projectId: 'p', ingestionId: 'j' }, 'elsewhere')).progress;
  expect(second.startedAt).toBeGreaterThan(first?.startedAt ?? Infinity);
  // Silence is counted from now all the same.
  expect(second.updatedAt).toBe(clock.now());
});
