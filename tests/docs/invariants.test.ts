/** Each invariant is defined, cited in the code and tests that the page links to, and tested. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { PAGE, parseInvariants, readCitations } from './invariants.js';

const invariants = parseInvariants(readFileSync(PAGE, 'utf8'));
const citations = readCitations();

describe('an invariant', () => {
  test('has a name of its own, a promise, code and tests', () => {
    expect(invariants.length).toBeGreaterThan(10);
    expect(new Set(invariants.map(({ name }) => name)).size).toBe(invariants.length);
    for (const { name, promise, code, tests } of invariants) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)+$/);
      expect(promise, name).not.toBe('');
      expect(code.length, name).toBeGreaterThan(0);
      expect(tests.length, name).toBeGreaterThan(0);
    }
  });

  test('is cited by every file that the page links to, code and tests alike', () => {
    const silent = invariants.flatMap(({ name, code, tests }) =>
      [...code, ...tests]
        .filter((path) => citations.get(name)?.has(path) !== true)
        .map((path) => `${path}: (invariant: ${name})`),
    );
    expect(silent).toEqual([]);
  });

  test('is cited only by a name that the page defines', () => {
    const defined = new Set(invariants.map(({ name }) => name));
    expect([...citations].filter(([name]) => !defined.has(name))).toEqual([]);
  });
});
