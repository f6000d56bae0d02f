/** The small tools that every room of the server shares. */
import { describe, expect, it } from 'vitest';
import { backoffDelayMs } from '../../../server/shared/backoff.js';
import { createBoundedMap } from '../../../server/shared/bounded-map.js';
import { createSingleFlight } from '../../../server/shared/single-flight.js';
import { sleep, withTimeout } from '../../../server/shared/sleep.js';
import { createManualClock } from '../../support/manual-clock.js';

describe('sleep', () => {
  it('resolves when the time is over, and not before', async () => {
    const clock = createManualClock();
    let isDone = false;
    const sleeping = sleep(clock, 100).then(() => (isDone = true));
    await clock.advance(99);
    expect(isDone).toBe(false);
    await clock.advance(1);
    await sleeping;
    expect(isDone).toBe(true);
  });

  it('resolves at once when its signal is aborted, before or meanwhile', async () => {
    const clock = createManualClock();
    const controller = new AbortController();
    const sleeping = sleep(clock, 100, controller.signal);
    controller.abort();
    await sleeping;
    await sleep(clock, 100, controller.signal);
  });
});

describe('withTimeout', () => {
  it('gives the task’s own outcome if that comes in time', async () => {
    const clock = createManualClock();
    await expect(withTimeout(clock, Promise.resolve(7), 100, () => new Error('late'))).resolves.toBe(7);
    const failing = Promise.reject(new Error('its own'));
    await expect(withTimeout(clock, failing, 100, () => new Error('late'))).rejects.toThrow('its own');
  });

  it('rejects with the error it was given once the time is over', async () => {
    const clock = createManualClock();
    const never = new Promise<never>(() => undefined);
    const outcome = withTimeout(clock, never, 100, () => new Error('late')).catch(
      (error: Error) => error.message,
    );
    await clock.advance(100);
    expect(await outcome).toBe('late');
  });
});

describe('backoffDelayMs', () => {
  it('doubles from the least to the most', () => {
    const delays = [0, 1, 2, 3, 4, 5, 1_000].map((failures) =>
      backoffDelayMs({ minMs: 100, maxMs: 1_000 }, failures),
    );
    expect(delays).toEqual([0, 100, 200, 400, 800, 1_000, 1_000]);
  });

  it('varies by its jitter and no more', () => {
    const options = { minMs: 100, maxMs: 1_000, jitter: 0.25 };
    expect(backoffDelayMs(options, 1, 0)).toBe(75);
    expect(backoffDelayMs(options, 1, 1)).toBe(125);
  });
});

describe('createSingleFlight', () => {
  it('shares one task among all who ask while it runs, and starts anew afterwards', async () => {
    const group = createSingleFlight<number>();
    let runs = 0;
    const task = () => Promise.resolve((runs += 1));
    expect(await Promise.all([group.run('a', task), group.run('a', task), group.run('b', task)])).toEqual([
      1, 1, 2,
    ]);
    expect(group.size).toBe(0);
    expect(await group.run('a', task)).toBe(3);
  });

  it('does not remember a rejection', async () => {
    const group = createSingleFlight<number>();
    await expect(group.run('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await group.run('a', () => Promise.resolve(1))).toBe(1);
  });
});

describe('createBoundedMap', () => {
  it('evicts the least recently used entry when it holds too many', () => {
    const evicted: string[] = [];
    const map = createBoundedMap<number>({ maxEntries: 2, onEvict: (_, key) => evicted.push(key) });
    map.set('a', 1);
    map.set('b', 2);
    map.get('a');
    map.set('c', 3);
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3]);
    expect(evicted).toEqual(['b']);
  });

  it('never holds more bytes than it may, and refuses an entry that is larger than that', () => {
    const map = createBoundedMap<string>({ maxEntries: 100, maxBytes: 10, sizeOf: (value) => value.length });
    map.set('a', '123456');
    map.set('b', '123456');
    expect([map.bytes, map.has('a'), map.has('b')]).toEqual([6, false, true]);
    map.set('c', '12345678901');
    expect(map.has('c')).toBe(false);
    expect(map.bytes).toBeLessThanOrEqual(10);
  });

  it('forgets an entry when its time is over', async () => {
    const clock = createManualClock();
    const map = createBoundedMap<number>({ maxEntries: 10, ttlMs: 100, clock });
    map.set('a', 1);
    await clock.advance(99);
    expect(map.get('a')).toBe(1);
    await clock.advance(1);
    expect(map.get('a')).toBeUndefined();
  });
});
