/** Close codes as labels: those that this server knows by name, and no time series for whatever a client makes up. */
import { expect, test } from 'vitest';
import { CLOSES, closeLabel } from '../../../server/transport/close-codes.js';

test('every code of the protocol keeps its own label', () => {
  const codes = [...Object.values(CLOSES).map(({ code }) => code), 1000, 1001, 1006, 4406, 4429];
  for (const code of codes) expect(closeLabel(code)).toBe(String(code));
});

test('all codes together are fewer than 40 labels', () => {
  const labels = new Set(Array.from({ length: 4_000 }, (_, index) => closeLabel(1_000 + index)));
  expect(labels).toContain('other');
  expect(labels.size).toBeLessThan(40);
});
