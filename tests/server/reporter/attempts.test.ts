/** What makes an attempt the server's: its key, its sequences, and answers that say that nothing changed. */
import { beforeEach, expect, it } from 'vitest';
import { createReporter, type ReporterError } from '../../../server/reporter/index.js';
import { createWorld, refused, taken, type World } from './scripted-server.js';

let world: World;
let rejected: ReporterError[];

beforeEach(() => {
  world = createWorld();
  rejected = [];
});

const create = () =>
  createReporter({
    endpoint: 'http://server.test/graphql',
    projectId: 'p1',
    token: 't',
    environment: world.environment,
    quiet: true,
    onRejected: (error) => rejected.push(error),
  });

const state = (status: string, attempt = 1) => ({
  status,
  attempt,
  error: status === 'FAILED' ? { recoverable: false } : null,
});
const unchanged = (progress: unknown) => taken({ accepted: false, progress });
const started = (lastSequence: number | null = null) => taken({ lastSequence, progress: state('RUNNING') });

it('repeats a start whose answer was lost with the same key, and starts the next one with another', async () => {
  const reporter = create();
  const answers = ['refuse' as const, started(), started()];
  world.script = () => answers.shift() ?? 'refuse';
  const first = reporter.startIngestion({ ingestionId: 'nightly' });
  await world.pass(2_000);
  await first;
  await reporter.startIngestion({ ingestionId: 'nightly' });
  const keys = world.heard.map(({ input }) => input['attemptKey']);
  expect(keys[1]).toBe(keys[0]);
  expect(keys[2]).not.toBe(keys[0]);
});

it('rejects a start that the server knows to have ended', async () => {
  world.script = () => taken({ lastSequence: 9, progress: state('COMPLETED') });
  await expect(create().startIngestion({ attemptKey: 'mine' })).rejects.toMatchObject({ code: 'CONFLICT' });
});

it.each([
  ['the ingestion runs', state('RUNNING')],
  ['it ended otherwise', state('CANCELLED')],
  ['another attempt ended', state('COMPLETED', 2)],
])('rejects an ending that was not taken: %s', async (_why, progress) => {
  world.script = () => started();
  const run = await create().startIngestion();
  world.script = ({ mutation }) => (mutation === 'startIngestion' ? started() : unchanged(progress));
  await expect(run.emitComplete({})).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(run.signal.aborted).toBe(true);
  await expect(run.flush()).rejects.toMatchObject({ code: 'CONFLICT' });
});

it.each([
  ['complete', 'COMPLETED'],
  ['error', 'FAILED'],
  ['cancelled', 'CANCELLED'],
] as const)('takes an ending that was stored already for its own: %s', async (ending, status) => {
  world.script = () => started();
  const run = await create().startIngestion();
  world.script = () => unchanged(state(status));
  const endings = {
    complete: () => run.emitComplete({}),
    error: () => run.emitError(1, { errorCode: 'X', message: 'x', recoverable: false }),
    cancelled: () => run.confirmCancelled(),
  };
  await endings[ending]();
  expect(world.heard).toHaveLength(2);
  expect(rejected).toEqual([]);
});

it('says a report again above the sequence of another worker that has the same key', async () => {
  world.script = () => started();
  const run = await create().startIngestion({ attemptKey: 'shared' });
  world.script = ({ mutation, input }) =>
    mutation === 'startIngestion'
      ? started(70)
      : Number(input['sequence']) > 70
        ? taken({ accepted: true, progress: state('RUNNING') })
        : unchanged(state('RUNNING'));
  run.emitProgressUpdate(1, 10);
  await run.emitComplete({});
  expect(world.heard.map(({ input }) => input['sequence'])).toEqual([undefined, 1, undefined, 71, 72]);
});

it('stops once it was taken over, with one word', async () => {
  world.script = () => started();
  const run = await create().startIngestion();
  world.script = () => refused('CONFLICT', 'Taken over by attempt 2; stop.');
  run.emitProgressUpdate(1, 10);
  await world.settle();
  for (let step = 11; step < 50; step += 1) run.emitProgressUpdate(1, step);
  expect(run.signal.aborted).toBe(true);
  expect(run.cancelRequested).toBe(false);
  expect(rejected).toHaveLength(1);
  expect(world.heard).toHaveLength(2);
});
