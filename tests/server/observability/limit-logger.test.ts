/** What clients can make the log say: a line for each offender and minute, short and readable. */
import { expect, it } from 'vitest';
import { createLimitLogger } from '../../../server/observability/limit-logger.js';
import { logText } from '../../../server/observability/log-text.js';
import { silentLogger } from '../../../server/observability/logger.js';
import { createManualClock } from '../../support/manual-clock.js';

function setUp() {
  const clock = createManualClock();
  const lines: object[] = [];
  const warn = (fields: object, message: string) => void lines.push({ ...fields, message });
  return { clock, lines, limitLogger: createLimitLogger({ ...silentLogger, warn }, clock) };
}

it('a line is written at once, those like it are counted, and the count is written when the minute is over', async () => {
  const { clock, lines, limitLogger } = setUp();
  for (let times = 0; times < 500; times += 1)
    limitLogger.log('warn', 'mallory', { from: 'here', times }, 'refused');
  limitLogger.log('warn', 'anna', { from: 'there' }, 'refused');
  expect(lines).toEqual([
    { from: 'here', times: 0, message: 'refused' },
    { from: 'there', message: 'refused' },
  ]);
  await clock.advance(60_000);
  expect(lines.slice(2)).toEqual([{ from: 'here', times: 0, count: 499, message: 'refused' }]);
  expect(clock.timers).toBe(0);
  limitLogger.log('warn', 'mallory', { from: 'here', times: 500 }, 'refused');
  expect(lines).toHaveLength(4);
  limitLogger.flush();
  expect(clock.timers).toBe(0);
});

it('ever new offenders write 500 lines a minute, and one that counts the rest', async () => {
  const { clock, lines, limitLogger } = setUp();
  for (let offender = 0; offender < 10_000; offender += 1)
    limitLogger.log('warn', String(offender), {}, 'refused');
  await clock.advance(60_000);
  expect(lines).toHaveLength(501);
  expect(lines.at(-1)).toMatchObject({ count: 9_500 });
});

it('what a client chose is cut, and has neither control characters nor halves of characters', () => {
  const { lines, limitLogger } = setUp();
  const origin = `a\u202eb\u0007c\u009bd\u2066e\n\ud83d${'x'.repeat(9_000)}`;
  limitLogger.log('warn', origin, { origin }, 'refused');
  expect(lines).toEqual([
    { origin: `a\ufffdb\ufffdc\ufffdd\ufffde\ufffd\ufffd${'x'.repeat(188)}…`, message: 'refused' },
  ]);
  expect(logText('Grüße, 世界 😀')).toBe('Grüße, 世界 😀');
});
