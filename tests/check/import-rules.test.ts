import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync, cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
let house: string;

/** A house of empty files in the same rooms, so that a forbidden import can be written without touching ours. */
beforeAll(() => {
  mkdirSync(join(root, 'tests/artifacts'), { recursive: true });
  house = mkdtempSync(join(root, 'tests/artifacts/import-rules-'));
  mkdirSync(join(house, '.config'));
  cpSync(join(root, '.config/dependency-cruiser.cjs'), join(house, '.config/dependency-cruiser.cjs'));
  for (const room of ['schema', 'server', 'widget']) mkdirSync(join(house, room));
});
afterAll(() => rmSync(house, { recursive: true, force: true }));

interface Breach {
  readonly rule: string;
  readonly from: string;
}

/** Writes the files, cruises the house once, and returns what is forbidden in it. */
function breaches(files: Readonly<Record<string, string>>): Breach[] {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(house, path)), { recursive: true });
    writeFileSync(join(house, path), text);
  }
  const report = JSON.parse(
    execFileSync(
      process.execPath,
      [
        join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
        ...['--config', '.config/dependency-cruiser.cjs', '--output-type', 'json', '--no-cache'],
        ...['schema', 'server', 'widget'],
      ],
      { cwd: house, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    ),
  ) as { summary: { violations: { from: string; rule: { name: string } }[] } };
  return report.summary.violations.map(({ from, rule }) => ({ from, rule: rule.name }));
}

const FORBIDDEN = [
  ['server-and-widget-apart', 'server/a.ts', '../widget/plain.js'],
  ['widget-and-server-apart', 'widget/a.ts', '../server/plain.js'],
  ['schema-imports-nothing-of-ours', 'schema/a.ts', '../server/plain.js'],
  ['pure-files-import-no-io', 'server/progress/reduce.ts', 'node:fs'],
  ['pure-files-import-no-io', 'widget/client/connection-machine.ts', './environment.js'],
  ['drivers-behind-adapters', 'server/watch/a.ts', 'mongodb'],
  ['client-without-lit', 'widget/client/a.ts', 'lit'],
  ['element-uses-the-client-index', 'widget/element/a.ts', '../client/environment.js'],
  ['graphql-knows-no-transport', 'server/graphql/a.ts', '../transport/plain.js'],
  ['rules-know-no-graphql', 'server/ingestion/a.ts', '../graphql/plain.js'],
  ['reporter-stands-alone', 'server/reporter/a.ts', '../plain.js'],
  ['no-cycles', 'server/circle.ts', './half-circle.js'],
] as const;

describe('a room that imports what it must not', () => {
  let found: readonly Breach[];
  beforeAll(() => {
    const plain = ['server/plain', 'server/transport/plain', 'server/graphql/plain', 'widget/plain'];
    found = breaches({
      ...Object.fromEntries(plain.map((path) => [`${path}.ts`, 'export {};'])),
      'widget/client/environment.ts': 'export {};',
      'server/half-circle.ts': "import './circle.js';",
      'server/allowed.ts': "import './plain.js';",
      ...Object.fromEntries(FORBIDDEN.map(([, path, target]) => [path, `import '${target}';`])),
    });
  });

  it.each(FORBIDDEN)('breaks %s: %s', (rule, from) => {
    expect(found).toContainEqual({ rule, from });
  });

  it('is the only thing that breaks a rule', () => {
    const expected = new Set<string>([...FORBIDDEN.map(([, path]) => path), 'server/half-circle.ts']);
    expect(found.filter(({ from }) => !expected.has(from))).toEqual([]);
  });
});
