/** `npm run bench -- NAME [--quick] [--json FILE]`: runs one bench against its peers and prints the result. */
import { parseArgs } from 'node:util';
import { complete, describe, write, type Findings } from './result.js';
import { eta } from './scenarios/eta.js';
import { fanout } from './scenarios/fanout.js';
import { emit } from './scenarios/emit.js';
import { hostile } from './scenarios/hostile.js';
import { load } from './scenarios/load.js';
import { memory } from './scenarios/memory.js';
import { poll } from './scenarios/poll.js';
import { scroll } from './scenarios/scroll.js';
import { storm } from './scenarios/storm.js';
import { widget } from './scenarios/widget.js';
import type { Scenario } from './scenarios/scenario.js';

const SCENARIOS: Readonly<Record<string, Scenario>> = Object.freeze({
  fanout,
  memory,
  emit,
  poll,
  storm,
  load,
  widget,
  scroll,
  hostile,
  eta,
});

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    'soak-minutes': { type: 'string' },
  },
});
const name = positionals[0] ?? '';
const scenario = SCENARIOS[name];
if (scenario === undefined || positionals.length !== 1) {
  console.error(`Usage: npm run bench -- ${Object.keys(SCENARIOS).join('|')} [--quick] [--json FILE]`);
  process.exit(2);
}
const save = (findings: Findings) => {
  if (values.json !== undefined) write(values.json, complete(name, values.quick, findings));
};
const findings = await scenario({
  quick: values.quick,
  soakMinutes: Number(values['soak-minutes'] ?? (values.quick ? 0 : 10)),
  log: (line) => console.error(`  ${line}`),
  save,
});
save(findings);
console.log(describe(complete(name, values.quick, findings)));
process.exit(0);
