/**
 * The short form: each family once, by a seed of its own that is newly drawn and printed. One after the other, since
 * each measures how long honest users wait. `npm run test:abuse` is the long form.
 */
import { expect, test } from 'vitest';
import { FAMILIES } from './families/index.js';
import { againBy, runTrial } from './trial.js';

test.each(FAMILIES.map(({ name }) => name))(
  '%s: the server lives, honest users notice nothing, memory comes back, and the log stays short',
  async (name) => {
    const seed = 1 + Math.floor(Math.random() * 1_000_000);
    console.log(againBy({ family: name, seed, form: 'short' }));
    const trial = await runTrial(name, seed, 'short');
    console.log(JSON.stringify(trial, null, 1));
    expect(trial.violations, `again: ${againBy(trial)}`).toEqual([]);
  },
  150_000,
);
