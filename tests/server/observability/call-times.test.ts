import { Histogram, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createCallTimes } from '../../../server/observability/call-times.js';

const BOUNDS = [0.001, 0.02, 2];
const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');

it("says of calls what prom-client's own histogram says, line by line", async () => {
  const registry = new Registry();
  const theirs = new Histogram({
    name: 'call_seconds',
    help: 'How long calls took.',
    labelNames: ['dependency', 'operation'],
    buckets: BOUNDS,
    registers: [registry],
  });
  const ours = createCallTimes('call_seconds', 'How long calls took.', BOUNDS);

  for (const [dependency, operation] of [
    ['store', 'write'],
    ['bus', 'commit'],
  ] as const) {
    for (const seconds of [0, 0.001, 0.0011, 0.02, 1.5, 2, 2.5, 60]) {
      theirs.observe({ dependency, operation }, seconds);
      ours.observe(dependency, operation, seconds);
    }
  }

  expect(linesOf(ours.render())).toEqual(linesOf(await registry.metrics()));
});

it('ends its text with a line break, also before the first call', () => {
  const text = createCallTimes('call_seconds', 'How long calls took.', BOUNDS).render();

  expect(text).toBe('# HELP call_seconds How long calls took.\n# TYPE call_seconds histogram\n');
});
