/**
 * Random calls of a job, a random clock, watchers coming and going, an outage of the store now and then, against a model
 * of a few lines: what a watcher sees must be a rising walk through states that the job's own calls make.
 */
import { isEnded, type IngestionEvent, type IngestionProgress } from '@ingestion-progress/schema';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ProgressError } from '../../../server/errors.js';
import { createFaultyStore, type FaultyStore } from './faulty-store.js';
import { startHarness, type Harness } from './harness.js';

/** What the job said, as far as it was not refused. */
interface Model {
  isStarted: boolean;
  isEnded: boolean;
  isFailed: boolean;
  phase: number;
  percents: (number | null)[];
  items: (number | null)[];
}

interface Watcher {
  readonly events: IngestionEvent[];
  stop(): void;
}

interface Real extends Harness {
  readonly store: FaultyStore;
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
  percents: [null, null, null, null],
  items: [null, null, null, null],
});

function enter(model: Model, phase: number): void {
  for (let before = Math.max(1, model.phase); before < phase && model.phase > 0; before += 1) {
    if (before === model.phase) model.percents[before - 1] = 100;
  }
  model.phase = Math.max(model.phase, phase);
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
    if (phase < model.phase) return;
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
      Object.assign(model, idle(), { isStarted: true, phase: 1 });
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

const outage = (ms: number): Command => ({
  check: () => true,
  run: async (_, real) => {
    real.store.away = true;
    await real.clock.advance(ms);
    real.store.away = false;
    await real.clock.advance(1_500);
  },
  toString: () => `outage(${ms})`,
});

const join: Command = {
  check: () => true,
  run: async (_, real) => {
    const events: IngestionEvent[] = [];
    const stop = await real.bus.subscribe('p', (message) => {
      if (message.kind === 'change') events.push(message.change.event);
    });
    real.watchers.push({ events, stop });
  },
  toString: () => 'join()',
};

const leave: Command = {
  check: () => true,
  run: async (_, real) => {
    real.watchers.shift()?.stop();
    await Promise.resolve();
  },
  toString: () => 'leave()',
};

/** Nothing that a watcher saw went backwards. */
function checkWalk(events: readonly IngestionEvent[]): void {
  let last: IngestionProgress | null = null;
  for (const { progress, revision } of events) {
    if (progress === null) throw new Error('an event without its state');
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
  for (const { events } of real.watchers)
    if (events.length > 0) expect(events.at(-1)?.progress).toEqual(progress);
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
    fc.integer({ min: 1, max: 8_000 }).map(outage),
    fc.constant(join),
    fc.constant(leave),
  ] as fc.Arbitrary<fc.AsyncCommand<Model, Real>>[],
  { maxCommands: 60, size: 'max' },
);

test('whatever a job does, watchers walk forward through what it said and end with the truth', async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const store = createFaultyStore(true);
      const refusals: ProgressError[] = [];
      const harness = await startHarness({ store, onRejected: (error) => refusals.push(error) });
      const real: Real = { ...harness, store, watchers: [], all: await harness.watch('p'), pending: [] };
      const model = idle();
      await fc.asyncModelRun(() => ({ model, real }), sequence);
      await checkEnd(model, real);
      checkWalk(real.all);
      checkPace(real.all);
      for (const { events } of real.watchers) checkWalk(events);
      expect(refusals).toEqual([]);
      await harness.service.close();
    }),
    { numRuns: 300 },
  );
}, 120_000);
