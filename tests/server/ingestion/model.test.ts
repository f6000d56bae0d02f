/**
 * Random calls of a job, a random clock, an outage of the store now and then, and watchers of a hub that come, read as
 * they like and go, against a model of a few lines: what a watcher sees must be a rising walk through states that the
 * job's own calls make, with nothing but updates left out.
 */
import { isEnded, type IngestionEvent, type IngestionProgress } from '@ingestion-progress/schema';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ProgressError } from '../../../server/shared/errors.js';
import { silentLogger } from '../../../server/observability/logger.js';
import { createWatchHub, type WatchHub } from '../../../server/watch/watch-hub.js';
import type { Watch } from '../../../server/watch/watcher.js';
import { createFaultyStore, type FaultyStore } from './faulty-store.js';
import { startHarness, type Harness } from './harness.js';

/** What the job said, as far as it was not refused. */
interface Model {
  isStarted: boolean;
  isEnded: boolean;
  isFailed: boolean;
  phase: number;
  /** Phases that began. */
  begun: number[];
  percents: (number | null)[];
  items: (number | null)[];
}

interface Watcher {
  readonly watch: Watch;
  /** What it took. */
  readonly events: IngestionEvent[];
  /** Revision of what had been told when it came. */
  readonly from: number;
}

interface Real extends Harness {
  readonly store: FaultyStore;
  readonly hub: WatchHub;
  readonly watchers: Watcher[];
  readonly all: IngestionEvent[];
  readonly pending: Promise<unknown>[];
}

type Command = fc.AsyncCommand<Model, Real>;

const idle = (): Model => ({
  isStarted: false,
  isEnded: false,
  isFailed: false,
  phase: 0,
  begun: [],
  percents: [null, null, null, null],
  items: [null, null, null, null],
});

function enter(model: Model, phase: number): void {
  for (let before = Math.max(1, model.phase); before < phase && model.phase > 0; before += 1) {
    if (before === model.phase) model.percents[before - 1] = 100;
  }
  model.phase = Math.max(model.phase, phase);
  model.begun.push(phase);
}

/** Runs an awaited call to its end, the clock turning if the call waits for a window or the store. */
async function call(real: Real, answer: Promise<unknown>): Promise<void> {
  let isDone = false;
  const settled = answer.then(
    () => (isDone = true),
    (error: unknown) => {
      isDone = true;
      throw error;
    },
  );
  settled.catch(() => undefined);
  for (let step = 0; step < 100 && !isDone; step += 1) await real.clock.advance(50);
  await settled;
}

const update = (phase: number, percent: number | null, items: number | null): Command => ({
  check: (model) => model.isStarted && !model.isEnded,
  run: async (model, real) => {
    real.emitter.emitProgressUpdate('p', phase, percent, items === null ? null : { itemsProcessed: items });
    await Promise.resolve();
    model.isFailed = false;
    if (phase < model.phase) {
      // A phase that is over still takes counts; one that was skipped takes nothing.
      if (items !== null && model.begun.includes(phase)) model.items[phase - 1] = items;
      return;
    }
    enter(model, phase);
    const known = model.percents[phase - 1] ?? null;
    if (percent !== null) model.percents[phase - 1] = Math.max(known ?? 0, percent);
    if (items !== null) model.items[phase - 1] = items;
  },
  toString: () => `update(${phase}, ${percent}, ${items})`,
});

const startPhase = (phase: number): Command => ({
  check: (model) => model.isStarted && !model.isEnded,
  run: async (model, real) => {
    const answer = call(real, real.emitter.emitPhaseStarted('p', phase, `Phase ${phase}`));
    if (phase === 1 && model.isFailed && model.phase > 1) {
      // A job that begins again after a failure further in is another ingestion.
      await answer;
      Object.assign(model, idle(), { isStarted: true, phase: 1, begun: [1] });
    } else if (phase < model.phase) await expect(answer).rejects.toMatchObject({ code: 'CONFLICT' });
    else {
      await answer;
      enter(model, phase);
      model.isFailed = false;
    }
  },
  toString: () => `startPhase(${phase})`,
});

const fail: Command = {
  check: (model) => model.isStarted && !model.isEnded && model.phase > 0,
  run: async (model, real) => {
    const error = { errorCode: 'LOST', message: 'lost', recoverable: true };
    const failing = call(real, real.emitter.emitError('p', null, error));
    await failing
      .then(() => (model.isFailed = true))
      .catch((error: unknown) => expect(error).toMatchObject({ code: 'RATE_LIMITED' }));
  },
  toString: () => 'fail()',
};

const complete: Command = {
  check: (model) => model.isStarted && !model.isEnded,
  run: async (model, real) => {
    await call(real, real.emitter.emitComplete('p', {}));
    model.isEnded = true;
  },
  toString: () => 'complete()',
};

const start: Command = {
  check: (model) => !model.isStarted || model.isEnded,
  run: async (model, real) => {
    await real.clock.advance(10_000);
    await call(real, real.emitter.startIngestion('p', { staleAfterMs: 604_800_000 }));
    Object.assign(model, idle(), { isStarted: true });
  },
  toString: () => 'start()',
};

const turn = (ms: number): Command => ({
  check: () => true,
  run: (_, real) => real.clock.advance(ms),
  toString: () => `turn(${ms})`,
});

/** The store is away for a while; somebody may come just then. */
const outage = (ms: number, joins: boolean): Command => ({
  check: (model) => model.isStarted || !joins,
  run: async (_, real) => {
    real.store.away = true;
    await real.clock.advance(ms);
    // Whoever comes is told the live state, where this server holds one.
    if (joins && real.service.live('p') !== null) await begin(real);
    real.store.away = false;
    await real.clock.advance(1_500);
  },
  toString: () => `outage(${ms}, ${joins})`,
});

async function begin(real: Real): Promise<void> {
  const from = real.all.at(-1)?.revision ?? 0;
  const watching = real.hub.watch(
    { projectId: 'p', ingestionId: null, follow: true },
    { ready: () => undefined },
  );
  await call(real, watching);
  real.watchers.push({ watch: await watching, events: [], from });
}

/** Takes what waits, at most so many. */
function take({ watch, events }: Watcher, most: number): void {
  for (let count = 0; count < most; count += 1) {
    const event = watch.take();
    if (event === null) return;
    events.push(event);
  }
}

const join: Command = { check: () => true, run: (_, real) => begin(real), toString: () => 'join()' };

const leave: Command = {
  check: () => true,
  run: async (_, real) => {
    real.watchers.shift()?.watch.close();
    await Promise.resolve();
  },
  toString: () => 'leave()',
};

/** Some of the watchers take something; the others are slow. */
const read = (every: number, most: number): Command => ({
  check: () => true,
  run: async (_, real) => {
    for (const [index, watcher] of real.watchers.entries()) if (index % every === 0) take(watcher, most);
    await Promise.resolve();
  },
  toString: () => `read(${every}, ${most})`,
});

/** Each watcher took, in order, everything that is not an update, and ends where the project does. */
function checkWatcher({ watch, events, from }: Watcher, all: readonly IngestionEvent[]): void {
  const mustBeTold = ({ payload }: IngestionEvent) =>
    payload.type !== 'progress_update' && payload.type !== 'snapshot';
  const [first] = events;
  if (watch.end !== null) {
    // Only by its own slowness, past the queue's bound.
    expect(watch.end).toEqual({ kind: 'overflowed' });
    return;
  }
  expect(first?.payload.type).toBe('snapshot');
  expect(first?.revision).toBeGreaterThanOrEqual(from);
  const due = all.filter((event) => mustBeTold(event) && event.revision > (first?.revision ?? 0));
  expect(events.filter(mustBeTold).map(({ revision }) => revision)).toEqual(
    due.map(({ revision }) => revision),
  );
  const newest = all.at(-1);
  if (newest !== undefined) expect(events.at(-1)?.progress).toEqual(newest.progress);
}

/** Nothing that a watcher saw went backwards. */
function checkWalk(events: readonly IngestionEvent[]): void {
  let last: IngestionProgress | null = null;
  for (const { progress, revision, payload } of events) {
    if (progress === null) {
      // Who came before the first ingestion was told that there is none.
      expect(payload.type).toBe('snapshot');
      continue;
    }
    expect(progress.revision).toBe(revision);
    if (last !== null) {
      expect(revision).toBeGreaterThan(last.revision);
      if (last.id === progress.id) {
        expect(isEnded(last)).toBe(false);
        expect(progress.currentPhase).toBeGreaterThanOrEqual(last.currentPhase);
        expect(progress.progressPercent ?? 0).toBeGreaterThanOrEqual(last.progressPercent ?? 0);
        for (const [index, phase] of progress.phases.entries()) {
          expect(phase.percent ?? 0).toBeGreaterThanOrEqual(last.phases[index]?.percent ?? 0);
        }
      } else expect(last.status).not.toBe('RUNNING');
    }
    last = progress;
  }
}

/** No more than two merged events in any second, and one for the edge. */
function checkPace(events: readonly IngestionEvent[]): void {
  const times = events
    .filter(({ payload }) => payload.type === 'progress_update')
    .map(({ timestamp }) => timestamp);
  const urgent = events.length - times.length;
  for (const from of times) {
    expect(times.filter((time) => time >= from && time < from + 1_000).length).toBeLessThanOrEqual(
      2 + urgent,
    );
  }
}

async function checkEnd(model: Model, real: Real): Promise<void> {
  await real.clock.advance(10_000);
  const live = await real.service.read('p');
  expect((await real.store.read('p'))?.progress ?? null).toEqual(live?.progress ?? null);
  const { progress } = live ?? {};
  expect(progress === undefined).toBe(!model.isStarted);
  if (progress === undefined) return;
  expect(real.all.at(-1)?.progress).toEqual(progress);
  expect(isEnded(progress)).toBe(model.isEnded);
  expect(progress.currentPhase).toBe(model.phase);
  for (const [index, phase] of progress.phases.entries()) {
    const isLast = model.isEnded && index + 1 === model.phase;
    expect(phase.percent).toBe(isLast ? 100 : model.percents[index]);
    expect(phase.metrics?.itemsProcessed ?? null).toBe(model.items[index]);
  }
}

const phases = fc.constantFrom(1, 2, 3, 4);
const commands = fc.commands<Model, Real, false>(
  [
    fc.constant(start),
    fc
      .tuple(phases, fc.option(fc.integer({ min: 0, max: 100 })), fc.option(fc.nat(1_000)))
      .map(([phase, percent, items]) => update(phase, percent, items)),
    fc
      .tuple(phases, fc.option(fc.integer({ min: 0, max: 100 })), fc.option(fc.nat(1_000)))
      .map(([phase, percent, items]) => update(phase, percent, items)),
    phases.map(startPhase),
    fc.constant(fail),
    fc.constant(complete),
    fc.integer({ min: 1, max: 2_000 }).map(turn),
    fc.tuple(fc.integer({ min: 1, max: 8_000 }), fc.boolean()).map(([ms, joins]) => outage(ms, joins)),
    fc.constant(join),
    fc.constant(leave),
    fc
      .tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom(1, Number.POSITIVE_INFINITY))
      .map(([every, most]) => read(every, most)),
  ] as fc.Arbitrary<fc.AsyncCommand<Model, Real>>[],
  { maxCommands: 60, size: 'max' },
);

// (invariant: whole-state-events) (invariant: conflate-only-updates)
test('whatever a job does, watchers walk forward through what it said and end with the truth', async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const store = createFaultyStore(true);
      const refusals: ProgressError[] = [];
      const harness = await startHarness({ store, onRejected: (error) => refusals.push(error) });
      const hub = createWatchHub({
        ...{ bus: harness.bus, clock: harness.clock, logger: silentLogger },
        read: (projectId, id) => harness.service.read(projectId, id),
        readMany: (ids) => store.readMany(ids),
      });
      const all = await harness.watch('p');
      const real: Real = { ...harness, store, hub, watchers: [], all, pending: [] };
      const model = idle();
      await fc.asyncModelRun(() => ({ model, real }), sequence);
      await checkEnd(model, real);
      checkWalk(real.all);
      checkPace(real.all);
      for (const watcher of real.watchers) {
        take(watcher, Number.POSITIVE_INFINITY);
        checkWatcher(watcher, all);
        checkWalk(watcher.events);
        watcher.watch.close();
      }
      expect(refusals).toEqual([]);
      expect([hub.watchedProjects, hub.watchers, hub.queued]).toEqual([0, 0, 0]);
      hub.close();
      await harness.service.close();
    }),
    { numRuns: 300 },
  );
}, 120_000);
