/** A server that joins another one on the same store, with no bus between them. */
import { expect, test } from 'vitest';
import { createMemoryBus } from '../../../server/bus/memory-bus.js';
import { silentLogger } from '../../../server/observability/logger.js';
import { createWatchHub } from '../../../server/watch/watch-hub.js';
import { createManualClock, type ManualClock } from '../../support/manual-clock.js';
import { createFaultyStore } from './faulty-store.js';
import { startHarness, type Harness } from './harness.js';

const address = (ingestionId: string) => ({ projectId: 'p', ingestionId });
const start = (server: Harness, id: string) => server.service.start(address(id), 'elsewhere');
const phase = (server: Harness, id: string, number: number) =>
  server.service.report({
    type: 'phase_started',
    report: { ...address(id), phase: number, message: `m${number}` },
  });
const complete = (server: Harness, id: string) =>
  server.service.report({ type: 'ingestion_complete', report: { ...address(id), result: {} } });

function onShared() {
  const clock = createManualClock();
  const store = createFaultyStore();
  const server = (itsClock: ManualClock = clock) =>
    startHarness({ clock: itsClock, store, bus: createMemoryBus({ clock: itsClock }) });
  return { clock, store, server };
}

/** Whether a call has been answered. */
function observed<T>(answer: Promise<T>) {
  const seen = { answer, isAnswered: false };
  answer.then(
    () => (seen.isAnswered = true),
    () => (seen.isAnswered = true),
  );
  return seen;
}

// (invariant: compare-and-set)
test('takes reports once the one that is there knows of it, and neither refuses what the other took', async () => {
  const { clock, server } = onShared();
  const a = await server();
  await start(a, 'first');
  await phase(a, 'first', 1);
  await clock.advance(1_000);
  const b = await server();
  const reports = observed(
    phase(b, 'first', 2)
      .then(() => complete(b, 'first'))
      .then(() => start(b, 'second')),
  );
  await clock.advance(1_000);
  expect(reports.isAnswered).toBe(false);
  await clock.advance(5_000);
  await reports.answer;
  // The job goes on with the server that knew the first ingestion alone.
  const next = phase(a, 'second', 1);
  await clock.advance(1_000);
  expect((await next).progress).toMatchObject({ id: 'second', currentPhase: 1 });
  for (const one of [a, b])
    expect((await one.service.read('p'))?.progress).toMatchObject({ id: 'second', currentPhase: 1 });
});

test('undoes nothing that the first one held unstored', async () => {
  const { clock, store, server } = onShared();
  const a = await server();
  await start(a, 'i');
  await phase(a, 'i', 1);
  const b = await server();
  const later = phase(b, 'i', 2);
  for (let percent = 1; percent <= 60; percent += 1) {
    a.emitter.emitProgressUpdate('p', 1, percent, { itemsProcessed: percent });
    await clock.advance(100);
  }
  await later;
  await clock.advance(6_000);
  const expected = { currentPhase: 2, phases: [{ status: 'COMPLETED' }, { status: 'RUNNING' }, {}, {}] };
  expect((await store.read('p'))?.progress).toMatchObject(expected);
  for (const one of [a, b]) expect((await one.service.read('p'))?.progress).toMatchObject(expected);
});

test('is told of to the watchers of the first one within one reading again', async () => {
  const { clock, store, server } = onShared();
  const a = await server();
  await start(a, 'i');
  const hub = createWatchHub({
    ...{ bus: a.bus, clock, logger: silentLogger },
    read: (projectId, id) => a.service.read(projectId, id),
    readMany: (ids) => store.readMany(ids),
    busReachesAllPeers: () => !a.service.hasPeers,
    onPeersChange: (listener) => a.service.onPeersChange(listener),
  });
  const watch = await hub.watch(
    { projectId: 'p', ingestionId: null, follow: true },
    { ready: () => undefined },
  );
  const b = await server();
  await clock.advance(6_000);
  await phase(b, 'i', 2);
  await clock.advance(2_000);
  let phaseShown = 0;
  for (let event = watch.take(); event !== null; event = watch.take())
    phaseShown = event.progress?.currentPhase ?? 0;
  expect(phaseShown).toBe(2);
  hub.close();
});

test('does not wait for ever for one that died without a word', async () => {
  const { clock, server } = onShared();
  const dead = await server(createManualClock());
  await start(dead, 'i');
  const b = await server();
  const report = observed(phase(b, 'i', 1));
  await clock.advance(11_000);
  expect(report.isAnswered).toBe(false);
  await clock.advance(2_000);
  expect((await report.answer).accepted).toBe(true);
});

test('is reckoned with by one that was paused while it came', async () => {
  const { clock, store, server } = onShared();
  const itsOwn = createManualClock();
  const sleep = { ms: 0 };
  const paused: ManualClock = Object.create(itsOwn, {
    monotonicNow: { value: () => itsOwn.monotonicNow() + sleep.ms },
    now: { value: () => itsOwn.now() + sleep.ms },
  }) as ManualClock;
  const a = await server(paused);
  await start(a, 'i');
  await phase(a, 'i', 1);
  const b = await server();
  const taken = phase(b, 'i', 3);
  await clock.advance(20_000);
  await taken;
  // It wakes: a report is there before any of its timers has run.
  sleep.ms = 20_000;
  const { progress } = await a.service.report({
    type: 'error',
    report: { ...address('i'), phase: 3, errorCode: 'LOST', message: 'lost', recoverable: true },
  });
  expect(progress.phases.map(({ status }) => status)).toEqual(['COMPLETED', 'SKIPPED', 'FAILED', 'PENDING']);
  expect((await store.read('p'))?.progress.phases).toEqual(progress.phases);
});

test('goes, and the one that stays reads what it left before it goes on alone', async () => {
  const { clock, server } = onShared();
  const a = await server();
  await start(a, 'i');
  await phase(a, 'i', 1);
  const b = await server();
  await clock.advance(6_000);
  await phase(b, 'i', 3);
  await b.service.close();
  await clock.advance(3_000);
  expect(a.service.hasPeers).toBe(false);
  const heard = await a.watch('p');
  a.emitter.emitProgressUpdate('p', 3, 10);
  await clock.advance(1_000);
  expect(heard.at(-1)?.progress?.phases.map(({ status }) => status)).toEqual([
    'COMPLETED',
    'SKIPPED',
    'RUNNING',
    'PENDING',
  ]);
});

test('waits once, and not for a month, for a server that died without a word', async () => {
  const { clock, store, server } = onShared();
  const dead = await server(createManualClock());
  const b = await server();
  await clock.advance(290_000);
  expect((await store.listLeases()).map(({ serverId }) => serverId)).toContain(dead.service.serverId);
  await clock.advance(20_000);
  expect((await store.listLeases()).map(({ serverId }) => serverId)).toEqual([b.service.serverId]);
});
