/** What a reporter says on standard error, and the signs of life that it sends of itself. */
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createReporter, type ReporterOptions } from '../../../server/reporter/index.js';
import { createWorld, refused, taken, type World } from './scripted-server.js';

let world: World;
let words: string[];

beforeEach(() => {
  world = createWorld();
  words = [];
  const warn = vi.spyOn(console, 'warn').mockImplementation((text: string) => void words.push(text));
  onTestFinished(() => warn.mockRestore());
});

function create(options: Partial<ReporterOptions> = {}) {
  const reporter = createReporter({
    endpoint: 'http://server.test/graphql',
    projectId: 'p1',
    token: 't',
    environment: world.environment,
    ...options,
  });
  onTestFinished(() => reporter.dispose());
  return reporter;
}

const told = (what: string) => words.filter((text) => text.includes(what));

describe('a reporter that cannot reach its server', () => {
  it('says so at once, then every minute, and calls the hook', async () => {
    const waits: number[] = [];
    const reporter = create({ onWaiting: ({ waitedMs }) => waits.push(waitedMs) });
    world.script = () => 'refuse';
    void reporter.startIngestion().catch(() => undefined);
    await world.settle();
    expect(words).toEqual([
      'ingestion-progress: project p1 waits for its server: http://server.test/graphql: ECONNREFUSED',
    ]);
    await world.pass(180_000);
    expect(waits).toEqual([0, 60_000, 120_000, 180_000]);
    expect(words.at(-1)).toContain('waits for 180 s');
    world.script = () => taken();
    await world.pass(30_000);
    await world.pass(600_000);
    expect(waits).toHaveLength(4);
  });

  it('says so after 5 s if the server takes the request and does not answer', async () => {
    const reporter = create();
    world.script = () => 'never';
    void reporter.startIngestion().catch(() => undefined);
    await world.pass(4_999);
    expect(words).toEqual([]);
    await world.pass(1);
    expect(words).toEqual([
      'ingestion-progress: project p1 waits for 5 s for its server: http://server.test/graphql: no answer yet',
    ]);
  });

  it('says nothing where it is told to be quiet, but calls the hook', async () => {
    const onWaiting = vi.fn();
    const reporter = create({ quiet: true, onWaiting });
    world.script = () => 'refuse';
    void reporter.startIngestion().catch(() => undefined);
    await world.settle();
    expect(words).toEqual([]);
    expect(onWaiting).toHaveBeenCalledExactlyOnceWith({
      waitedMs: 0,
      error: expect.objectContaining({ code: 'UNAVAILABLE' }),
    });
  });
});

describe('a refusal that no caller awaits', () => {
  it('is said once on standard error if there is no onRejected', async () => {
    const reporter = create();
    world.script = () => refused('UNAUTHENTICATED', 'This token is not valid.');
    await reporter.emitPhaseStarted(1, 'Reading');
    await world.settle();
    for (let step = 0; step < 10; step += 1) reporter.emitProgressUpdate(1, step);
    await world.pass(5_000);
    expect(words).toEqual([
      'ingestion-progress: a report of project p1 was rejected (UNAUTHENTICATED): This token is not valid.',
    ]);
  });

  it('is said for one report of many, and never for one that is awaited', async () => {
    const run = await create().startIngestion();
    world.script = () => refused('BAD_USER_INPUT', 'metrics: no.');
    await expect(run.emitError(1, { errorCode: 'X', message: 'x', recoverable: true })).rejects.toThrow();
    expect(words).toEqual([]);
    for (let step = 0; step < 5; step += 1) {
      run.emitProgressUpdate(1, step);
      await world.pass(500);
    }
    expect(told('metrics: no.')).toHaveLength(1);
  });

  it('is not said if it is handled, or the reporter is quiet', async () => {
    for (const options of [{ onRejected: () => undefined }, { quiet: true }]) {
      const run = await create(options).startIngestion();
      world.script = () => refused('BAD_USER_INPUT');
      run.emitProgressUpdate(1, 1);
      await world.settle();
      world.script = () => taken();
    }
    expect(words).toEqual([]);
  });
});

describe('an open run', () => {
  const heartbeats = () =>
    world.heard.filter(({ mutation }) => mutation === 'reportHeartbeat').map(({ at }) => at / 1_000);

  it.each([
    [undefined, [60, 120, 180]],
    [40_000, [10, 20, 30]],
    [1_000, [1, 2, 3]],
    [604_800_000, [60, 120, 180]],
  ])('sends a sign of life each quarter of staleAfterMs, of %s: after %s s', async (staleAfterMs, at) => {
    await create().startIngestion(staleAfterMs === undefined ? {} : { staleAfterMs });
    await world.pass((at[2] ?? 0) * 1_000 + 500);
    expect(heartbeats()).toEqual(at);
    expect(world.heard.at(-1)?.input).toMatchObject({ attemptKey: expect.any(String) });
  });

  it('sends none while its reports are signs of life', async () => {
    const run = await create().startIngestion({ staleAfterMs: 8_000 });
    for (let step = 0; step < 100; step += 1) {
      run.emitProgressUpdate(1, step);
      await world.pass(1_000);
    }
    expect(heartbeats()).toEqual([]);
    await world.pass(2_000);
    expect(heartbeats()).toHaveLength(1);
  });

  it('sends none after a failure of its own, which one would revive, until it goes on', async () => {
    const run = await create().startIngestion({ staleAfterMs: 4_000 });
    await run.emitError(1, { errorCode: 'AWAY', message: 'Retrying in 30 s', recoverable: true });
    await world.pass(30_000);
    expect(heartbeats()).toEqual([]);
    await run.emitPhaseStarted(1, 'Again');
    await world.pass(1_500);
    expect(heartbeats()).toHaveLength(1);
  });

  it.each([
    ['an ending', (run: { emitComplete(result: object): Promise<void> }) => run.emitComplete({})],
    ['dispose', (run: { dispose(): void }) => run.dispose()],
  ])('sends none after %s', async (_what, close) => {
    const run = await create().startIngestion({ staleAfterMs: 4_000 });
    await close(run);
    await world.pass(60_000);
    expect(heartbeats()).toEqual([]);
  });
});
