/** Logs are counted when they may be full, and not after every entry. */
import { expect, it } from 'vitest';
import { createTrimSchedule } from '../../../server/store/log-trimming.js';

const entry = (ingestionId: string) => ({ projectId: 'p', ingestionId });
const entries = (count: number) => Array.from({ length: count }, () => entry('i'));

it('counts a log that it does not know, once for all its entries', () => {
  expect(createTrimSchedule(500).recordInserted([...entries(3), entry('j')])).toEqual([
    entry('i'),
    entry('j'),
  ]);
});

it('counts again after a tenth of what a log may hold, since other servers may write to it too', () => {
  const schedule = createTrimSchedule(500);
  schedule.recordRoom('p', 'i', 480);
  expect(schedule.recordInserted(entries(50))).toEqual([]);
  expect(schedule.recordInserted(entries(1))).toEqual([entry('i')]);
});

it('counts again as soon as a log may be past its bound', () => {
  const schedule = createTrimSchedule(500);
  schedule.recordRoom('p', 'i', 3);
  expect(schedule.recordInserted(entries(3))).toEqual([]);
  expect(schedule.recordInserted(entries(1))).toEqual([entry('i')]);
  schedule.recordRoom('p', 'i', -1);
  expect(schedule.recordInserted(entries(1))).toEqual([entry('i')]);
});

it('forgets the log that was counted longest ago rather than growing', () => {
  const schedule = createTrimSchedule(500);
  for (let number = 0; number <= 10_000; number += 1) schedule.recordRoom('p', `i${number}`, 500);
  expect(schedule.recordInserted([entry('i0')])).toEqual([entry('i0')]);
  expect(schedule.recordInserted([entry('i10000')])).toEqual([]);
});
