import { beforeEach, describe, expect, it } from 'vitest';
import { createReporter, type Reporter, type ReporterError } from '../../../server/reporter/index.js';
import { createWorld, refused, taken, type World } from './scripted-server.js';

let world: World;
let reporter: Reporter;
let rejected: ReporterError[];

beforeEach(() => {
  world = createWorld();
  rejected = [];
  reporter = createReporter({
    endpoint: 'http://server.test/graphql',
    projectId: 'p1',
    token: 't',
    environment: world.environment,
    quiet: true,
    onRejected: (error) => rejected.push(error),
  });
});

/** The last report of the job; a flush is none. */
const lastReport = () => world.heard.findLast(({ mutation }) => mutation !== 'flushReports');

describe('a reporter', () => {
  it('says what the job said, in order, numbered from 1, with the key of its attempt', async () => {
    const run = await reporter.startIngestion({ phaseWeights: [1, 2, 3, 4] });
    await run.emitPhaseStarted(1, 'Reading');
    run.emitProgressUpdate(1, 50, { itemsProcessed: 5, itemsTotal: 10 });
    await run.emitComplete({ itemsProcessed: 10 });
    expect(world.mutations()).toEqual([
      'startIngestion',
      'reportPhaseStarted',
      'reportProgress',
      'completeIngestion',
    ]);
    const [start, ...reports] = world.heard.map(({ input }) => input);
    expect(start).toEqual({
      projectId: 'p1',
      ingestionId: run.ingestionId,
      attemptKey: expect.stringMatching(/^.{36}$/),
      phaseWeights: [1, 2, 3, 4],
    });
    expect(reports[1]).toMatchObject({
      projectId: 'p1',
      ingestionId: run.ingestionId,
      phase: 1,
      progressPercent: 50,
      metrics: { itemsProcessed: 5, itemsTotal: 10 },
    });
    expect(reports.map((input) => input['sequence'])).toEqual([1, 2, 3]);
    expect(new Set(world.heard.map(({ input }) => input['attemptKey'])).size).toBe(1);
  });

  it('sends two updates a second at most, the newest last, whatever the job does', async () => {
    const run = await reporter.startIngestion();
    for (let step = 0; step <= 1_000; step += 1) {
      run.emitProgressUpdate(1, step / 10, { itemsProcessed: step });
      await world.pass(1);
    }
    await world.pass(1_000);
    const updates = world.heard.filter(({ mutation }) => mutation === 'reportProgress');
    expect(updates.map(({ at }) => at)).toEqual([0, 500, 1_000, 1_500].slice(0, updates.length));
    expect(updates.length).toBeLessThanOrEqual(4);
    expect(updates.at(-1)?.input).toMatchObject({ progressPercent: 100, metrics: { itemsProcessed: 1_000 } });
  });

  it('sends no more counters than the server takes, however many updates it merged', async () => {
    const run = await reporter.startIngestion();
    run.emitProgressUpdate(2, 1);
    await world.settle();
    const named = (from: number) => ({
      counters: Array.from({ length: 15 }, (_, index) => ({ name: `c${from + index}`, value: 1 })),
    });
    run.emitProgressUpdate(2, 40, named(0));
    run.emitProgressUpdate(2, 41, named(10));
    await run.flush();
    const { metrics } = lastReport()?.input as { metrics: { counters: unknown[] } };
    expect(metrics.counters).toHaveLength(20);
  });

  it('merges metrics by field and counters by name', async () => {
    const run = await reporter.startIngestion();
    run.emitProgressUpdate(2, 1);
    await world.settle();
    run.emitProgressUpdate(2, 40, { itemsTotal: 9, counters: [{ name: 'pages', value: 1 }] });
    run.emitProgressUpdate(2, null, {
      itemsProcessed: 4,
      counters: [
        { name: 'pages', value: 2 },
        { name: 'rows', value: 7 },
      ],
    });
    await run.flush();
    expect(lastReport()?.input).toMatchObject({
      progressPercent: 40,
      metrics: {
        itemsTotal: 9,
        itemsProcessed: 4,
        counters: [
          { name: 'pages', value: 2 },
          { name: 'rows', value: 7 },
        ],
      },
    });
  });

  it('sends what waits before a phase starts or the ingestion ends, without waiting for the window', async () => {
    const run = await reporter.startIngestion();
    run.emitProgressUpdate(1, 10);
    await world.settle();
    run.emitProgressUpdate(1, 20);
    await run.emitPhaseStarted(2, 'Next');
    await world.settle();
    expect(world.heard.map(({ input }) => input['progressPercent'] ?? input['message'])).toEqual([
      undefined,
      10,
      20,
      'Next',
    ]);
    expect(world.heard.every(({ at }) => at === 0)).toBe(true);
  });

  it('sends what waits on flush, and resolves once the server has stored it', async () => {
    const run = await reporter.startIngestion();
    run.emitProgressUpdate(1, 10);
    await world.settle();
    run.emitProgressUpdate(1, 20);
    await reporter.flush();
    expect(lastReport()).toMatchObject({ at: 0, input: { progressPercent: 20 } });
    expect(world.mutations().at(-1)).toBe('flushReports');
  });

  it('keeps little however long the server is away, and loses nothing that counts', async () => {
    const run = await reporter.startIngestion();
    world.script = () => 'refuse';
    for (let step = 0; step < 50_000; step += 1) {
      const phase = 1 + Math.floor(step / 12_500);
      if (step % 12_500 === 0) await run.emitPhaseStarted(phase, `phase ${phase}`);
      if (step % 100 === 0) await run.emitPhaseStarted(phase, `phase ${phase}, file ${step}`);
      run.emitProgressUpdate(phase, (step % 12_500) / 125);
    }
    await world.pass(10_000);
    const before = world.heard.length;
    world.script = () => taken();
    await world.pass(60_000);
    const sent = world.heard.slice(before).map(({ input }) => input);
    // The one that was under way, and a start and an update for each phase.
    expect(sent.length).toBeLessThanOrEqual(9);
    expect(sent.map((input) => input['phase'])).toEqual([...sent.map((input) => input['phase'])].sort());
    expect(sent.at(-1)).toMatchObject({ phase: 4, progressPercent: 12_499 / 125 });
  });

  it('goes on above the last sequence if its attempt was started before, by a worker with the same key', async () => {
    world.script = ({ mutation }) =>
      taken(mutation === 'startIngestion' ? { lastSequence: 1_900 } : { accepted: true });
    const run = await reporter.startIngestion({ ingestionId: 'again', attemptKey: 'shared' });
    await run.emitPhaseStarted(1, 'Once more');
    await run.flush();
    expect(lastReport()?.input).toMatchObject({ ingestionId: 'again', sequence: 1_901 });
  });

  it('starts an ingestion by itself at phase 1, and at no other', async () => {
    expect(() => reporter.emitPhaseStarted(2, 'Too far')).toThrow('begin with phase 1');
    await reporter.emitPhaseStarted(1, 'Reading');
    reporter.emitProgressUpdate(1, 50);
    await reporter.emitComplete({});
    expect(world.mutations()[0]).toBe('startIngestion');
    await expect(reporter.emitComplete({})).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('leaves the order of phases to the server: they may overlap, and there may be twelve', async () => {
    const run = await reporter.startIngestion();
    await run.emitPhaseStarted(11, 'Late', { keepRunning: true });
    await run.emitPhaseStarted(3, 'Early');
    run.emitProgressUpdate(3, 50);
    run.emitProgressUpdate(12, 10, { itemsTotal: 5 }, { part: 'worker 1', message: 'Shard 1' });
    await run.completePhase(3);
    await run.flush();
    expect(world.heard.slice(1, -1).map(({ input }) => input)).toMatchObject([
      { phase: 11, keepRunning: true },
      { phase: 3, message: 'Early' },
      { phase: 3, progressPercent: 50 },
      { phase: 12, part: 'worker 1', message: 'Shard 1', metrics: { itemsTotal: 5 } },
      { phase: 3 },
    ]);
    expect(world.mutations().at(-2)).toBe('reportPhaseCompleted');
  });

  it.each([
    [NaN, null],
    [100.00000000000001, 100],
    [-0.0001, 0],
  ])('takes a percent of %d as %s', async (given, sent) => {
    const run = await reporter.startIngestion();
    run.emitProgressUpdate(1, given);
    await world.settle();
    expect(world.heard.at(-1)?.input).toMatchObject({ progressPercent: sent });
  });

  it('keeps the newest update of each phase and part, in whatever order they come', async () => {
    const run = await reporter.startIngestion();
    run.emitProgressUpdate(1, 0);
    await world.settle();
    for (let step = 1; step <= 1_000; step += 1) {
      for (const part of ['a', 'b']) run.emitProgressUpdate(1, step / 10, { itemsProcessed: step }, { part });
      run.emitProgressUpdate(2, step / 20);
    }
    await world.pass(499);
    expect(world.heard).toHaveLength(2);
    await world.pass(1);
    expect(world.heard.slice(2).map(({ input }) => input)).toMatchObject([
      { phase: 1, part: 'a', progressPercent: 100, metrics: { itemsProcessed: 1_000 } },
      { phase: 1, part: 'b', progressPercent: 100 },
      { phase: 2, progressPercent: 50 },
    ]);
  });

  it('ends an outage with the state that the job was in last: a failure that it went on after, or a pause', async () => {
    const run = await reporter.startIngestion();
    world.script = () => 'refuse';
    run.emitProgressUpdate(1, 1);
    await world.settle();
    world.script = () => taken();
    const failed = (message: string) => run.emitError(1, { errorCode: 'AWAY', message, recoverable: true });
    const told: string[] = [];
    for (let round = 0; round < 1_000; round += 1) {
      run.emitProgressUpdate(1, round / 100);
      void failed(`round ${round}`).then(() => told.push('failed'));
      run.emitProgressUpdate(1, round / 100);
      await run.pause('Night');
      await run.resume();
    }
    const last = failed('the last');
    run.emitProgressUpdate(1, 30);
    await world.pass(10_000);
    await last;
    expect(told).toHaveLength(1_000);
    expect(world.heard.slice(2).map(({ input }) => input['progressPercent'] ?? input['message'])).toEqual([
      1,
      9.99,
      'the last',
      30,
    ]);
  });

  it('keeps a thousand problems while the server is away, and sends them a hundred at once', async () => {
    const run = await reporter.startIngestion();
    world.script = () => 'refuse';
    run.emitProgressUpdate(1, 1);
    await world.settle();
    for (let number = 0; number < 5_000; number += 1) {
      await run.reportProblems([{ item: `file ${number % 2_500}`, code: 'UNREADABLE', severity: 'ERROR' }]);
    }
    world.script = () => taken();
    await world.pass(10_000);
    const sent = world.heard.filter(({ mutation }) => mutation === 'reportProblems');
    const problems = sent.flatMap(({ input }) => input['problems'] as { item: string }[]);
    expect(sent).toHaveLength(10);
    expect(new Set(problems.map(({ item }) => item)).size).toBe(1_000);
    expect(rejected.map(({ message }) => message)).toEqual([
      '1000 problems are queued already; further ones are dropped.',
    ]);
  });

  it('sends the problems beside one that the server refuses', async () => {
    const run = await reporter.startIngestion();
    const problem = (item: string) => ({ item, code: 'UNREADABLE', severity: 'ERROR' as const });
    const stored: string[] = [];
    world.script = ({ mutation, input }) => {
      if (mutation !== 'reportProblems') return taken();
      const items = (input['problems'] as { item: string }[]).map(({ item }) => item);
      if (items.includes('')) return refused('BAD_USER_INPUT', 'item: must not be empty');
      stored.push(...items);
      return taken();
    };
    await run.reportProblems(['a', 'b', '', 'c', 'd'].map(problem));
    await run.flush();
    expect(stored).toEqual(['a', 'b', 'c', 'd']);
    expect(rejected).toHaveLength(1);
  });
});
