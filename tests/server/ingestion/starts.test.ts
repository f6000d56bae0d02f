import { expect, test } from 'vitest';
import { createFaultyStore } from './faulty-store.js';
import { startHarness } from './harness.js';

test('a second start is a conflict while the first one runs', async () => {
  const { emitter } = await startHarness();
  await emitter.startIngestion('p');
  await expect(emitter.startIngestion('p')).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('the same id again is the same start, also after its end and in the history', async () => {
  const { emitter, service } = await startHarness();
  const first = await service.start({ projectId: 'p', ingestionId: 'a' }, 'elsewhere');
  await service.report({
    type: 'phase_started',
    report: { projectId: 'p', ingestionId: 'a', phase: 1, message: 'm', sequence: 4 },
  });
  const again = await service.start({ projectId: 'p', ingestionId: 'a' }, 'elsewhere');
  expect(again).toMatchObject({
    lastSequence: 4,
    progress: { id: 'a', startedAt: first.progress.startedAt, currentPhase: 1 },
  });
  await emitter.emitComplete('p', {});
  await service.start({ projectId: 'p', ingestionId: 'b' }, 'elsewhere');
  const late = await service.start({ projectId: 'p', ingestionId: 'a' }, 'elsewhere');
  expect(late.progress).toMatchObject({ id: 'a', status: 'COMPLETED' });
  expect((await service.read('p'))?.progress.id).toBe('b');
});

test('with replace the old one is stored as REPLACED before the new one starts, and watchers pass on to the new one', async () => {
  const { emitter, service, store, watch } = await startHarness();
  const old = await emitter.startIngestion('p');
  await old.emitPhaseStarted(2, 'Parsing');
  const heard = await watch('p');
  const next = await emitter.startIngestion('p', { replace: true });
  expect((await service.read('p', old.ingestionId))?.progress).toMatchObject({
    status: 'FAILED',
    error: { errorCode: 'INGESTION_REPLACED', recoverable: false, phase: 2 },
    phases: [{}, { status: 'FAILED' }, {}, {}],
  });
  expect((await store.read('p'))?.progress.id).toBe(next.ingestionId);
  expect(heard.map((event) => [event.ingestionId, event.payload.type])).toEqual([
    [next.ingestionId, 'snapshot'],
  ]);
  await expect(old.emitComplete({})).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(old.signal.aborted).toBe(true);
});

test('a recoverable failure becomes an ending when a newer ingestion starts', async () => {
  const { emitter, service } = await startHarness();
  const old = await emitter.startIngestion('p');
  await old.emitError(null, { errorCode: 'LOST', message: 'lost', recoverable: true });
  await emitter.startIngestion('p', { retryOf: old.ingestionId });
  expect((await service.read('p', old.ingestionId))?.progress).toMatchObject({
    status: 'FAILED',
    error: { errorCode: 'LOST', recoverable: false },
  });
  await expect(old.emitPhaseStarted(1, 'again')).rejects.toMatchObject({ code: 'CONFLICT' });
});

// (invariant: store-first-ending)
test('a start is stored before anybody hears of it, and is answered after', async () => {
  const store = createFaultyStore(true);
  const { clock, emitter, service, watch } = await startHarness({ store });
  const heard = await watch('p');
  await service.read('p');
  store.away = true;
  let answered = false;
  const starting = emitter.startIngestion('p').then(() => (answered = true));
  await clock.advance(10_000);
  expect([answered, heard.length]).toEqual([false, 0]);
  store.away = false;
  await clock.advance(2_000);
  await starting;
  expect(heard).toHaveLength(1);
  expect((await store.read('p'))?.progress.revision).toBe(heard[0]?.revision);
});

test('a start that cannot be stored in 30 s is UNAVAILABLE and may be repeated', async () => {
  const store = createFaultyStore(true);
  const { clock, service } = await startHarness({ store });
  store.away = true;
  const starting = service.start({ projectId: 'p', ingestionId: 'a' }, 'elsewhere');
  const outcome = expect(starting).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await clock.advance(31_000);
  await outcome;
  store.away = false;
  await clock.advance(5_000);
  await expect(service.start({ projectId: 'p', ingestionId: 'a' }, 'elsewhere')).resolves.toMatchObject({
    progress: { id: 'a' },
  });
});

test('a start whose answers were lost is read back, and told', async () => {
  const store = createFaultyStore(true);
  const { clock, service, watch } = await startHarness({ store });
  const heard = await watch('p');
  store.losesAnswers = true;
  const outcome = expect(
    service.start({ projectId: 'p', ingestionId: 'a' }, 'elsewhere'),
  ).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
  await clock.advance(31_000);
  await outcome;
  store.losesAnswers = false;
  await clock.advance(2_000);
  expect(heard.map((event) => event.ingestionId)).toEqual(['a']);
  expect((await service.read('p'))?.progress.id).toBe('a');
});

test('what breaks the schema is refused with path and rule, and nothing changes', async () => {
  const { emitter, service, store } = await startHarness();
  const refused = emitter.startIngestion('p', { phaseWeights: [1, 2, 3], staleAfterMs: 5 });
  await expect(refused).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    message: expect.stringMatching(/phaseWeights: .*staleAfterMs: /) as string,
  });
  await expect(emitter.startIngestion('no line\nbreaks')).rejects.toMatchObject({
    message: expect.stringMatching(/projectId: /) as string,
  });
  expect(await store.read('p')).toBeNull();
  expect(service.liveProjects).toBe(0);
});
