/** What a server's log tells of an ingestion, and by which ids it is found again. */
import { expect, test } from 'vitest';
import { startHarness } from './harness.js';

const ID = { projectId: 'p', ingestionId: 'i' };

test('each event is a line with its project, ingestion and revision, updates at debug', async () => {
  const { clock, service, log, watch } = await startHarness();
  const heard = await watch('p');
  await service.start(ID, 'elsewhere');
  await service.report({ type: 'phase_started', report: { ...ID, phase: 1, message: 'm' } });
  const update = service.report({ type: 'progress_update', report: { ...ID, phase: 1, progressPercent: 5 } });
  await clock.advance(1_000);
  await update;
  await service.report({ type: 'ingestion_complete', report: { ...ID, result: {} } });
  const lines = log.filter(({ message }) => message === 'progress committed');
  expect(lines.map(({ fields }) => fields)).toEqual(
    heard.map(({ revision, payload }) => ({ ...ID, revision, type: payload.type })),
  );
  expect(lines.map(({ level, fields }) => [fields['type'], level])).toEqual([
    ['snapshot', 'info'],
    ['phase_started', 'info'],
    ['progress_update', 'debug'],
    ['ingestion_complete', 'info'],
  ]);
});

test('a report that is refused is a line with its ids, its sequence and the reason', async () => {
  const { service, log } = await startHarness();
  await service.start(ID, 'elsewhere');
  await service.report({ type: 'ingestion_complete', report: { ...ID, result: {} } });
  const late = { ...ID, phase: 2, message: 'late', sequence: 9 };
  await expect(service.report({ type: 'phase_started', report: late })).rejects.toThrow();
  expect(log).toContainEqual({
    level: 'info',
    message: 'report rejected',
    fields: {
      ...{ ...ID, sequence: 9, type: 'phase_started', code: 'CONFLICT' },
      reason: expect.any(String) as string,
    },
  });
});

test('a command is a line when it is asked and when it is answered, under one id', async () => {
  const { clock, service, log } = await startHarness();
  await service.start({ ...ID, cancellable: true }, 'elsewhere');
  const asking = service.requestCommand({ ...ID, kind: 'CANCEL', fromPhase: null, requestedBy: 'alice' });
  await clock.advance(6_000);
  const { id, status } = await asking;
  expect(status).toBe('NO_RECEIVER');
  expect(
    log.filter(({ message }) => message === 'command status changed').map(({ fields }) => fields),
  ).toEqual(
    ['PENDING', 'NO_RECEIVER'].map((each) => ({
      ...{ ...ID, commandId: id, kind: 'CANCEL', status: each, requestedBy: 'alice' },
    })),
  );
});
