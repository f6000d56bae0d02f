import { expect, test } from 'vitest';
import { createFaultyStore, type FaultyStore } from './faulty-store.js';
import { startHarness } from './harness.js';

async function running(store: FaultyStore) {
  const harness = await startHarness({ store });
  const run = await harness.emitter.startIngestion('p');
  await run.emitPhaseStarted(1, 'Reading');
  await harness.clock.advance(1_000);
  return { ...harness, run, heard: await harness.watch('p') };
}

// (invariant: store-first-ending)
test('an ending is stored first, told after, answered last', async () => {
  const order: string[] = [];
  const store = createFaultyStore(true);
  const { bus, run } = await running(store);
  const write = store.write.bind(store);
  store.write = async (writes) => {
    const outcomes = await write(writes);
    order.push('stored');
    return outcomes;
  };
  await bus.subscribe('p', () => void order.push('told'));
  await run.emitComplete({}).then(() => order.push('answered'));
  expect(order).toEqual(['stored', 'told', 'answered']);
});

test('while the store is away watchers keep the last state, and the ending comes once it is back', async () => {
  const store = createFaultyStore(true);
  const { clock, heard, run, service } = await running(store);
  store.away = true;
  const ending = run.emitComplete({});
  await clock.advance(20_000);
  expect(heard).toEqual([]);
  expect((await service.read('p'))?.progress.status).toBe('RUNNING');
  store.away = false;
  await clock.advance(2_000);
  expect(await ending).toMatchObject({ status: 'COMPLETED' });
  expect(heard.map((event) => event.payload.type)).toEqual(['ingestion_complete']);
});

test('other reports wait for an ending under way, and are then a conflict', async () => {
  const store = createFaultyStore(true);
  const { clock, run, service } = await running(store);
  store.away = true;
  const ending = run.emitComplete({});
  const { ingestionId } = run;
  const late = service.report({
    type: 'phase_started',
    report: { projectId: 'p', ingestionId, phase: 2, message: 'm' },
  });
  let answered = false;
  const refused = expect(late.finally(() => (answered = true))).rejects.toMatchObject({ code: 'CONFLICT' });
  await clock.advance(5_000);
  expect(answered).toBe(false);
  store.away = false;
  await clock.advance(2_000);
  await ending;
  await refused;
});

test('at the deadline an ending is given up: nothing was published, and waiting reports are reduced', async () => {
  const store = createFaultyStore(true);
  const { clock, heard, run, service } = await running(store);
  store.away = true;
  const given = expect(run.emitComplete({})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await clock.advance(15_000);
  const { ingestionId } = run;
  const waited = service.report({
    type: 'phase_started',
    report: { projectId: 'p', ingestionId, phase: 2, message: 'm' },
  });
  await clock.advance(16_000);
  await given;
  expect((await waited).progress).toMatchObject({ status: 'RUNNING', currentPhase: 2 });
  expect(heard.map((event) => event.payload.type)).toEqual(['phase_started']);
  store.away = false;
  await clock.advance(2_000);
  expect((await store.read('p'))?.progress).toMatchObject({ status: 'RUNNING', currentPhase: 2 });
  await expect(run.emitComplete({})).resolves.toMatchObject({ status: 'COMPLETED' });
});

test('an ending whose answers were lost is read back, and told', async () => {
  const store = createFaultyStore(true);
  const { clock, heard, run, service } = await running(store);
  store.losesAnswers = true;
  const given = expect(run.emitComplete({})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await clock.advance(31_000);
  await given;
  store.losesAnswers = false;
  await clock.advance(2_000);
  expect(heard.map((event) => event.payload.type)).toEqual(['ingestion_complete']);
  expect((await service.read('p'))?.progress.status).toBe('COMPLETED');
  const again = await service.report({
    type: 'ingestion_complete',
    report: { projectId: 'p', ingestionId: run.ingestionId, result: {} },
  });
  expect(again).toMatchObject({ accepted: false, progress: { status: 'COMPLETED' } });
});

// (invariant: ending-is-final)
test('a stored ending stands above marks that were never stored, and is told above them', async () => {
  const store = createFaultyStore(true);
  const { clock, heard, run } = await running(store);
  store.losesAnswers = true;
  const given = expect(run.emitComplete({})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await clock.advance(29_000);
  store.away = true;
  await clock.advance(1_000);
  await given;
  // Folded after the ending was given up, and before it can be found to stand.
  run.emitProgressUpdate(1, 99);
  await clock.advance(1_000);
  expect(heard.map((event) => event.payload)).toMatchObject([
    { type: 'progress_update', progressPercent: 99 },
  ]);
  store.losesAnswers = false;
  store.away = false;
  await clock.advance(3_000);
  const revisions = heard.map((event) => event.revision);
  expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
  expect(heard.at(-1)?.payload.type).toBe('ingestion_complete');
});

test('the repeat of a stored ending is answered as the first', async () => {
  const { run, service } = await running(createFaultyStore(true));
  const first = await run.emitComplete({ itemsProcessed: 3 });
  const report = { projectId: 'p', ingestionId: run.ingestionId, result: { itemsProcessed: 3 } };
  const repeat = await service.report({ type: 'ingestion_complete', report });
  expect(repeat).toMatchObject({ accepted: false, progress: first, storedRevision: first.revision });
});

test('an ending carries the last update with it, into the log as well', async () => {
  const store = createFaultyStore(true);
  const { clock, run, service } = await running(store);
  run.emitProgressUpdate(1, 40);
  await clock.advance(600);
  run.emitProgressUpdate(1, 80);
  await run.emitError(1, { errorCode: 'BROKEN', message: 'broken', recoverable: false });
  const page = await service.ingestionEvents('p', run.ingestionId, { first: 100, after: null });
  const log = page.items.map(({ node }) => [
    node.type,
    (node.payload as { progressPercent?: number }).progressPercent,
  ]);
  expect(log).toEqual([
    ['ingestion_started', undefined],
    ['phase_started', undefined],
    ['progress_update', 80],
    ['error', undefined],
  ]);
});
