/** A merged update allocates almost nothing, so a job may report every item. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { createOurEmitter } from '../../bench/emitters/ingestion-progress.js';

const CALLS = 20_000;
/** V8 allocates 16 bytes for a percent that is not an integer; nothing else may be allocated. */
const MAX_BYTES = 32;

it('a merged update allocates nothing but its own numbers', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const emitter = createOurEmitter();
  await emitter.open();
  let next = 1;
  const bytes: number[] = [];
  // The minimum of several rounds: V8 allocates for itself until it has compiled the path.
  for (let round = 0; round < 10; round += 1) {
    collect();
    const before = process.memoryUsage().heapUsed;
    await emitter.report(CALLS, next);
    bytes.push((process.memoryUsage().heapUsed - before) / CALLS);
    next += CALLS;
  }
  expect(Math.min(...bytes.filter((value) => value >= 0))).toBeLessThan(MAX_BYTES);
});
