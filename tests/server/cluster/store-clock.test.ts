/** Progress follows the store’s time if this machine’s clock is off, and ignores what is too small or too late. (invariant: silent-job-is-noticed) */
import { expect, test } from 'vitest';
import { createStoreClock } from '../../../server/cluster/store-clock.js';
import { createRecordedLog } from '../../support/log.js';
import { createManualClock } from '../../support/manual-clock.js';

const MINUTE = 60_000;

/** A clock over a store whose time can be set; an answer takes `tookMs`. */
function createHarness(readTime?: () => Promise<number | null>) {
  const machine = createManualClock();
  const log = createRecordedLog();
  let storeOffset = 0;
  let tookMs = 0;
  const store = {
    readTime:
      readTime ??
      (async () => {
        const storeMs = machine.now() - storeOffset + tookMs / 2;
        if (tookMs > 0) await machine.advance(tookMs);
        return storeMs;
      }),
  };
  const storeClock = createStoreClock({ store, clock: machine, logger: log.logger });
  return {
    ...{ machine, log, storeClock },
    /** How far the machine is ahead of the store, and how long the store takes to say so. */
    set: (skewMs: number, took = 0) => {
      storeOffset = skewMs;
      tookMs = took;
    },
    correction: () => machine.now() - storeClock.clock.now(),
  };
}

test.each([10 * MINUTE, -10 * MINUTE])(
  'a clock that is off by %i ms is corrected, and logged once',
  async (skew) => {
    const { machine, log, storeClock, set, correction } = createHarness();
    set(skew, 200);
    await storeClock.start();
    expect([correction(), storeClock.skewMs]).toEqual([skew, skew]);
    await machine.advance(MINUTE);
    expect(correction()).toBe(skew);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn']);
    set(0);
    await machine.advance(MINUTE);
    expect(correction()).toBe(0);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
    storeClock.dispose();
    storeClock.dispose();
    expect(machine.timers).toBe(0);
  },
);

test('small differences are shown and change nothing, so that time does not jitter', async () => {
  const { machine, log, storeClock, set, correction } = createHarness();
  set(900);
  await storeClock.start();
  expect([correction(), storeClock.skewMs]).toEqual([0, 900]);
  set(5_000);
  await machine.advance(10_000);
  set(5_500);
  await machine.advance(10_000);
  expect([correction(), storeClock.skewMs]).toEqual([5_000, 5_500]);
  expect(log.lines).toHaveLength(1);
});

test('an answer that took long, none, and a store that tells no time change nothing', async () => {
  const late = createHarness();
  late.set(MINUTE, 3_000);
  await late.storeClock.start();
  expect(late.correction()).toBe(0);
  for (const readTime of [() => Promise.resolve(null), () => Promise.reject(new Error('away'))]) {
    const { machine, storeClock, correction } = createHarness(readTime);
    await storeClock.start();
    expect([correction(), machine.timers]).toEqual([0, 1]);
  }
});
