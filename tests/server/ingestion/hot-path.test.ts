import { expect, test } from 'vitest';
import { startHarness } from './harness.js';

const CALLS = 50_000;

async function running() {
  const harness = await startHarness();
  await harness.emitter.emitPhaseStarted('p', 1, 'Reading');
  const metrics = { itemsProcessed: 0, itemsTotal: 1_000_000_000, bytesProcessed: 0 };
  const burst = () => {
    for (let index = 0; index < CALLS; index += 1) {
      metrics.itemsProcessed = index;
      // Whole numbers: a fraction would be boxed by the caller already.
      harness.emitter.emitProgressUpdate('p', 1, index % 101, metrics);
    }
  };
  return { ...harness, burst };
}

test('an update that is merged away allocates nothing', async () => {
  const { burst } = await running();
  for (let round = 0; round < 5; round += 1) burst();
  // A collection in between makes one round look cheaper and another dearer; the cheapest positive one tells.
  const bytes: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    const before = process.memoryUsage().heapUsed;
    burst();
    bytes.push(Math.max(0, process.memoryUsage().heapUsed - before));
  }
  const median = bytes.sort((a, b) => a - b)[4] ?? Infinity;
  expect(median / CALLS).toBeLessThan(4);
});

test('an update that is merged away sets no timer and asks no clock', async () => {
  const { burst, clock } = await running();
  burst();
  const timers = clock.timers;
  let asked = 0;
  const monotonicNow = clock.monotonicNow.bind(clock);
  clock.monotonicNow = () => {
    asked += 1;
    return monotonicNow();
  };
  burst();
  expect(clock.timers).toBe(timers);
  expect(asked).toBe(0);
});
