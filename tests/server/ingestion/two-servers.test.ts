import { describe, expect, test } from 'vitest';
import { createMemoryBus } from '../../../server/bus/memory-bus.js';
import type { IngestionRecord } from '../../../server/progress/record.js';
import { ProgressError } from '../../../server/shared/errors.js';
import type { ProgressStore } from '../../../server/store/progress-store.js';
import { createManualClock, type ManualClock } from '../../support/manual-clock.js';
import { createFaultyStore, type FaultyStore } from './faulty-store.js';
import { startHarness, type Harness } from './harness.js';
import { createSharedBus, type BusEnd } from './shared-bus.js';

const ID = { projectId: 'p', ingestionId: 'i' };

/** `skewMs`: how far the second one's wall clock is behind. */
async function twoOnRedis(skewMs = 0) {
  const clock = createManualClock();
  const late: ManualClock = Object.create(clock, {
    now: { value: () => clock.now() - skewMs },
  }) as ManualClock;
  const store = createFaultyStore();
  const end = createSharedBus(clock);
  const [busA, busB] = [end(), end()];
  const a = await startHarness({ clock, store, bus: busA });
  const b = await startHarness({ clock: late, store, bus: busB });
  await clock.advance(10_000);
  return { clock, store, a, b, busA, busB };
}

/** Two servers without Redis, each with a bus of its own. */
async function twoAlone() {
  const clock = createManualClock();
  const store = createFaultyStore();
  const a = await startHarness({ clock, store, bus: createMemoryBus({ clock }) });
  const b = await startHarness({ clock, store, bus: createMemoryBus({ clock }) });
  // Each hears of the other by its lease.
  await clock.advance(10_000);
  return { clock, store, a, b };
}

const start = (server: Harness, more = {}) => server.service.start({ ...ID, ...more }, 'elsewhere');
const phase = (server: Harness, number: number, more = {}) =>
  server.service.report({
    type: 'phase_started',
    report: { ...ID, phase: number, message: `m${number}`, ...more },
  });
const update = (server: Harness, number: number, progressPercent: number, more = {}) =>
  server.service.report({
    type: 'progress_update',
    report: { ...ID, phase: number, progressPercent, ...more },
  });
const complete = (server: Harness) =>
  server.service.report({ type: 'ingestion_complete', report: { ...ID, result: {} } });
const code = (answer: Promise<unknown>) =>
  answer.then(
    () => 'ok',
    (error: { code: string }) => error.code,
  );

const rising = (events: readonly { readonly revision: number }[]) => {
  const revisions = events.map((event) => event.revision);
  expect(revisions).toEqual([...new Set(revisions)].sort((x, y) => x - y));
};

// Fault seed 229: killed while the store was away, and the job did not report again.
test('what a server committed on Redis and could not store before it was killed is stored by whoever reads it', async () => {
  const clock = createManualClock();
  const store = createFaultyStore();
  const end = createSharedBus(clock);
  let isGone = false;
  const write: ProgressStore['write'] = async (writes) => {
    if (isGone) throw new ProgressError('UNAVAILABLE', 'For this server the store never comes back.');
    return store.write(writes);
  };
  const storeOfA = Object.create(store, { write: { value: write } }) as FaultyStore;
  const a = await startHarness({ clock, store: storeOfA, bus: end() });
  const b = await startHarness({ clock, store, bus: end() });
  await clock.advance(10_000);
  await start(a);
  await phase(a, 1);
  await clock.advance(10_000);
  isGone = true;
  await phase(a, 2);
  await clock.advance(20_000);
  expect((await store.read('p'))?.progress.currentPhase).toBe(1);
  expect((await b.service.read('p'))?.progress.currentPhase).toBe(2);
  await clock.advance(1_000);
  expect((await store.read('p'))?.progress.currentPhase).toBe(2);
});

// (invariant: compare-and-set)
describe.each([
  ['with Redis', () => twoOnRedis()],
  ['without Redis, by the store', twoAlone],
])('two servers %s', (_, begin) => {
  test('reports of the same millisecond both stand, each under a revision of its own', async () => {
    const { a, b, clock, store } = await begin();
    await start(a);
    const heard = await a.watch('p');
    const outcomes = [phase(a, 1), phase(b, 2)];
    await clock.advance(2_000);
    expect((await Promise.all(outcomes)).map(({ accepted }) => accepted)).toEqual([true, true]);
    rising(heard);
    await clock.advance(5_000);
    expect((await store.read('p'))?.progress).toMatchObject({
      currentPhase: 2,
      phases: [{ status: 'COMPLETED' }, { status: 'RUNNING' }, {}, {}],
    });
    for (const server of [a, b]) expect((await server.service.read('p'))?.progress.currentPhase).toBe(2);
  });

  test('an update that races a completion changes nothing after it', async () => {
    const { a, b, clock, store } = await begin();
    await start(a);
    await phase(a, 1);
    await phase(b, 1);
    await clock.advance(1_000);
    const racing = [code(complete(a)), code(update(b, 1, 50)), code(phase(b, 2))];
    await clock.advance(3_000);
    const [completed] = await Promise.all(racing);
    expect(completed).toBe('ok');
    expect((await store.read('p'))?.progress.status).toBe('COMPLETED');
    expect(await code(phase(b, 3))).toBe('CONFLICT');
    await clock.advance(10_000);
    for (const server of [a, b]) expect((await server.service.read('p'))?.progress.status).toBe('COMPLETED');
  });

  test('a write of an old ingestion after a new start changes nothing', async () => {
    const { a, b, clock, store } = await begin();
    await start(a);
    await phase(a, 1);
    // The snapshot of this one is due in 5 s, long after the other server started the next.
    const late = update(a, 1, 50);
    await clock.advance(600);
    await late;
    await start(b, { ingestionId: 'next', replace: true });
    await clock.advance(10_000);
    expect((await store.read('p'))?.progress).toMatchObject({ id: 'next', status: 'RUNNING' });
    expect((await store.readIngestion('p', 'i'))?.progress).toMatchObject({ status: 'FAILED' });
    expect(await code(phase(a, 2))).toBe('CONFLICT');
    for (const server of [a, b]) expect((await server.service.read('p'))?.progress.id).toBe('next');
  });

  test('a report of a new ingestion is taken by a server that only knows the one before', async () => {
    const { a, b, clock } = await begin();
    await start(a);
    await phase(b, 1);
    await complete(b);
    await start(a, { ingestionId: 'next' });
    const address = { projectId: 'p', ingestionId: 'next' };
    const report = { ...address, phase: 1, message: 'm' };
    expect((await b.service.report({ type: 'phase_started', report })).progress).toMatchObject({
      id: 'next',
      currentPhase: 1,
    });
    await a.service.report({ type: 'ingestion_complete', report: { ...address, result: {} } });
    await start(b, { ingestionId: 'third' });
    a.emitter.emitProgressUpdate('p', 2, 5);
    await clock.advance(1_000);
    expect((await b.service.read('p'))?.progress).toMatchObject({ id: 'third', currentPhase: 2 });
  });

  test('of two starts at once one wins', async () => {
    const { a, b, clock } = await begin();
    const starts = [code(start(a, { ingestionId: 'x' })), code(start(b, { ingestionId: 'y' }))];
    await clock.advance(1_000);
    expect((await Promise.all(starts)).sort()).toEqual(['CONFLICT', 'ok']);
  });

  test('a report that arrives at both servers counts once', async () => {
    const { a, b, clock } = await begin();
    await start(a);
    await phase(a, 1, { sequence: 1 });
    const events = () =>
      [a, b].map(({ service }) => service.counts.events['progress_update'] ?? 0).reduce((x, y) => x + y);
    await Promise.all([update(a, 1, 10, { sequence: 2 }), update(b, 1, 10, { sequence: 2 })]);
    await clock.advance(2_000);
    expect(events()).toBe(1);
    const again = await update(b, 1, 11, { sequence: 2 });
    expect(again).toMatchObject({ accepted: false });
    expect(again.progress.phases[0]?.percent).toBe(10);
  });

  test('coalescing holds across both to within one event a window', async () => {
    const { a, b, clock, store } = await begin();
    await start(a);
    await phase(a, 1);
    await clock.advance(1_000);
    const counts = () =>
      [a, b].map((server) => server.service.counts.events['progress_update'] ?? 0).reduce((x, y) => x + y);
    const before = counts();
    for (let step = 0; step < 100; step += 1) {
      void update(step % 2 === 0 ? a : b, 1, step);
      await clock.advance(100);
    }
    // Ten seconds are twenty windows; where the two are at odds now and then one more goes out.
    expect(counts() - before).toBeLessThanOrEqual(25);
    await clock.advance(6_000);
    expect((await store.read('p'))?.progress.phases[0]?.percent).toBe(99);
  });
});

describe('two servers that lose Redis', () => {
  async function cut(skewMs = 0) {
    const servers = await twoOnRedis(skewMs);
    await start(servers.a);
    await phase(servers.a, 1);
    await phase(servers.b, 1);
    return {
      ...servers,
      pull: () => [servers.busA, servers.busB].forEach((bus: BusEnd) => bus.pull()),
      plug: () => [servers.busA, servers.busB].forEach((bus: BusEnd) => bus.plug()),
    };
  }

  test('go on by the store, each reducing onto what the other stored', async () => {
    const { a, b, clock, pull, store } = await cut();
    await clock.advance(6_000);
    const heard = await a.watch('p');
    pull();
    await phase(a, 2);
    await phase(b, 3);
    expect((await update(a, 3, 40)).accepted).toBe(true);
    await clock.advance(2_000);
    expect((await a.service.read('p'))?.progress).toMatchObject({ currentPhase: 3 });
    expect([...new Set(heard.map((event) => event.progress?.currentPhase))]).toEqual([1, 2, 3]);
    rising(heard);
    expect((await store.read('p'))?.progress.phases.map(({ status }) => status)).toEqual([
      'COMPLETED',
      'COMPLETED',
      'RUNNING',
      'PENDING',
    ]);
  });

  test('commit what they hold against what they stored, so that nothing of the other is undone', async () => {
    // The other's clock is behind, so that its revisions are smaller than those that are not stored yet.
    const { a, b, clock, pull, store } = await cut(20_000);
    await clock.advance(6_000);
    const unstored = [update(a, 1, 30), clock.advance(600)];
    await Promise.all(unstored);
    const more = update(a, 1, 60);
    await clock.advance(600);
    await more;
    // The first one's attempt fails, so that the other one is first.
    store.away = true;
    pull();
    await clock.advance(1);
    store.away = false;
    await phase(b, 3);
    await clock.advance(3_000);
    expect((await store.read('p'))?.progress).toMatchObject({ currentPhase: 3 });
    await phase(a, 4);
    expect((await store.read('p'))?.progress.phases.map(({ status }) => status)).toEqual([
      'COMPLETED',
      'SKIPPED',
      'COMPLETED',
      'RUNNING',
    ]);
  });

  test('store what one of them alone knew, also where no job says anything more', async () => {
    const { a, b, clock, pull, store } = await cut(20_000);
    await clock.advance(6_000);
    store.away = true;
    await phase(a, 3);
    pull();
    await clock.advance(1);
    store.away = false;
    // This one never heard of the third phase, and is first.
    await phase(b, 2);
    await clock.advance(3_000);
    const stored = await store.read('p');
    expect(stored?.progress).toMatchObject({ currentPhase: 3, status: 'RUNNING' });
    for (const server of [a, b]) expect(await server.service.read('p')).toEqual(stored);
  });

  test('find each other again when it is back', async () => {
    const { a, b, clock, pull, plug } = await cut();
    await clock.advance(6_000);
    pull();
    await phase(a, 2);
    plug();
    const heard = await b.watch('p');
    await phase(b, 3);
    await complete(a);
    await clock.advance(1_000);
    rising(heard);
    expect(heard.at(-1)?.progress?.phases.map(({ status }) => status)).toEqual([
      'COMPLETED',
      'COMPLETED',
      'COMPLETED',
      'SKIPPED',
    ]);
    expect((await b.service.read('p'))?.progress.status).toBe('COMPLETED');
  });

  test('with the store away as well, reports wait and are UNAVAILABLE at 30 s; updates go on when it is back', async () => {
    const { a, clock, pull, store } = await cut();
    await clock.advance(6_000);
    pull();
    store.away = true;
    const waiting = code(phase(a, 2));
    a.emitter.emitProgressUpdate('p', 1, 55);
    await clock.advance(31_000);
    expect(await waiting).toBe('UNAVAILABLE');
    store.away = false;
    await clock.advance(10_000);
    expect((await store.read('p'))?.progress.phases[0]?.percent).toBe(55);
  });
});

// (invariant: never-back)
test('a server that lost Redis commits nothing that is behind what its own watchers received', async () => {
  const clock = createManualClock();
  const store = createFaultyStore();
  const end = createSharedBus(clock);
  const [busA, busB] = [end(), end()];
  const a = await startHarness({ clock, store, bus: busA });
  let published: IngestionRecord | null = null;
  const b = await startHarness({ clock, store, bus: busB, lastPublished: () => published });
  await busB.subscribe('p', (message) => {
    if (message.kind === 'change') published = message.change.record;
  });
  await clock.advance(5_000);
  await start(a);
  await phase(a, 1);
  await clock.advance(6_000);
  await Promise.all([update(a, 1, 10), clock.advance(600)]);
  // This one is not stored yet, and its server is not there to store it.
  await Promise.all([update(a, 1, 60), clock.advance(600)]);
  busB.pull();
  const { progress } = await b.service.report({
    type: 'error',
    report: { ...ID, phase: 1, errorCode: 'LOST', message: 'lost', recoverable: true },
  });
  expect(progress.phases[0]?.percent).toBe(60);
  expect((await store.read('p'))?.progress.phases[0]?.percent).toBe(60);
});

// (invariant: store-first-ending)
test('an ending under way on one server holds up reports on the other', async () => {
  const { a, b, clock, store } = await twoOnRedis();
  await start(a);
  await phase(a, 1);
  await phase(b, 1);
  await clock.advance(1_000);
  store.away = true;
  const ending = code(complete(a));
  await clock.advance(100);
  const late = code(phase(b, 2));
  await clock.advance(5_000);
  store.away = false;
  await clock.advance(3_000);
  expect(await Promise.all([ending, late])).toEqual(['ok', 'CONFLICT']);
});
