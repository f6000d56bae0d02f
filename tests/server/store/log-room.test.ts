/** Logs are counted when they may be full, and not after every entry. */
import { expect, it } from 'vitest';
import { createLogRoom } from '../../../server/store/log-room.js';

const entry = (ingestionId: string) => ({ projectId: 'p', ingestionId });
const entries = (count: number) => Array.from({ length: count }, () => entry('i'));

it('counts a log that it does not know, once for all its entries', () => {
  expect(createLogRoom(500).take([...entries(3), entry('j')])).toEqual([entry('i'), entry('j')]);
});

it('counts again after a tenth of what a log may hold, since other servers may write to it too', () => {
  const room = createLogRoom(500);
  room.note('p', 'i', 480);
  expect(room.take(entries(50))).toEqual([]);
  expect(room.take(entries(1))).toEqual([entry('i')]);
});

it('counts again as soon as a log may be past its bound', () => {
  const room = createLogRoom(500);
  room.note('p', 'i', 3);
  expect(room.take(entries(3))).toEqual([]);
  expect(room.take(entries(1))).toEqual([entry('i')]);
  room.note('p', 'i', -1);
  expect(room.take(entries(1))).toEqual([entry('i')]);
});

it('forgets the log that was counted longest ago rather than growing', () => {
  const room = createLogRoom(500);
  for (let number = 0; number <= 10_000; number += 1) room.note('p', `i${number}`, 500);
  expect(room.take([entry('i0')])).toEqual([entry('i0')]);
  expect(room.take([entry('i10000')])).toEqual([]);
});
