import { expect, test } from 'vitest';
import { ProgressError } from '../../../server/shared/errors.js';
import { createFaultyStore } from './faulty-store.js';
import { startHarness } from './harness.js';

const storedPercents = (store: ReturnType<typeof createFaultyStore>) =>
  store.written.map(({ record }) => record.progress.phases[0]?.percent ?? null);

test('updates are stored at most every 5 s, the last one always', async () => {
  const store = createFaultyStore(true);
  const { clock, emitter } = await startHarness({ store });
  await emitter.emitPhaseStarted('p', 1, 'Reading');
  await clock.advance(100);
  const before = store.written.length;
  for (let second = 1; second <= 60; second += 1) {
    emitter.emitProgressUpdate('p', 1, second);
    await clock.advance(1_000);
  }
  expect(store.written.length - before).toBeLessThanOrEqual(12);
  expect(store.written.length - before).toBeGreaterThanOrEqual(11);
  await clock.advance(5_000);
  expect(storedPercents(store).at(-1)).toBe(60);
});

test('phase starts and errors are stored at once', async () => {
  const store = createFaultyStore(true);
  const { clock, emitter } = await startHarness({ store });
  await emitter.emitPhaseStarted('p', 1, 'Reading');
  emitter.emitProgressUpdate('p', 1, 10);
  await clock.advance(600);
  await emitter.emitPhaseStarted('p', 2, 'Parsing');
  await clock.advance(0);
  expect((await store.read('p'))?.progress.currentPhase).toBe(2);
  await emitter.emitError('p', 2, { errorCode: 'LOST', message: 'lost', recoverable: true });
  await clock.advance(0);
  expect((await store.read('p'))?.progress.status).toBe('FAILED');
});

// (invariant: outage-stays-behind)
test('while the store is away events go on live, and the newest state is stored when it is back', async () => {
  const store = createFaultyStore(true);
  const { clock, emitter, service, watch } = await startHarness({ store });
  await emitter.emitPhaseStarted('p', 1, 'Reading');
  await clock.advance(1_000);
  const heard = await watch('p');
  store.away = true;
  for (let second = 1; second <= 60; second += 1) {
    emitter.emitProgressUpdate('p', 1, second);
    await clock.advance(1_000);
  }
  await emitter.emitPhaseStarted('p', 2, 'Parsing');
  expect(heard.length).toBeGreaterThan(55);
  expect(service.isStoreFailing).toBe(true);
  expect(service.unstoredProjects).toBe(1);
  expect((await service.read('p'))?.progress.currentPhase).toBe(2);
  store.away = false;
  const before = store.batches.length;
  await clock.advance(2_000);
  expect(store.batches.length - before).toBe(1);
  expect((await store.read('p'))?.progress).toEqual((await service.read('p'))?.progress);
  expect(service.isStoreFailing).toBe(false);
  const { items } = await service.ingestionEvents('p', heard[0]?.ingestionId ?? '', {
    first: 500,
    after: null,
  });
  expect(items.map(({ node }) => node.type)).toEqual([
    'ingestion_started',
    'phase_started',
    'progress_update',
    'phase_started',
  ]);
});

test('many projects go out in batches of at most 50', async () => {
  const store = createFaultyStore(true);
  const { clock, emitter } = await startHarness({ store });
  const projects = Array.from({ length: 120 }, (_, index) => `p${index}`);
  await Promise.all(projects.map((project) => emitter.emitPhaseStarted(project, 1, 'Reading')));
  await clock.advance(6_000);
  store.away = true;
  for (const project of projects) emitter.emitProgressUpdate(project, 1, 50);
  await clock.advance(3_000);
  store.away = false;
  store.batches.length = 0;
  await clock.advance(2_000);
  // Carefully at first: what was away may be slow.
  expect(store.batches).toEqual([1, 2, 4, 8, 16, 32, 50, 7]);
  store.batches.length = 0;
  for (const project of projects) emitter.emitProgressUpdate(project, 1, 60);
  await clock.advance(6_000);
  expect(store.batches).toEqual([50, 50, 20]);
});

test('a store that is too slow for many writes at once is given fewer, until it keeps up', async () => {
  const store = createFaultyStore(true);
  const { clock, emitter } = await startHarness({ store });
  const projects = Array.from({ length: 60 }, (_, index) => `p${index}`);
  await Promise.all(projects.map((project) => emitter.emitPhaseStarted(project, 1, 'Reading')));
  await clock.advance(6_000);
  store.mostWrites = 5;
  const ended = Promise.all(projects.map((project) => emitter.emitComplete(project, {})));
  await clock.advance(29_000);
  expect((await ended).map(({ status }) => status)).toEqual(projects.map(() => 'COMPLETED'));
});

test('closing stores what waits, first', async () => {
  const store = createFaultyStore(true);
  const { clock, emitter, service } = await startHarness({ store });
  await emitter.emitPhaseStarted('p', 1, 'Reading');
  await clock.advance(1_000);
  emitter.emitProgressUpdate('p', 1, 10);
  await clock.advance(1);
  emitter.emitProgressUpdate('p', 1, 77);
  expect(await service.close()).toBe(true);
  expect(storedPercents(store).at(-1)).toBe(77);
  await expect(emitter.emitComplete('p', {})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  // What is left is the memory bus's own.
  expect(clock.timers).toBe(1);
});

test('what is away for some projects alone does not hold up the others', async () => {
  const store = createFaultyStore(true);
  const { clock, emitter } = await startHarness({ store });
  for (const id of ['dead', 'a', 'b']) await emitter.emitPhaseStarted(id, 1, 'Reading');
  const { write } = store;
  store.write = async (writes) => {
    const isDead = writes.some(({ record }) => record.progress.projectId === 'dead');
    if (isDead) throw new ProgressError('UNAVAILABLE', 'That shard is away.');
    return write(writes);
  };
  for (const id of ['dead', 'a', 'b']) await emitter.emitPhaseStarted(id, 2, 'Parsing');
  await clock.advance(5_000);
  expect((await store.read('a'))?.progress.currentPhase).toBe(2);
  expect((await store.read('b'))?.progress.currentPhase).toBe(2);
  store.write = write;
  await clock.advance(5_000);
  expect((await store.read('dead'))?.progress.currentPhase).toBe(2);
});

test('what a newer version has stored is left as it is, and is met once for each report', async () => {
  const store = createFaultyStore(true);
  const { clock, emitter } = await startHarness({ store });
  await emitter.emitPhaseStarted('p', 1, 'Reading');
  await clock.advance(1_000);
  let writes = 0;
  store.write = async (given) => {
    writes += 1;
    expect(given.map(({ guard }) => guard.kind)).not.toContain('start');
    return given.map(() => ({ written: false, current: null, unreadable: true }));
  };
  await expect(emitter.emitComplete('p', {})).rejects.toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
  expect(writes).toBe(1);
});

test('closing gives up at its deadline where the store stays away', async () => {
  const store = createFaultyStore(true);
  const { clock, emitter, service, log } = await startHarness({ store });
  await emitter.emitPhaseStarted('p', 1, 'Reading');
  store.away = true;
  await emitter.emitPhaseStarted('p', 2, 'Parsing');
  const closing = service.close(3_000);
  await clock.advance(3_500);
  expect(await closing).toBe(false);
  expect(log.some((line) => line.level === 'error' && line.message === 'progress left unstored')).toBe(true);
  let attempts = 0;
  store.write = async () => {
    attempts += 1;
    throw new ProgressError('UNAVAILABLE', 'The store is closed.');
  };
  await clock.advance(10_000);
  expect(attempts).toBe(0);
});

test('one state that the store cannot take does not hold up the others', async () => {
  const store = createFaultyStore(true);
  const { clock, emitter, log } = await startHarness({ store });
  for (const project of ['bad', 'good']) await emitter.emitPhaseStarted(project, 1, 'Reading');
  await clock.advance(6_000);
  const write = store.write.bind(store);
  store.write = async (writes) => {
    if (!writes.some(({ record }) => record.progress.projectId === 'bad')) return write(writes);
    throw new ProgressError('INTERNAL_SERVER_ERROR', 'The document bad does not parse.');
  };
  for (const project of ['bad', 'good']) emitter.emitProgressUpdate(project, 1, 50);
  await clock.advance(1_000);
  expect((await store.read('good'))?.progress.phases[0]?.percent).toBe(50);
  expect(
    log.some((line) => line.message === 'progress cannot be stored' && line.fields['projectId'] === 'bad'),
  ).toBe(true);
});

test('the log of an ingestion has a bound while the store is away', async () => {
  const store = createFaultyStore(true);
  const { clock, emitter } = await startHarness({ store });
  await emitter.emitPhaseStarted('p', 1, 'Reading');
  await clock.advance(100);
  store.away = true;
  for (let index = 0; index < 700; index += 1) {
    await emitter.emitError('p', 1, { errorCode: `LOST_${index}`, message: 'lost', recoverable: true });
    await clock.advance(1_000);
  }
  store.written.length = 0;
  store.away = false;
  await clock.advance(2_000);
  expect(store.written).toHaveLength(1);
  expect(store.written[0]?.events.length).toBe(500);
  expect(store.written[0]?.events.at(-1)?.payload).toMatchObject({ errorCode: 'LOST_699' });
});
