import { beforeEach, describe, expect, it } from 'vitest';
import { createReporter, type ReporterError, type ReporterOptions } from '../../../server/reporter/index.js';
import { createWorld, refused, taken, type World } from './scripted-server.js';

let world: World;
let rejected: ReporterError[];

beforeEach(() => {
  world = createWorld();
  rejected = [];
});

function create(options: Partial<ReporterOptions> = {}) {
  return createReporter({
    endpoint: 'http://server.test/graphql',
    projectId: 'p1',
    ...(options.getToken === undefined ? { token: 't' } : {}),
    environment: world.environment,
    quiet: true,
    onRejected: (error) => rejected.push(error),
    ...options,
  });
}

describe('a server that is away', () => {
  it('is tried again after 1, 2, 4, 8, 16, 30, 30 s, with the same sequence', async () => {
    const run = await create().startIngestion();
    world.script = () => 'refuse';
    await run.emitPhaseStarted(1, 'Reading');
    await world.pass(100_000);
    const attempts = world.heard.slice(1);
    expect(attempts.map(({ at }) => at / 1_000)).toEqual([0, 1, 3, 7, 15, 31, 61, 91]);
    expect(new Set(attempts.map(({ input }) => input['sequence'])).size).toBe(1);
  });

  it('is also one that says nothing, one that is too busy, and a proxy that has no server behind it', async () => {
    const reporter = create({ requestTimeoutMs: 5_000 });
    const run = await reporter.startIngestion();
    const troubles = [
      () => 'never' as const,
      () => new Response('<h1>502</h1>', { status: 502 }),
      () => refused('UNAVAILABLE'),
      () => refused('RATE_LIMITED'),
      () => refused('INTERNAL_SERVER_ERROR'),
    ];
    world.script = () => (troubles.shift() ?? taken)();
    const ending = run.emitComplete({});
    await world.pass(60_000);
    await ending;
    expect(world.heard).toHaveLength(7);
    expect(rejected).toEqual([]);
  });

  it('is waited for as long as it asks', async () => {
    const run = await create().startIngestion();
    let answers = 0;
    world.script = () =>
      (answers += 1) === 1 ? new Response('', { status: 503, headers: { 'retry-after': '20' } }) : taken();
    const ending = run.emitComplete({});
    await world.pass(19_999);
    expect(world.heard).toHaveLength(2);
    await world.pass(1);
    await ending;
  });

  it('is given up in the end, with an error that says how long and why, and the job is not stopped', async () => {
    const run = await create({ giveUpAfterMs: 60_000 }).startIngestion();
    world.script = () => 'refuse';
    await run.emitPhaseStarted(1, 'Reading');
    const ending = run.emitComplete({});
    const flushed = run.flush();
    await world.pass(61_000);
    await expect(ending).rejects.toMatchObject({ code: 'NO_ANSWER' });
    await expect(flushed).rejects.toThrow(/Given up after 6 attempts in 31 s; the last: .*ECONNREFUSED/);
    expect(run.signal.aborted).toBe(false);
    expect(rejected).toHaveLength(1);
    expect(() => run.emitProgressUpdate(1, 50)).not.toThrow();
  });
});

describe('a refusal', () => {
  it('by CONFLICT rejects what is awaited, stops the job by its signal, and is told once', async () => {
    const run = await create().startIngestion();
    world.script = () => refused('CONFLICT', 'This ingestion has ended.');
    run.emitProgressUpdate(1, 10);
    await world.settle();
    run.emitProgressUpdate(1, 20);
    await expect(run.emitComplete({})).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(run.signal.aborted).toBe(true);
    expect(rejected.map(({ message }) => message)).toEqual(['This ingestion has ended.']);
    expect(world.heard).toHaveLength(2);
  });

  it('of the start rejects it', async () => {
    world.script = () => refused('CONFLICT', 'Another ingestion runs.');
    await expect(create().startIngestion()).rejects.toThrow('Another ingestion runs.');
  });

  it('of a phase that is over leaves the job alone, if the ingestion goes on', async () => {
    const run = await create().startIngestion();
    world.script = ({ mutation }) =>
      mutation === 'reportPhaseStarted' ? refused('CONFLICT', 'Phase 1 is over.') : taken();
    await run.emitPhaseStarted(1, 'Back');
    await run.emitComplete({});
    expect(run.signal.aborted).toBe(false);
    expect(rejected.map(({ message }) => message)).toEqual(['Phase 1 is over.']);
  });

  it('of a phase is the end, if the ingestion has ended', async () => {
    const run = await create().startIngestion();
    world.script = () => refused('CONFLICT', 'Taken over.');
    await run.emitPhaseStarted(1, 'Reading');
    await expect(run.flush()).rejects.toThrow('Taken over.');
    expect(run.signal.aborted).toBe(true);
  });

  it('of one report leaves the others alone', async () => {
    const run = await create().startIngestion();
    world.script = ({ mutation }) => (mutation === 'reportProgress' ? refused('BAD_USER_INPUT') : taken());
    run.emitProgressUpdate(1, 10, { itemsProcessed: -1 });
    await run.emitComplete({});
    expect(rejected.map(({ code }) => code)).toEqual(['BAD_USER_INPUT']);
  });

  it('of an ending leaves room for a better one', async () => {
    const run = await create().startIngestion();
    world.script = ({ input }) => ('result' in input ? refused('BAD_USER_INPUT') : taken());
    await expect(run.emitComplete({ itemsProcessed: 1.5 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await run.emitError(null, { errorCode: 'ODD', message: 'Half an item', recoverable: false });
  });

  it('by something that is not the server names the endpoint', async () => {
    world.script = () => new Response('not found', { status: 404 });
    await expect(create().startIngestion()).rejects.toMatchObject({
      code: 'BAD_ENDPOINT',
      message: expect.stringContaining('404'),
    });
  });

  it('of a token asks for a fresh one, once', async () => {
    const asked: boolean[] = [];
    const reporter = create({
      getToken: ({ force }) => {
        asked.push(force);
        return `token ${asked.length}`;
      },
    });
    world.script = ({ token }) => (token === 'Bearer token 1' ? refused('TOKEN_EXPIRED') : taken());
    const run = await reporter.startIngestion();
    await run.emitPhaseStarted(1, 'Reading');
    await run.flush();
    expect(asked).toEqual([false, true]);
    world.script = () => refused('TOKEN_EXPIRED');
    await expect(run.emitComplete({})).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
    expect(asked).toEqual([false, true, true]);
  });
});

describe('what can be known at the call', () => {
  it('throws for a phase that no ingestion has', async () => {
    const run = await create().startIngestion();
    expect(() => run.emitProgressUpdate(13, 1)).toThrow(/^phase: must be 1 to 12/);
    await expect(run.emitPhaseStarted(0, 'None')).rejects.toThrow(/^phase: /);
    expect(world.heard).toHaveLength(1);
  });

  it('throws for a count that JSON cannot hold, with its path', async () => {
    const run = await create().startIngestion();
    expect(() => run.emitProgressUpdate(1, 1, { itemsProcessed: Infinity })).toThrow(
      'metrics.itemsProcessed: must be a finite number, not Infinity',
    );
  });

  it.each([
    [{ endpoint: '/graphql' }, 'endpoint: '],
    [{ endpoint: 'ws://server.test/graphql' }, 'endpoint: '],
    [{ projectId: 'two\nlines' }, 'projectId: '],
    [{ token: undefined }, 'token: '],
    [{ windowMs: -1 }, 'windowMs: '],
    [{ giveUpAfterMs: NaN }, 'giveUpAfterMs: '],
    [{ flushTimeoutMs: -1 }, 'flushTimeoutMs: '],
  ] as const)('refuses the options %o', (options, message) => {
    expect(() => create(options)).toThrow(message);
  });
});

describe('disposing', () => {
  it('gives up what waits, and does no harm twice', async () => {
    const reporter = create();
    const run = await reporter.startIngestion();
    world.script = () => 'never';
    const ending = run.emitComplete({});
    await world.settle();
    reporter.dispose();
    reporter.dispose();
    await expect(ending).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
