import { expect, test } from 'vitest';
import { createMemoryBus } from '../../../server/bus/memory-bus.js';
import { createManualClock, settle } from '../../support/manual-clock.js';
import { createFaultyStore } from './faulty-store.js';
import { startHarness } from './harness.js';

/** A server that dies without a word: it neither closes nor renews its lease. */
async function deadServer(exclusive: boolean) {
  const clock = createManualClock();
  const store = createFaultyStore(exclusive);
  const doomedClock = createManualClock();
  const doomed = await startHarness({
    clock: doomedClock,
    store,
    bus: createMemoryBus({ clock: doomedClock }),
  });
  const run = await doomed.emitter.startIngestion('p');
  await run.emitPhaseStarted(2, 'Parsing');
  run.emitProgressUpdate(2, 40);
  await doomedClock.advance(6_000);
  await doomed.service.start({ projectId: 'other', ingestionId: 'o' }, 'elsewhere');
  return { clock, store };
}

// (invariant: silent-job-is-noticed)
test('on the embedded store, jobs of an earlier process are interrupted at once, recoverably, with the last stored state', async () => {
  const { clock, store } = await deadServer(true);
  const { service } = await startHarness({ clock, store });
  const { progress } = (await service.read('p')) ?? {};
  expect(progress).toMatchObject({
    status: 'FAILED',
    currentPhase: 2,
    error: { errorCode: 'INGESTION_INTERRUPTED', recoverable: true, retryOptions: { canRetry: true } },
    phases: [{}, { percent: 40, status: 'FAILED' }, {}, {}],
  });
  expect((await service.read('other'))?.progress.status).toBe('RUNNING');
});

test('a job that was interrupted starts anew with phase 1', async () => {
  const { clock, store } = await deadServer(true);
  const { emitter, service } = await startHarness({ clock, store });
  const before = await service.read('p');
  const { id, status } = await emitter.emitPhaseStarted('p', 1, 'Reading again');
  expect(status).toBe('RUNNING');
  expect(id).not.toBe(before?.progress.id);
  expect((await service.read('p', before?.progress.id))?.progress).toMatchObject({
    error: { recoverable: false },
  });
});

test('on a shared store, only after the lease has run out, judged by a server that was well for a whole lease', async () => {
  const { clock, store } = await deadServer(false);
  const { service } = await startHarness({ clock, store });
  await clock.advance(25_000);
  expect((await service.read('p'))?.progress.status).toBe('RUNNING');
  await clock.advance(15_000);
  expect((await service.read('p'))?.progress.error?.errorCode).toBe('INGESTION_INTERRUPTED');
});

test('a server that could not reach the store itself does not judge', async () => {
  const { clock, store } = await deadServer(false);
  const { service } = await startHarness({ clock, store });
  for (let step = 0; step < 6; step += 1) {
    await clock.advance(15_000);
    store.away = true;
    await clock.advance(11_000);
    store.away = false;
  }
  expect((await store.read('p'))?.progress.status).toBe('RUNNING');
  await clock.advance(50_000);
  expect((await service.read('p'))?.progress.error?.errorCode).toBe('INGESTION_INTERRUPTED');
});

test('jobs of a server that lives are left alone', async () => {
  const clock = createManualClock();
  const store = createFaultyStore();
  const a = await startHarness({ clock, store, bus: createMemoryBus({ clock }) });
  const b = await startHarness({ clock, store, bus: createMemoryBus({ clock }) });
  await a.emitter.startIngestion('p');
  await clock.advance(120_000);
  expect((await b.service.read('p'))?.progress.status).toBe('RUNNING');
});

test('a lease is taken back at the end', async () => {
  const store = createFaultyStore();
  const { service } = await startHarness({ store });
  expect(await store.listLeases()).toHaveLength(1);
  await service.close();
  expect(await store.listLeases()).toHaveLength(0);
});

test('a lease that is being renewed at the end does not stand again after it', async () => {
  const inner = createFaultyStore();
  let goOn = () => {};
  const held = new Promise<void>((resolve) => (goOn = resolve));
  let renewals = 0;
  const store: typeof inner = {
    ...inner,
    renewLease: async (lease) => {
      renewals += 1;
      if (renewals > 1) await held;
      return inner.renewLease(lease);
    },
  };
  const { service, clock } = await startHarness({ store });
  await clock.advance(10_000);
  expect(renewals).toBe(2);
  const closing = service.close();
  await settle();
  goOn();
  await closing;
  await settle();
  expect(await store.listLeases()).toHaveLength(0);
});
