import { expect, test } from 'vitest';
import { createManualClock, settle } from '../../support/manual-clock.js';
import { createFaultyStore } from './faulty-store.js';
import { startHarness } from './harness.js';
import { createSharedBus } from './shared-bus.js';

async function other() {
  const clock = createManualClock();
  const store = createFaultyStore();
  const end = createSharedBus(clock);
  const a = await startHarness({ clock, store, bus: end() });
  await a.emitter.emitPhaseStarted('p', 1, 'Reading');
  const bus = end();
  const b = await startHarness({ clock, store, bus });
  return { a, b, bus, clock, store };
}

// (invariant: one-upstream-per-project)
test('however many ask at once, the store is read once', async () => {
  const { b, store } = await other();
  store.reads = 0;
  const release = store.holdReads();
  const answers = Promise.all(Array.from({ length: 1_000 }, () => b.service.read('p')));
  release();
  const records = await answers;
  expect(store.reads).toBe(1);
  expect(new Set(records).size).toBe(1);
});

// (invariant: subscribe-before-read)
test('a read that began before somebody asked is not shared with them', async () => {
  const { b, store } = await other();
  store.reads = 0;
  const release = store.holdReads();
  const early = b.service.read('p');
  await settle();
  const late = [b.service.read('p'), b.service.read('p')];
  await settle();
  release();
  await Promise.all([early, ...late]);
  expect(store.reads).toBe(2);
});

test('a reader gets the latest of what any server holds, stored or not', async () => {
  const { a, b, clock } = await other();
  a.emitter.emitProgressUpdate('p', 1, 10);
  await clock.advance(600);
  a.emitter.emitProgressUpdate('p', 1, 20);
  await clock.advance(600);
  expect((await b.service.read('p'))?.progress.phases[0]?.percent).toBe(20);
});

test('a store that hangs is not waited for longer than the deadline, where a live state is known', async () => {
  const { b, clock, store } = await other();
  store.holdReads();
  const reading = b.service.read('p');
  await clock.advance(3_000);
  expect((await reading)?.progress.currentPhase).toBe(1);
});

test('with neither store nor live state a read is UNAVAILABLE', async () => {
  const { b, bus, store } = await other();
  store.away = true;
  bus.pull();
  await expect(b.service.read('p')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('a project that never ingested is null', async () => {
  const { b } = await other();
  expect(await b.service.read('nobody')).toBeNull();
  expect(await b.service.read('p', 'nobody')).toBeNull();
});

test('a stored ending stands above a live state that never heard of it', async () => {
  const { a, b, bus, clock } = await other();
  await b.service.read('p');
  b.emitter.emitProgressUpdate('p', 1, 50);
  await clock.advance(600);
  bus.pull();
  await a.emitter.emitComplete('p', {});
  expect((await b.service.read('p'))?.progress.status).toBe('COMPLETED');
});

test('the list of ingestions shows the running one as it is now', async () => {
  const { clock, emitter, service } = await startHarness();
  await emitter.emitPhaseStarted('p', 1, 'Reading');
  await emitter.emitComplete('p', {});
  await clock.advance(1);
  await emitter.emitPhaseStarted('p', 1, 'Reading');
  await emitter.emitPhaseStarted('p', 2, 'Parsing');
  const { items } = await service.ingestions('p', { first: 10, after: null });
  expect(items.map(({ node }) => [node.status, node.currentPhase])).toEqual([
    ['RUNNING', 2],
    ['COMPLETED', 1],
  ]);
});
