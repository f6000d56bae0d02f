/** How often a job can report: calls per second on one core, and the bytes that a call allocates. */
import { EMITTERS, type EmitterName } from '../emitters/emitter.js';
import type { EmitCalls } from '../emit-process.js';
import { startChild, type Child } from '../harness/child.js';
import { startRedis } from '../harness/redis.js';
import { ratioOf, spreadOf } from '../harness/statistics.js';
import { withVerdict } from '../result.js';
import type { Scenario } from './scenario.js';

const SETTING = 'one job that reports each item, reusing an object';

/** A young generation that holds all allocations, so that nothing is collected while they are counted. */
const FLAGS = ['--max-semi-space-size=256', '--min-semi-space-size=256'];

/** Calls between two turns of the event loop, so that a turn takes some milliseconds with each subject. */
const BATCH: Readonly<Record<EmitterName, number>> = {
  'ingestion-progress': 10_000,
  'zod alone': 5_000,
  BullMQ: 400,
};

/** The bench `emit`. */
export const emit: Scenario = async ({ quick, log }) => {
  const redis = await startRedis();
  const children: { readonly name: EmitterName; readonly child: Child<EmitCalls> }[] = [];
  const rates = new Map<EmitterName, number[]>(EMITTERS.map((name) => [name, []]));
  const bytes = new Map<EmitterName, number[]>(EMITTERS.map((name) => [name, []]));
  try {
    for (const name of EMITTERS) {
      const child = await startChild<EmitCalls>('emit-process.ts', [name], { flags: FLAGS });
      children.push({ name, child });
      await child.call('open', { redisPort: redis.port });
      await child.call('rate', { durationMs: 1_000, batch: BATCH[name] });
    }
    for (let round = 0; round < (quick ? 2 : 5); round += 1) {
      for (const { name, child } of children) {
        const rate = await child.call('rate', { durationMs: 2_000, batch: BATCH[name] });
        const allocated = await child.call('allocated', { calls: name === 'BullMQ' ? 2_000 : 50_000 });
        rates.get(name)?.push(rate);
        if (allocated !== null) bytes.get(name)?.push(allocated);
        if (!(await child.call('isLastReportStored'))) throw new Error(`${name} lost the last report.`);
        log(
          `${name}: ${Math.round(rate).toLocaleString('en')} per second, ${allocated?.toFixed(1) ?? '?'} bytes per call`,
        );
      }
    }
  } finally {
    await Promise.all(children.map(({ child }) => child.end()));
    await redis.end();
  }
  const of = (name: EmitterName) => rates.get(name) ?? [];
  return {
    units: { rate: 'calls per second', bytes: 'bytes allocated per call' },
    rows: EMITTERS.map((name) => ({
      setting: SETTING,
      subject: name,
      figures: { rate: spreadOf(of(name)), bytes: spreadOf(bytes.get(name) ?? []) },
    })),
    goals: [
      withVerdict({
        setting: SETTING,
        goal: 'calls per second',
        measured: spreadOf(of('ingestion-progress')).median,
        bound: 1_000_000,
        sense: 'at least',
      }),
      withVerdict({
        setting: SETTING,
        goal: 'calls relative to BullMQ',
        measured: ratioOf(of('ingestion-progress'), of('BullMQ')),
        bound: 100,
        sense: 'at least',
      }),
    ],
    notes: [
      'Bytes per call include what the calling loop itself allocates (V8 allocates 16 bytes for a percent that is not an integer) and the two events per second that are sent.',
      "After each repetition the last report was read back from the server's state or from Redis.",
    ],
  };
};
