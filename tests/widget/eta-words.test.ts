import { expect, test } from 'vitest';
import { countedDown, etaSeconds, etaWords, type EtaWords } from '../../widget/element/eta-words.js';

/** An estimate with its range `half` on either side, as a ratio. */
const estimate = (seconds: number, half = 1) => ({
  seconds,
  lowSeconds: seconds / half,
  highSeconds: seconds * half,
});
const DAY = 86_400;

test('a sure estimate is one round number', () => {
  expect(etaWords(estimate(3))).toEqual({ kind: 'moments' });
  expect(etaWords(estimate(23))).toEqual({ kind: 'about', unit: 'second', value: 25 });
  expect(etaWords(estimate(250))).toEqual({ kind: 'about', unit: 'minute', value: 4 });
  expect(etaWords(estimate(3_500))).toEqual({ kind: 'about', unit: 'hour', value: 1 });
  expect(etaWords(estimate(7_000))).toEqual({ kind: 'about', unit: 'hour', value: 2 });
  expect(etaWords(estimate(3.4 * DAY))).toEqual({ kind: 'about', unit: 'day', value: 3 });
  expect(etaWords(estimate(1_000 * DAY))).toEqual({ kind: 'about', unit: 'day', value: 1_000 });
});

test('an unsure one is a range in one unit', () => {
  expect(etaWords(estimate(2.83 * 3_600, Math.SQRT2))).toEqual({
    kind: 'range',
    unit: 'hour',
    from: 2,
    to: 4,
  });
  expect(etaWords(estimate(245, 1.25))).toEqual({ kind: 'range', unit: 'minute', from: 3, to: 5 });
});

test('words are never further off than a third, and a range is at most 1:2', () => {
  for (let seconds = 10; seconds < 300 * DAY; seconds *= 1.003) {
    for (const half of [1, 1.1, 1.2, 1.3, Math.SQRT2]) {
      const words = etaWords(estimate(seconds, half));
      const ratio = etaSeconds(words) / seconds;
      expect(Math.abs(Math.log(ratio)), `${seconds} s: ${JSON.stringify(words)}`).toBeLessThan(0.3);
      if (words.kind === 'range') expect(words.to / words.from).toBeLessThanOrEqual(2);
    }
  }
});

test('what is said stays while it is right', () => {
  const said: EtaWords = { kind: 'about', unit: 'minute', value: 5 };
  expect(etaWords(estimate(275), said)).toBe(said);
  expect(etaWords(estimate(250), said)).toEqual({ kind: 'about', unit: 'minute', value: 4 });
  expect(etaWords(estimate(290, Math.SQRT2), said).kind).toBe('range');
});

test('an estimate is counted down while nothing is heard, to no less than its half', () => {
  expect(countedDown(estimate(100, 1.2), 30_000).seconds).toBe(70);
  expect(countedDown(estimate(100), 3_600_000).seconds).toBe(50);
  const { lowSeconds, highSeconds } = countedDown(estimate(100, 1.2), 30_000);
  expect(highSeconds / lowSeconds).toBeCloseTo(1.44, 6);
});
