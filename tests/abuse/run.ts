/**
 * The long form: so many seeds of each family, judged by absolute figures. `npm run test:abuse -- --seeds 50 [--first 1]
 * [--family NAME] [--short]`; a seed that failed repeats with `--family NAME --seeds 1 --first SEED`.
 */
import { parseArgs } from 'node:util';
import { FAMILIES } from './families/index.js';
import { againBy, runTrial } from './trial.js';
import type { Trial } from './trial.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5' },
    first: { type: 'string', default: '1' },
    family: { type: 'string' },
    short: { type: 'boolean', default: false },
  },
});
const [seeds, first] = [Number(values.seeds), Number(values.first)];
const names = FAMILIES.map(({ name }) => name);
const chosen = values.family === undefined ? names : names.filter((name) => name === values.family);
if (![seeds, first].every((value) => Number.isSafeInteger(value) && value > 0) || chosen.length === 0) {
  console.error(`--seeds and --first are whole numbers above 0; --family is one of ${names.join(', ')}.`);
  process.exit(2);
}

function report(trial: Trial): void {
  const { family, seed, plan, tally, figures, violations } = trial;
  console.log(`${violations.length === 0 ? 'ok' : 'VIOLATED'} ${family} ${seed} ${JSON.stringify(figures)}`);
  if (violations.length === 0) return;
  console.log(`  plan: ${JSON.stringify(plan)}\n  came of it: ${JSON.stringify(tally)}`);
  for (const violation of violations) console.log(`  ${violation}`);
  console.log(`  again: ${againBy(trial)}`);
}

let failed = 0;
/** The worst of each figure, by family: what `docs/security.md` shows. */
const worst: Record<string, Record<string, number>> = {};
for (let seed = first; seed < first + seeds; seed += 1) {
  for (const name of chosen) {
    const trial = await runTrial(name, seed, values.short ? 'short' : 'long');
    report(trial);
    if (trial.violations.length > 0) failed += 1;
    const of = (worst[name] ??= {});
    for (const [figure, value] of Object.entries(trial.figures ?? {}))
      if (typeof value === 'number') of[figure] = Math.max(of[figure] ?? 0, value);
  }
}
for (const [name, figures] of Object.entries(worst))
  console.log(`worst of ${name}: ${JSON.stringify(figures)}`);
console.log(`${seeds} seeds of ${chosen.length} families, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
