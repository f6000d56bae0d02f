/** A reporter keeps what its server may not have stored, and sends it again to one that knows less. (invariant: kept-at-stop) */
import { beforeEach, expect, it } from 'vitest';
import { createReporter, type Reporter, type ReporterError } from '../../../server/reporter/index.js';
import { createWorld, refused, taken, type World } from './scripted-server.js';

let world: World;
let reporter: Reporter;
let rejected: ReporterError[];
let state: { revision: number; currentPhase: number; stored: number };

const answer = () => {
  const { revision, currentPhase, stored } = state;
  const progress = { revision, currentPhase, status: 'RUNNING', attempt: 1, error: null };
  return taken({ accepted: true, storedRevision: stored, lastSequence: null, progress });
};

beforeEach(() => {
  world = createWorld();
  world.script = answer;
  rejected = [];
  state = { revision: 100, currentPhase: 0, stored: 100 };
  reporter = createReporter({
    endpoint: 'http://server.test/graphql',
    projectId: 'p1',
    token: 't',
    environment: world.environment,
    quiet: true,
    onRejected: (error) => rejected.push(error),
  });
});

/** Reports two phases, of which the server stores what `stored` says. */
async function reportTwoPhases(stored: number): Promise<void> {
  const run = await reporter.startIngestion({ staleAfterMs: 40_000 });
  state = { ...state, revision: 110, currentPhase: 1 };
  await run.emitPhaseStarted(1, 'Reading');
  run.emitProgressUpdate(1, 30, { itemsProcessed: 3, itemsTotal: 9 });
  await world.pass(600);
  run.emitProgressUpdate(1, 60, { itemsProcessed: 6 });
  await world.pass(600);
  state = { revision: 120, currentPhase: 2, stored };
  await run.emitPhaseStarted(2, 'Parsing');
  await world.pass(600);
}

const since = (from: number) =>
  world.heard.slice(from).map(({ mutation, input }) => [mutation, input['phase'], input['progressPercent']]);

it('sends the last of each phase again, merged and in order, once a sign of life meets a server behind', async () => {
  await reportTwoPhases(100);
  const before = world.heard.length;
  const last = world.heard.at(-1)?.input['sequence'] as number;
  state = { revision: 100, currentPhase: 0, stored: 100 };
  await world.pass(11_000);
  expect(since(before)).toEqual([
    ['reportHeartbeat', undefined, undefined],
    ['reportPhaseStarted', 1, undefined],
    ['reportProgress', 1, 60],
    ['reportPhaseStarted', 2, undefined],
  ]);
  const repeated = world.heard.slice(before + 1).map(({ input }) => input);
  expect(repeated[1]).toMatchObject({ metrics: { itemsProcessed: 6, itemsTotal: 9 } });
  expect(repeated.map((input) => input['sequence'])).toEqual([last + 1, last + 2, last + 3]);
  expect(rejected).toEqual([]);
});

it('keeps nothing that the server has stored', async () => {
  await reportTwoPhases(115);
  const before = world.heard.length;
  state = { revision: 116, currentPhase: 1, stored: 116 };
  await world.pass(11_000);
  expect(since(before)).toEqual([
    ['reportHeartbeat', undefined, undefined],
    ['reportPhaseStarted', 2, undefined],
  ]);
});

it('repeats at most every 5 s, and lets a conflict pass that says that nothing was lost', async () => {
  await reportTwoPhases(100);
  const run = reporter;
  const before = world.heard.length;
  let isOld = false;
  world.script = ({ mutation, input }) => {
    if (mutation === 'reportPhaseStarted') return refused('CONFLICT');
    isOld = !isOld;
    state = { revision: isOld ? 90 : 130, currentPhase: 1, stored: 0 };
    expect(input['ingestionId']).toBeDefined();
    return answer();
  };
  for (let step = 0; step < 8; step += 1) {
    run.emitProgressUpdate(2, step);
    await world.pass(500);
  }
  const updates = world.heard.slice(before).filter(({ input }) => input['phase'] === 1);
  expect(updates.filter(({ mutation }) => mutation === 'reportProgress')).toHaveLength(1);
  expect(rejected).toEqual([]);
});
