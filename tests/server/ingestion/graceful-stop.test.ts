/** What was acknowledged survives the stop of its server, though the store took nothing of it. (invariant: kept-at-stop) */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../../server/observability/logger.js';
import { createSpillFolder } from '../../../server/write-behind/spill.js';
import { createManualClock, type ManualClock } from '../../support/manual-clock.js';
import { createTemporaryDirectory } from '../../support/temporary-directory.js';
import { createFaultyStore, type FaultyStore } from './faulty-store.js';
import { startHarness, type Harness } from './harness.js';

const JOB = { projectId: 'p', ingestionId: 'i' };

function temporaryFolder(): string {
  const directory = createTemporaryDirectory();
  onTestFinished(() => directory.delete());
  return directory.path;
}

/** Turns the clock until the promise is settled: files need real time, retries the clock's. */
async function during<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let isDone = false;
  const finish = () => (isDone = true);
  promise.then(finish, finish);
  for (let turn = 0; turn < 3_000 && !isDone; turn += 1) {
    await clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return promise;
}

interface Stage {
  readonly clock: ManualClock;
  readonly store: FaultyStore;
  readonly directory: string;
  start(): Promise<Harness>;
}

function createStage(): Stage {
  const clock = createManualClock();
  const store = createFaultyStore(true);
  const directory = temporaryFolder();
  const start = () => {
    const spill = createSpillFolder({ directory, storeId: 'test', logger: silentLogger });
    return during(clock, startHarness({ clock, store, spill }));
  };
  return { clock, store, directory, start };
}

/** A server that acknowledges 70% of the second phase while the store is away, and is then stopped. */
async function stopWithUnstored({ clock, store, start }: Stage): Promise<Harness> {
  const harness = await start();
  const { service } = harness;
  await service.start(JOB, 'elsewhere');
  await clock.advance(6_000);
  store.away = true;
  const phase = { ...JOB, phase: 2, message: 'Parsing' };
  await service.report({ type: 'phase_started', report: phase });
  const update = { ...JOB, phase: 2, progressPercent: 70, metrics: { itemsProcessed: 7 } };
  const taken = await service.report({ type: 'progress_update', report: update });
  expect(taken.accepted).toBe(true);
  await clock.advance(1_000);
  expect(await during(clock, service.close(2_000))).toBe(true);
  return harness;
}

const takenUp = ({ clock, directory }: Stage) =>
  during(clock, expect.poll(() => spillFiles(directory)).toEqual([]));

const spillFiles = (directory: string) => readdirSync(directory).filter((name) => name.startsWith('spill'));

test('the next server on the folder commits it above all, stores it, and removes the file', async () => {
  const stage = createStage();
  const before = await stopWithUnstored(stage);
  const [file = ''] = spillFiles(stage.directory);
  expect(statSync(join(stage.directory, file)).mode & 0o777).toBe(0o600);
  const shown = before.log.filter(({ message }) => message === 'progress committed').at(-1)?.fields[
    'revision'
  ];
  stage.store.away = false;
  await stage.start();
  await takenUp(stage);
  const stored = await stage.store.read('p');
  expect(stored?.progress.phases[1]).toMatchObject({ status: 'RUNNING', percent: 70 });
  expect(stored?.progress.metrics?.itemsProcessed).toBe(7);
  expect(stored?.progress.revision).toBeGreaterThan(Number(shown));
  const { items } = await stage.store.listEvents('p', 'i', { first: 50, after: null });
  expect(items.map(({ node }) => node.type)).toContain('phase_started');
});

test('a server that runs already takes it up, and two that do at once do no harm', async () => {
  const stage = createStage();
  const first = await stage.start();
  const second = await stage.start();
  await stopWithUnstored(stage);
  stage.store.away = false;
  await during(stage.clock, expect.poll(() => spillFiles(stage.directory)).toEqual([]));
  await stage.clock.advance(6_000);
  expect((await stage.store.read('p'))?.progress.phases[1]?.percent).toBe(70);
  for (const { service } of [first, second]) await during(stage.clock, service.close());
});

test('a server that runs already shows it with its next read, before it takes it up', async () => {
  const stage = createStage();
  const running = await stage.start();
  await stopWithUnstored(stage);
  stage.store.away = false;
  const shown = await running.service.read('p');
  expect(spillFiles(stage.directory)).toHaveLength(1);
  expect(shown?.progress.phases[1]).toMatchObject({ status: 'RUNNING', percent: 70 });
  await during(stage.clock, running.service.close());
});

test('a server that runs already commits the next report above it, before it takes it up', async () => {
  const stage = createStage();
  const running = await stage.start();
  await stopWithUnstored(stage);
  stage.store.away = false;
  const { progress } = await running.service.report({
    type: 'progress_update',
    report: { ...JOB, phase: 1, metrics: { itemsProcessed: 1 } },
  });
  expect(spillFiles(stage.directory)).toHaveLength(1);
  expect(progress.phases[1]).toMatchObject({ status: 'RUNNING', percent: 70 });
  await during(stage.clock, running.service.close());
});

test('its marks are merged onto what the store has of the same ingestion by then', async () => {
  const stage = createStage();
  const spilling = await stopWithUnstored(stage);
  stage.store.away = false;
  const stored = await stage.store.read('p');
  const further = structuredClone(stored);
  if (further === null) throw new Error('The start is stored.');
  Object.assign(further.progress, { revision: stage.clock.now() + 50, title: 'seen later' });
  await stage.store.write([{ record: further, guard: { kind: 'change' }, events: [] }]);
  await stage.start();
  await takenUp(stage);
  const merged = (await stage.store.read('p'))?.progress;
  expect(merged).toMatchObject({ title: 'seen later', currentPhase: 2 });
  expect(merged?.phases[1]).toMatchObject({ percent: 70, metrics: { itemsProcessed: 7 } });
  expect(merged?.revision).toBeGreaterThan(further.progress.revision);
  expect(spilling.service.unstoredProjects).toBe(1);
});

test.each(['ended', 'followed'] as const)('it is dropped if its ingestion has %s', async (how) => {
  const stage = createStage();
  await stopWithUnstored(stage);
  const files = spillFiles(stage.directory).map(
    (name) => [name, readFileSync(join(stage.directory, name))] as const,
  );
  stage.store.away = false;
  const other = await during(stage.clock, startHarness({ clock: stage.clock, store: stage.store }));
  await other.service.report({ type: 'ingestion_complete', report: { ...JOB, result: {} } });
  if (how === 'followed') await other.service.start({ projectId: 'p', ingestionId: 'next' }, 'elsewhere');
  const before = (await stage.store.read('p'))?.progress;
  for (const [name, content] of files) writeFileSync(join(stage.directory, name), content);
  await stage.start();
  await takenUp(stage);
  expect((await stage.store.read('p'))?.progress).toEqual(before);
});

// (invariant: ending-is-final)
test('an ending prevails, also under a lower revision', async () => {
  const stage = createStage();
  await stopWithUnstored(stage);
  stage.store.away = false;
  const ended = structuredClone(await stage.store.read('p'));
  if (ended === null) throw new Error('The start is stored.');
  Object.assign(ended.progress, { revision: ended.progress.revision + 1, status: 'CANCELLED' });
  await stage.store.write([{ record: ended, guard: { kind: 'change' }, events: [] }]);
  const { service } = await stage.start();
  await takenUp(stage);
  expect((await service.read('p'))?.progress.status).toBe('CANCELLED');
  expect((await stage.store.read('p'))?.progress).toEqual(ended.progress);
});

test('while the store is away the file stays, and the server starts with it later', async () => {
  const stage = createStage();
  await stopWithUnstored(stage);
  stage.store.away = false;
  const write = stage.store.write;
  stage.store.write = () => Promise.reject(new Error('no'));
  const starting = stage.start();
  const { service } = await starting;
  expect(spillFiles(stage.directory)).toHaveLength(1);
  stage.store.write = write;
  await during(stage.clock, expect.poll(() => spillFiles(stage.directory)).toEqual([]));
  expect((await stage.store.read('p'))?.progress.phases[1]?.percent).toBe(70);
  await during(stage.clock, service.close());
});

test('an update that was taken and could not even be committed is kept as well', async () => {
  const stage = createStage();
  const { service, bus } = await stage.start();
  await service.start(JOB, 'elsewhere');
  await stage.clock.advance(6_000);
  const report = { ...JOB, phase: 1, progressPercent: 40 };
  await service.report({ type: 'progress_update', report });
  await stage.clock.advance(6_000);
  bus.publishStored = () => new Promise(() => undefined);
  await service.report({ type: 'progress_update', report: { ...report, progressPercent: 41 } });
  expect(await during(stage.clock, service.close(2_000))).toBe(true);
  await stage.start();
  await takenUp(stage);
  expect((await stage.store.read('p'))?.progress.phases[0]?.percent).toBe(41);
});

test('an ending that was not acknowledged is not kept', async () => {
  const stage = createStage();
  const { service } = await stage.start();
  await service.start(JOB, 'elsewhere');
  await stage.clock.advance(6_000);
  stage.store.away = true;
  await service.report({ type: 'progress_update', report: { ...JOB, phase: 1, progressPercent: 40 } });
  await stage.clock.advance(1_000);
  const ending = service.report({ type: 'ingestion_complete', report: { ...JOB, result: {} } });
  ending.catch(() => undefined);
  await during(stage.clock, service.close(2_000));
  stage.store.away = false;
  await stage.start();
  await takenUp(stage);
  const progress = (await stage.store.read('p'))?.progress;
  expect(progress).toMatchObject({ status: 'RUNNING' });
  expect(progress?.phases[0]?.percent).toBe(40);
});

// (invariant: never-back)
test('it is shown at once, also while the lease of the stopped server stands, and committed later', async () => {
  const stage = createStage();
  // The lease of the stopped server stands.
  Object.assign(stage.store, { exclusive: false, dropLease: () => Promise.resolve() });
  await stopWithUnstored(stage);
  stage.store.away = false;
  const { service } = await stage.start();
  const read = () => service.read('p').then((record) => record?.progress.phases[1]?.percent);
  expect(await during(stage.clock, read())).toBe(70);
  await during(stage.clock, expect.poll(() => spillFiles(stage.directory), { timeout: 5_000 }).toEqual([]));
  expect((await stage.store.read('p'))?.progress.phases[1]?.percent).toBe(70);
});
