/**
 * The fault suite: for each seed a world in which things go wrong as the seed says, and a verdict over everybody in it.
 * `tsx --conditions=source tests/chaos/run.ts [--seeds 5] [--first 1] [--parallel 2]`; a seed that failed repeats with `--seeds 1
 * --first SEED`. What the servers said is kept under tests/artifacts/faults.
 */
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { drawSchedule, type Schedule } from './schedule.js';
import { judge } from './verdict.js';
import { createWorld, PROJECTS, type World } from './world.js';

const ARTIFACTS = fileURLToPath(new URL('../artifacts/faults', import.meta.url));

/** Most that is added to the 15 s, in milliseconds. */
const MOST_SLACK_MS = 15_000;

/** What became of a seed. */
interface Outcome {
  readonly schedule: Schedule;
  readonly watchers: number;
  readonly endings: number;
  readonly violations: readonly string[];
}

/** Resolves with how much longer it took than was drawn, in milliseconds: a busy machine starts servers slowly. */
async function sufferAll(world: World, schedule: Schedule): Promise<number> {
  const beganAt = performance.now();
  const suffered = await Promise.allSettled(
    schedule.faults.map(async (fault) => {
      await delay(fault.atMs);
      await world.suffer(fault);
    }),
  );
  for (const fault of suffered) if (fault.status === 'rejected') throw fault.reason;
  const drawnMs = Math.max(...schedule.faults.map(({ atMs, forMs }) => atMs + forMs));
  return Math.max(0, performance.now() - beganAt - drawnMs);
}

async function bringToEnd(world: World, schedule: Schedule, withinMs: number): Promise<readonly string[]> {
  if (schedule.finale === 'dead') {
    await world.job.kill();
    return [];
  }
  // Nothing is wrong any more: a job that still cannot say its last word is a violation.
  const late = delay(withinMs).then(() => [`the job could not ${schedule.finale} within ${withinMs} ms`]);
  return Promise.race([late, world.job.order(schedule.finale).then(() => [])]);
}

async function runSeed(seed: number): Promise<Outcome> {
  const schedule = drawSchedule(seed);
  const logs = `${ARTIFACTS}/seed-${seed}`;
  rmSync(logs, { recursive: true, force: true });
  let world: World | null = null;
  try {
    world = await createWorld(schedule, logs);
    world.job.start(world.jobEndpoint);
    // Who was kept waiting longer comes back later: a client's next try is as far away as its outage was long, and a
    // quarter more at most (jitter). On a quiet machine that is the start of a server, some 2 s.
    const slackMs = Math.min(MOST_SLACK_MS, 1.25 * (await sufferAll(world, schedule)));
    const stuck = await bringToEnd(world, schedule, 45_000 + slackMs);
    const violations = [...stuck, ...(await judge(world, slackMs))];
    const { job, watchers } = world;
    const endings = PROJECTS.reduce((total, projectId) => total + job.of(projectId).endings.length, 0);
    return { schedule, watchers: watchers.length, endings, violations };
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { schedule, watchers: 0, endings: 0, violations: [`the run itself broke: ${what}`] };
  } finally {
    await world?.dispose();
  }
}

function describe({ seed, servers, hasRedis, faults, finale }: Schedule): string {
  const list = faults.map((fault) => `${fault.kind} ${fault.server} at ${fault.atMs} for ${fault.forMs} ms`);
  const bus = hasRedis ? 'Redis' : 'no Redis';
  return `seed ${seed}, ${servers} server(s), ${bus}, ${finale}: ${list.join('; ')}`;
}

function report({ schedule, endings, violations }: Outcome, seconds: string): void {
  const verdict = violations.length === 0 ? 'ok' : 'VIOLATED';
  console.log(`${verdict} ${seconds} s, ${endings} endings, ${describe(schedule)}`);
  for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`);
  if (violations.length > 20) console.log(`  and ${violations.length - 20} more`);
  if (violations.length > 0)
    console.log(`  again: npm run test:faults -- --seeds 1 --first ${schedule.seed}`);
}

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5' },
    first: { type: 'string', default: '1' },
    parallel: { type: 'string', default: '2' },
  },
});
const [seeds, first, parallel] = [values.seeds, values.first, values.parallel].map(Number);
if (![seeds, first, parallel].every((value) => Number.isSafeInteger(value) && (value ?? 0) > 0)) {
  console.error('--seeds, --first and --parallel are whole numbers above 0.');
  process.exit(2);
}

const escaped: string[] = [];
process.on('unhandledRejection', (reason) => {
  escaped.push(reason instanceof Error ? (reason.stack ?? reason.message) : JSON.stringify(reason));
});

const outcomes: Outcome[] = [];
const waiting = Array.from({ length: seeds ?? 0 }, (_, index) => (first ?? 1) + index);
const beganAt = performance.now();
await Promise.all(
  Array.from({ length: parallel ?? 1 }, async () => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const seedBeganAt = performance.now();
      const outcome = await runSeed(seed);
      outcomes.push(outcome);
      report(outcome, ((performance.now() - seedBeganAt) / 1_000).toFixed(1));
    }
  }),
);
const sum = (count: (outcome: Outcome) => number) =>
  outcomes.reduce((total, outcome) => total + count(outcome), 0);
for (const what of escaped) console.log(`a rejection that nobody handled, in the watchers' process: ${what}`);
const violations = escaped.length + sum((outcome) => outcome.violations.length);
console.log(
  `${seeds} seeds, ${sum((outcome) => outcome.watchers)} watchers, ` +
    `${sum((outcome) => outcome.schedule.faults.length)} faults, ${violations} violations, ` +
    `${sum((outcome) => outcome.endings)} acknowledged endings, ${((performance.now() - beganAt) / 1_000).toFixed(0)} s`,
);
process.exit(violations === 0 ? 0 : 1);
