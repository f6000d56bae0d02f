/** What the verdict is made of, and what attackers may do at all. */
import { describe, expect, it, test } from 'vitest';
import { createRandom } from '../chaos/random.js';
import { FAMILIES } from './families/index.js';
import { HONEST, judgeLog, quantile } from './harness.js';

const isLoopback = (address: string) => /^127(\.\d{1,3}){3}$/.test(address);
const lines = (count: number, text: string) => Array.from({ length: count }, () => ({ at: 0, text }));

describe('a log', () => {
  it('may have 100 lines a minute about each offender, and no more', () => {
    const refused = '{"msg":"refused","from":"127.0.0.1"}';
    expect(judgeLog([...lines(100, refused), ...lines(100, '{"who":"mallory"}')], 10_000)).toEqual([]);
    expect(judgeLog(lines(101, refused), 10_000)).toEqual(['101 lines in 10 s about 127.0.0.1']);
    expect(judgeLog(lines(200, refused), 61_000)).toEqual([]);
    expect(judgeLog(lines(101, '{"msg":"a message failed"}'), 10_000)).toEqual([
      '101 lines in 10 s about nobody in particular',
    ]);
  });

  it('may have no line over 2,048 bytes, and as many as it likes about honest users', () => {
    expect(judgeLog(lines(1, 'é'.repeat(1_024)), 10_000)).toEqual([]);
    expect(judgeLog(lines(1, 'é'.repeat(1_025)), 10_000)).toHaveLength(1);
    expect(judgeLog(lines(500, '{"projectId":"honest-1"}'), 10_000)).toEqual([]);
  });
});

test('a quantile is one of the values, and infinite if too many never came', () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([], 0.99)).toBe(0);
  expect(quantile([...Array.from({ length: 98 }, () => 1), Number.POSITIVE_INFINITY, 2], 0.99)).toBe(2);
  expect(quantile([1, Number.POSITIVE_INFINITY], 0.99)).toBe(Number.POSITIVE_INFINITY);
});

test.each(FAMILIES)(
  '$name draws the same plan from the same seed, from loopback and no honest address',
  (family) => {
    const honest: readonly string[] = Object.values(HONEST);
    const used = new Set<string>();
    for (let seed = 1; seed <= 100; seed += 1) {
      const plan = family.draw(createRandom(seed)) as { readonly addresses: readonly string[] };
      expect(family.draw(createRandom(seed))).toEqual(plan);
      for (const address of plan.addresses) used.add(address);
    }
    expect(used.size).toBeGreaterThan(0);
    expect([...used].filter((address) => !isLoopback(address) || honest.includes(address))).toEqual([]);
  },
);
