/** What a call that is merged away allocates, so that a job may call for every item. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { createOurEmitter } from '../../bench/emitters/ingestion-progress.js';

const CALLS = 20_000;
/** A percent that is not a whole number is an object of 16 bytes to V8; nothing else may be. */
const MOST_BYTES = 32;

it('a merged update allocates nothing but its own numbers', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const emitter = createOurEmitter();
  await emitter.open();
  let next = 1;
  const bytes: number[] = [];
  // The least of some rounds: until V8 has compiled the path it allocates for its own sake.
  for (let round = 0; round < 10; round += 1) {
    collect();
    const before = process.memoryUsage().heapUsed;
    await emitter.report(CALLS, next);
    bytes.push((process.memoryUsage().heapUsed - before) / CALLS);
    next += CALLS;
  }
  expect(Math.min(...bytes.filter((value) => value >= 0))).toBeLessThan(MOST_BYTES);
});
