import { phaseMetricsSchema, progressUpdateReportSchema } from '@ingestion-progress/schema';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isValidMetrics, isValidUpdate } from '../../../server/ingestion/update-buffer.js';

const oddNumber = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(
    0,
    -0,
    -1,
    1.5,
    100,
    100.1,
    Number.NaN,
    Infinity,
    -Infinity,
    2 ** 53,
    Number.MAX_SAFE_INTEGER,
  ),
);
const odd = fc.oneof(
  oddNumber,
  fc.constantFrom(undefined, null, '', '5', true, [], {}, new Date(0), new Map(), Symbol.iterator, 5n),
);
const count = fc.oneof({ weight: 4, arbitrary: fc.nat() }, { weight: 1, arbitrary: odd });
const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ minLength: 1, maxLength: 90 }) },
  { weight: 1, arbitrary: odd },
);
const counter = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record(
      { name: text, label: text, value: fc.oneof(fc.double(), odd), unit: text },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: fc.record({ name: text, value: count, more: odd }) },
  { weight: 1, arbitrary: odd },
);
const counters = fc.oneof(
  { weight: 4, arbitrary: fc.array(counter, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(fc.constant({ name: 'n', value: 1 }), { minLength: 19, maxLength: 22 }) },
  { weight: 1, arbitrary: odd },
);
const metrics = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record(
      {
        itemsTotal: count,
        itemsProcessed: count,
        itemsFailed: count,
        bytesTotal: count,
        bytesProcessed: count,
        itemsPerSecond: fc.oneof(fc.double(), odd),
        counters,
      },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: fc.record({ itemsTotal: count, extra: odd }) },
  { weight: 1, arbitrary: odd },
);

test('the guard takes exactly the metrics that the schema takes', () => {
  const schema = phaseMetricsSchema.nullish();
  fc.assert(
    fc.property(metrics, (value) => {
      expect(isValidMetrics(value)).toBe(schema.safeParse(value).success);
    }),
    { numRuns: 5_000 },
  );
});

test('the guard takes exactly the updates that the schema takes', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.constantFrom(1, 2, 3, 4), odd),
      fc.oneof(fc.double({ min: 0, max: 100 }), odd),
      fc.option(metrics, { nil: undefined }),
      (phase, percent, given) => {
        const report = { projectId: 'p', ingestionId: 'i', phase, progressPercent: percent, metrics: given };
        expect(isValidUpdate(phase, percent, given)).toBe(
          progressUpdateReportSchema.safeParse(report).success,
        );
      },
    ),
    { numRuns: 5_000 },
  );
});

test('inherited fields count as the schema counts them', () => {
  const inherited = Object.create({ itemsProcessed: 5 }) as object;
  const strange = Object.create({ other: 5 }) as object;
  for (const value of [inherited, strange, Object.create(null), { itemsTotal: undefined }]) {
    expect(isValidMetrics(value)).toBe(phaseMetricsSchema.safeParse(value).success);
  }
});
