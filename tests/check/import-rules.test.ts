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

function violations(files: Readonly<Record<string, string>>): string[] {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(house, path)), { recursive: true });
    writeFileSync(join(house, path), text);
  }
  try {
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
    ) as { summary: { violations: { rule: { name: string } }[] } };
    return [...new Set(report.summary.violations.map((violation) => violation.rule.name))];
  } finally {
    for (const path of Object.keys(files)) rmSync(join(house, path));
  }
}

describe('a room that imports what it must not', () => {
  it.each([
    ['server-and-widget-apart', 'server/a.ts', "import '../widget/b.js';", 'widget/b.ts'],
    ['widget-and-server-apart', 'widget/a.ts', "import '../server/b.js';", 'server/b.ts'],
    ['schema-imports-nothing-of-ours', 'schema/a.ts', "import '../server/b.js';", 'server/b.ts'],
    ['pure-files-import-no-io', 'server/ingestion/progress.ts', "import 'node:fs';", 'server/b.ts'],
    [
      'pure-files-import-no-io',
      'widget/client/machine.ts',
      "import './environment.js';",
      'widget/client/environment.ts',
    ],
    ['drivers-behind-adapters', 'server/graphql/a.ts', "import 'mongodb';", 'server/b.ts'],
    ['client-without-lit', 'widget/client/a.ts', "import 'lit';", 'widget/b.ts'],
    [
      'element-uses-the-client-index',
      'widget/element/a.ts',
      "import '../client/machine.js';",
      'widget/client/machine.ts',
    ],
    [
      'graphql-knows-no-transport',
      'server/graphql/a.ts',
      "import '../transport/b.js';",
      'server/transport/b.ts',
    ],
    ['rules-know-no-graphql', 'server/ingestion/a.ts', "import '../graphql/b.js';", 'server/graphql/b.ts'],
    ['reporter-stands-alone', 'server/reporter/a.ts', "import '../errors.js';", 'server/errors.ts'],
    ['no-cycles', 'server/a.ts', "import './b.js';", 'server/b.ts'],
  ])('breaks %s: %s', (rule, path, text, other) => {
    const back = rule === 'no-cycles' ? "import './a.js';" : 'export {};';
    expect(violations({ [path]: text, [other]: back })).toContain(rule);
  });

  it('is the only thing that breaks a rule', () => {
    expect(violations({ 'server/a.ts': "import './b.js';", 'server/b.ts': 'export {};' })).toEqual([]);
  });
});
