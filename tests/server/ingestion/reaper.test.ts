import { expect, test } from 'vitest';
import { createManualClock } from '../../support/manual-clock.js';
import { createFaultyStore } from './faulty-store.js';
import { startHarness } from './harness.js';
import { createSharedBus } from './shared-bus.js';

const MINUTE = 60_000;
const phase1 = {
  type: 'phase_started',
  report: { projectId: 'p', ingestionId: 'i', phase: 1, message: 'm' },
} as const;

async function elsewhere(harness: Awaited<ReturnType<typeof startHarness>>, more = {}) {
  await harness.service.start({ projectId: 'p', ingestionId: 'i', ...more }, 'elsewhere');
  await harness.service.report(phase1);
}

// (invariant: silent-job-is-noticed)
test('a job that says nothing for the stale limit is FAILED as stalled, recoverably, with an event', async () => {
  const harness = await startHarness();
  const { clock, service, watch } = harness;
  await elsewhere(harness);
  const heard = await watch('p');
  await clock.advance(5 * MINUTE - 1_000);
  expect((await service.read('p'))?.progress.status).toBe('RUNNING');
  await clock.advance(10_000);
  expect(heard.map((event) => event.payload)).toMatchObject([
    { type: 'error', errorCode: 'INGESTION_STALLED', recoverable: true, phase: 1 },
  ]);
});

test('a job that was only slow revives it by its next report', async () => {
  const harness = await startHarness();
  const { clock, service } = harness;
  await elsewhere(harness, { staleAfterMs: 60_000 });
  await clock.advance(2 * MINUTE);
  expect((await service.read('p'))?.progress.status).toBe('FAILED');
  await service.report({
    type: 'progress_update',
    report: { projectId: 'p', ingestionId: 'i', phase: 1, progressPercent: 5 },
  });
  await clock.advance(1_000);
  expect((await service.read('p'))?.progress).toMatchObject({ status: 'RUNNING', error: null });
});

test('any valid report is a sign of life, also one with nothing new', async () => {
  const harness = await startHarness();
  const { clock, service } = harness;
  await elsewhere(harness, { staleAfterMs: 60_000 });
  for (let step = 0; step < 20; step += 1) {
    void service.report({ type: 'progress_update', report: { projectId: 'p', ingestionId: 'i', phase: 1 } });
    await clock.advance(30_000);
    expect((await service.read('p'))?.progress.status).toBe('RUNNING');
  }
});

test('many recoverable failures that wait do not hide a job that fell silent', async () => {
  const harness = await startHarness();
  const { clock, service } = harness;
  const failure = { errorCode: 'LOST', message: 'lost', recoverable: true };
  for (let index = 0; index < 300; index += 1) {
    const address = { projectId: `failed${index}`, ingestionId: 'i' };
    await service.start(address, 'elsewhere');
    await service.report({ type: 'error', report: { ...address, ...failure } });
  }
  await clock.advance(MINUTE);
  await elsewhere(harness);
  await clock.advance(6 * MINUTE);
  expect((await service.read('p'))?.progress.error?.errorCode).toBe('INGESTION_STALLED');
});

test('of many servers exactly one marks it', async () => {
  const clock = createManualClock();
  const store = createFaultyStore();
  const end = createSharedBus(clock);
  const servers = [];
  for (let index = 0; index < 3; index += 1) servers.push(await startHarness({ clock, store, bus: end() }));
  const [first] = servers;
  if (first === undefined) throw new Error('unreachable');
  await elsewhere(first);
  const heard = await first.watch('p');
  await clock.advance(6 * MINUTE);
  expect(heard.filter((event) => event.payload.type === 'error')).toHaveLength(1);
});

test('nothing is wrongly failed after store and bus were away for ten minutes while the reporter waited', async () => {
  const clock = createManualClock();
  const store = createFaultyStore();
  const bus = createSharedBus(clock)();
  const harness = await startHarness({ clock, store, bus });
  await elsewhere(harness);
  await clock.advance(MINUTE);
  const heard = await harness.watch('p');
  store.away = true;
  bus.pull();
  await clock.advance(10 * MINUTE);
  store.away = false;
  bus.plug();
  // The reporter comes back with its backoff, some time after the server.
  await clock.advance(MINUTE);
  const answer = harness.service.report({
    type: 'progress_update',
    report: { projectId: 'p', ingestionId: 'i', phase: 1, progressPercent: 20 },
  });
  await clock.advance(1_000);
  expect((await answer).progress.status).toBe('RUNNING');
  expect(heard.filter((event) => event.payload.type === 'error')).toEqual([]);
  await clock.advance(6 * MINUTE);
  expect(heard.at(-1)?.payload).toMatchObject({ errorCode: 'INGESTION_STALLED' });
});

test('a server that slept waits a whole stale limit before it judges others', async () => {
  const harness = await startHarness();
  const { clock, service } = harness;
  await elsewhere(harness);
  for (let minute = 0; minute < 8; minute += 1) {
    await clock.advance(MINUTE);
    await service.report({ ...phase1, report: { ...phase1.report, message: `minute ${minute}` } });
  }
  // Asleep: the wall clock went on, the monotonic one did not.
  clock.setWallClock(clock.now() + 60 * MINUTE);
  await clock.advance(4 * MINUTE);
  expect((await service.read('p'))?.progress.status).toBe('RUNNING');
  await clock.advance(2 * MINUTE);
  expect((await service.read('p'))?.progress.error?.errorCode).toBe('INGESTION_STALLED');
});

test('a recoverable failure becomes an ending after a day without a report', async () => {
  const harness = await startHarness();
  const { clock, service, watch } = harness;
  await elsewhere(harness);
  const failure = { projectId: 'p', ingestionId: 'i', errorCode: 'LOST', message: 'lost', recoverable: true };
  await service.report({ type: 'error', report: failure });
  const heard = await watch('p');
  await clock.advance(23 * 60 * MINUTE);
  expect(heard).toEqual([]);
  await clock.advance(61 * MINUTE);
  expect(heard.map((event) => event.payload)).toMatchObject([
    { type: 'error', errorCode: 'LOST', recoverable: false },
  ]);
  await expect(service.report(phase1)).rejects.toMatchObject({ code: 'CONFLICT' });
}, 60_000);

test('history is forgotten after its time', async () => {
  const harness = await startHarness({ retentionMs: 2 * 60 * MINUTE });
  const { clock, emitter, service } = harness;
  const old = await emitter.startIngestion('p');
  await old.emitComplete({});
  await emitter.startIngestion('p', { staleAfterMs: 604_800_000 });
  await clock.advance(60 * MINUTE);
  expect(await service.read('p', old.ingestionId)).not.toBeNull();
  await clock.advance(3 * 60 * MINUTE);
  expect(await service.read('p', old.ingestionId)).toBeNull();
}, 60_000);
