import type { MetricsInput } from '@ingestion-progress/schema';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeMetrics, mergePercent } from '../../../server/progress/phases.js';
import { UpdateSlots } from '../../../server/ingestion/update-buffer.js';

const absent = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const metrics: fc.Arbitrary<MetricsInput> = fc.record({
  itemsTotal: absent(fc.nat()),
  itemsProcessed: absent(fc.nat()),
  itemsFailed: absent(fc.nat()),
  bytesTotal: absent(fc.nat()),
  bytesProcessed: absent(fc.nat()),
  itemsPerSecond: absent(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true })),
  counters: absent(
    fc.array(
      fc.record({
        name: fc.constantFrom('pages', 'rows', 'chunks'),
        label: absent(fc.constantFrom('Pages', 'Rows')),
        value: fc.nat(),
        unit: absent(fc.constantFrom('pages', 'bytes')),
      }),
      { maxLength: 4 },
    ),
  ),
});
const update = fc.record({
  phase: fc.constantFrom(1, 2, 3, 4),
  percent: absent(fc.double({ min: 0, max: 100, noNaN: true })),
  metrics: absent(metrics),
});

test('merging updates and reducing the result is the same as reducing each', () => {
  fc.assert(
    fc.property(fc.array(update, { maxLength: 12 }), (given) => {
      const updates = given.toSorted((a, b) => a.phase - b.phase);
      const slots = new UpdateSlots();
      for (const each of updates) slots.put(each.phase, each.percent, each.metrics);
      const merged = new Map(slots.drain().map((each) => [each.phase, each]));
      for (const phase of [1, 2, 3, 4]) {
        const own = updates.filter((each) => each.phase === phase);
        expect(merged.has(phase)).toBe(own.length > 0);
        const percent = own.reduce<number | null>((known, each) => mergePercent(known, each.percent), null);
        expect(merged.get(phase)?.progressPercent ?? null).toBe(percent);
        const reduced = own.reduce(
          (known, each) => mergeMetrics(known, each.metrics),
          mergeMetrics(null, null),
        );
        expect(mergeMetrics(null, merged.get(phase)?.metrics)).toEqual(reduced);
      }
    }),
  );
});

test('phases come out as they came in, each with the newest of its own', () => {
  const slots = new UpdateSlots();
  slots.put(2, 10, { itemsProcessed: 1 });
  slots.put(4, 40, null);
  slots.put(2, 90, { itemsProcessed: 9 });
  slots.put(3, 30, null);
  expect(slots.drain()).toMatchObject([
    { phase: 2, progressPercent: 90, metrics: { itemsProcessed: 9 } },
    { phase: 4, progressPercent: 40 },
    { phase: 3, progressPercent: 30 },
  ]);
  slots.put(1, 5, null);
  expect(slots.drain()).toMatchObject([{ phase: 1, progressPercent: 5 }]);
});

test('a job may reuse its object', () => {
  const slots = new UpdateSlots();
  const counts = { itemsProcessed: 1, counters: [{ name: 'pages', value: 1 }] };
  slots.put(1, 10, counts);
  counts.itemsProcessed = 99;
  counts.counters[0] = { name: 'other', value: 99 };
  expect(slots.drain()).toMatchObject([
    {
      phase: 1,
      progressPercent: 10,
      metrics: { itemsProcessed: 1, counters: [{ name: 'pages', value: 1 }] },
    },
  ]);
});

test('what was taken does not come again', () => {
  const slots = new UpdateSlots();
  expect(slots.put(2, 50, { itemsProcessed: 5 })).toBe(true);
  expect(slots.put(2, 51, null)).toBe(false);
  expect(slots.drain()).toHaveLength(1);
  expect(slots.drain()).toHaveLength(0);
  slots.put(2, null, null);
  expect(slots.drain()).toEqual([{ phase: 2, progressPercent: null, metrics: null, merges: 1 }]);
});
