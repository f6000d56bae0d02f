/**
 * The chaos suite: for each seed, an environment with the faults that the seed draws, and a check of everything in it.
 * `npm run test:chaos -- [--seeds 5] [--first 1] [--parallel 2]`; repeat a failed seed with `--seeds 1 --first SEED`. The
 * servers' logs are in tests/artifacts/chaos.
 */
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { drawSchedule, type Schedule } from './schedule.js';
import { findViolations } from './violations.js';
import { createWorld, PROJECTS, type World } from './world.js';

const ARTIFACTS = fileURLToPath(new URL('../artifacts/chaos', import.meta.url));

/** Upper bound of the time added to the 15 s for convergence, in milliseconds. */
const MAX_SLACK_MS = 15_000;

/** The outcome of a seed. */
interface Outcome {
  readonly schedule: Schedule;
  readonly watchers: number;
  readonly endings: number;
  readonly violations: readonly string[];
}

/** Resolves with how much longer the faults took than drawn, in milliseconds: a busy machine starts servers slowly. */
async function injectAll(world: World, schedule: Schedule): Promise<number> {
  const startedAt = performance.now();
  const results = await Promise.allSettled(
    schedule.faults.map(async (fault) => {
      await delay(fault.atMs);
      await world.inject(fault);
    }),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  const drawnMs = Math.max(...schedule.faults.map(({ atMs, forMs }) => atMs + forMs));
  return Math.max(0, performance.now() - startedAt - drawnMs);
}

async function finishJob(world: World, schedule: Schedule, withinMs: number): Promise<readonly string[]> {
  if (schedule.finale === 'dead') {
    await world.job.kill();
    return [];
  }
  // No fault is left: a job that can't finish now is a violation.
  const late = delay(withinMs).then(() => [`the job did not ${schedule.finale} within ${withinMs} ms`]);
  return Promise.race([late, world.job.send(schedule.finale).then(() => [])]);
}

async function runSeed(seed: number): Promise<Outcome> {
  const schedule = drawSchedule(seed);
  const logs = `${ARTIFACTS}/seed-${seed}`;
  rmSync(logs, { recursive: true, force: true });
  let world: World | null = null;
  try {
    world = await createWorld(schedule, logs);
    world.job.start(world.jobEndpoint);
    // After a longer outage clients return later: the next attempt is at most as far away as the outage was long, plus
    // 25% jitter. On an idle machine this is the start time of a server, about 2 s.
    const slackMs = Math.min(MAX_SLACK_MS, 1.25 * (await injectAll(world, schedule)));
    const stuck = await finishJob(world, schedule, 45_000 + slackMs);
    const violations = [...stuck, ...(await findViolations(world, slackMs))];
    const { job, watchers } = world;
    const endings = PROJECTS.reduce((total, projectId) => total + job.recordOf(projectId).endings.length, 0);
    return { schedule, watchers: watchers.length, endings, violations };
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { schedule, watchers: 0, endings: 0, violations: [`the run itself failed: ${what}`] };
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
    console.log(`  repeat: npm run test:chaos -- --seeds 1 --first ${schedule.seed}`);
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
  console.error('--seeds, --first and --parallel must be integers above 0.');
  process.exit(2);
}

const unhandled: string[] = [];
process.on('unhandledRejection', (reason) => {
  unhandled.push(reason instanceof Error ? (reason.stack ?? reason.message) : JSON.stringify(reason));
});

const outcomes: Outcome[] = [];
const queue = Array.from({ length: seeds ?? 0 }, (_, index) => (first ?? 1) + index);
const startedAt = performance.now();
await Promise.all(
  Array.from({ length: parallel ?? 1 }, async () => {
    for (let seed = queue.shift(); seed !== undefined; seed = queue.shift()) {
      const seedStartedAt = performance.now();
      const outcome = await runSeed(seed);
      outcomes.push(outcome);
      report(outcome, ((performance.now() - seedStartedAt) / 1_000).toFixed(1));
    }
  }),
);
const sum = (count: (outcome: Outcome) => number) =>
  outcomes.reduce((total, outcome) => total + count(outcome), 0);
for (const what of unhandled) console.log(`unhandled rejection in the watchers' process: ${what}`);
const violations = unhandled.length + sum((outcome) => outcome.violations.length);
console.log(
  `${seeds} seeds, ${sum((outcome) => outcome.watchers)} watchers, ` +
    `${sum((outcome) => outcome.schedule.faults.length)} faults, ${violations} violations, ` +
    `${sum((outcome) => outcome.endings)} acknowledged endings, ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`,
);
process.exit(violations === 0 ? 0 : 1);
