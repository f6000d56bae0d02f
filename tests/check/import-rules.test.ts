import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
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

/** Each rule, a file that breaks it, and what that file imports. */
const FORBIDDEN = [
  ['server-and-widget-apart', 'server/a.ts', '../widget/plain.js'],
  ['widget-and-server-apart', 'widget/a.ts', '../server/plain.js'],
  ['schema-imports-nothing-of-ours', 'schema/a.ts', '../server/plain.js'],
  ['pure-files-import-no-io', 'server/progress/a.ts', 'node:fs'],
  ['pure-files-import-no-io', 'server/progress/b.ts', '../shared/clock.js'],
  ['pure-files-import-no-io', 'widget/client/pure.ts', './environment.js'],
  ['ports-import-types-of-progress-only', 'server/store/progress-store.ts', '../progress/reduce.js'],
  ['drivers-behind-adapters', 'server/watch/a.ts', 'mongodb'],
  ['adapters-named-at-the-root-only', 'server/assembly.ts', './bus/redis-bus.js'],
  ['client-without-lit', 'widget/client/a.ts', 'lit'],
  ['element-uses-the-client-index', 'widget/element/a.ts', '../client/environment.js'],
  ['adapters-without-lit', 'widget/react/a.ts', 'lit'],
  ['no-graphql-js-in-the-browser', 'widget/graphql.ts', '../node_modules/graphql/index.js'],
  ['rules-know-no-graphql', 'server/ingestion/graphql.ts', '../../node_modules/graphql/index.js'],
  ['reporter-imports-shared-only', 'server/reporter/a.ts', '../plain.js'],
  ['reporter-imports-shared-only', 'server/reporter/b.ts', 'zod'],
  ['resolvable', 'schema/lost.ts', './nowhere.js'],
  ['no-cycles', 'server/circle.ts', './half-circle.js'],
  ['shared-imports', 'server/shared/a.ts', '../progress/plain.js'],
  ['observability-imports', 'server/observability/a.ts', '../ingestion/plain.js'],
  ['progress-imports', 'server/progress/c.ts', '../observability/plain.js'],
  ['store-imports', 'server/store/a.ts', '../ingestion/plain.js'],
  ['bus-imports', 'server/bus/a.ts', '../store/progress-store.js'],
  ['cluster-imports', 'server/cluster/a.ts', '../ingestion/plain.js'],
  ['write-behind-imports', 'server/write-behind/a.ts', '../bus/event-bus.js'],
  ['commands-imports', 'server/commands/a.ts', '../store/plain.js'],
  ['ingestion-imports', 'server/ingestion/a.ts', '../emitter/plain.js'],
  ['emitter-imports', 'server/emitter/a.ts', '../watch/plain.js'],
  ['auth-imports', 'server/auth/a.ts', '../progress/plain.js'],
  ['watch-imports', 'server/watch/b.ts', '../ingestion/plain.js'],
  ['list-imports', 'server/list/a.ts', '../ingestion/plain.js'],
  ['graphql-imports', 'server/graphql/a.ts', '../transport/plain.js'],
  ['transport-imports', 'server/transport/a.ts', '../store/progress-store.js'],
  ['run-imports', 'server/run/a.ts', '../progress/plain.js'],
] as const;

const ROOMS = [
  ...[
    'shared',
    'observability',
    'progress',
    'store',
    'bus',
    'cluster',
    'write-behind',
    'commands',
    'ingestion',
  ],
  ...['emitter', 'auth', 'watch', 'graphql', 'transport', 'reporter'],
];

describe('a room that imports what it must not', () => {
  let found: readonly Breach[];
  beforeAll(() => {
    const allowed = [
      ...ROOMS.map((room) => `server/${room}/plain`),
      ...['server/plain', 'widget/plain', 'server/shared/clock', 'server/progress/reduce'],
      ...['server/bus/redis-bus', 'server/bus/event-bus', 'widget/client/environment'],
    ];
    found = breaches({
      ...Object.fromEntries(allowed.map((path) => [`${path}.ts`, 'export {};'])),
      'node_modules/graphql/index.js': 'export {};',
      'node_modules/graphql/package.json': '{"name":"graphql","type":"module","main":"index.js"}',
      'server/half-circle.ts': "import './circle.js';",
      'server/allowed.ts': "import './plain.js';",
      // Two rooms that import each other through files that do not.
      'server/east/a.ts': "import '../west/a.js';",
      'server/east/b.ts': 'export {};',
      'server/west/a.ts': 'export {};',
      'server/west/b.ts': "import '../east/b.js';",
      ...Object.fromEntries(
        FORBIDDEN.map(([rule, path, target]) => [
          path,
          `${path.endsWith('pure.ts') ? '/** Pure. */' : ''}import '${target}'; // ${rule}`,
        ]),
      ),
    });
  });

  it('breaks no-folder-cycles: two rooms that import each other', () => {
    expect(found).toContainEqual({ rule: 'no-folder-cycles', from: 'server/east' });
  });

  it.each(FORBIDDEN)('breaks %s: %s', (rule, from) => {
    expect(found).toContainEqual({ rule, from });
  });

  it('is the only thing that breaks a rule', () => {
    const expected = new Set<string>([...FORBIDDEN.map(([, path]) => path), 'server/half-circle.ts']);
    const unexpected = found.filter(({ from, rule }) => !expected.has(from) && rule !== 'no-folder-cycles');
    expect(unexpected).toEqual([]);
  });
});

interface Rule {
  readonly name: string;
  readonly from: { readonly path?: string | readonly string[] };
  readonly to: { readonly path?: string | readonly string[] };
}

describe('the rules', () => {
  const { forbidden } = createRequire(import.meta.url)('../../.config/dependency-cruiser.cjs') as {
    readonly forbidden: readonly Rule[];
  };
  const sources = ['schema', 'server', 'widget'].flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })
      .map((file) => `${top}/${file}`)
      .filter((file) => /\.tsx?$/.test(file) && !/(^|\/)(dist|node_modules)\//.test(file)),
  );

  it('are each broken by an example above', () => {
    const shown = new Set<string>(['no-folder-cycles', ...FORBIDDEN.map(([rule]) => rule)]);
    expect(forbidden.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([]);
  });

  it('say for each room of the server what it may import', () => {
    const rooms = readdirSync(join(root, 'server'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !['dist', 'node_modules'].includes(entry.name))
      .map(({ name }) => name);
    const ruled = new Set(forbidden.map(({ name }) => name));
    expect(rooms.filter((room) => room !== 'reporter' && !ruled.has(`${room}-imports`))).toEqual([]);
  });

  it('name no path that does not exist', () => {
    const named = forbidden.flatMap(({ from, to }) =>
      [from, to].flatMap((side) =>
        Object.entries(side)
          .filter(([key]) => key === 'path' || key === 'pathNot')
          .flatMap(([, pattern]) => pattern),
      ),
    );
    const paths = named.flatMap(pathsOf);
    expect(paths.length).toBeGreaterThan(60);
    expect(
      paths.filter(
        (path) => !existsSync(join(root, path)) && !sources.some((file) => new RegExp(`^${path}`).test(file)),
      ),
    ).toEqual([]);
  });

  it('cover every file that calls itself pure', () => {
    const rule = forbidden.find(({ name }) => name === 'pure-files-import-no-io');
    const covered = [rule?.from.path ?? []].flat().map((pattern) => new RegExp(pattern));
    const pure = sources.filter((file) => {
      const [head = ''] = /^\/\*\*[\s\S]*?\*\//.exec(readFileSync(join(root, file), 'utf8')) ?? [];
      return /\bpure\b/i.test(head) || file.startsWith('server/progress/');
    });
    expect(pure.length).toBeGreaterThan(20);
    expect(pure.filter((file) => !covered.some((pattern) => pattern.test(file)))).toEqual([]);
  });

  it('leave no clock and no chance in progress/', () => {
    const impure =
      /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|randomUUID|setTimeout|setInterval|process\.[a-z])/;
    const found = sources
      .filter((file) => file.startsWith('server/progress/'))
      .filter((file) => impure.test(readFileSync(join(root, file), 'utf8')));
    expect(found).toEqual([]);
  });
});

/** The paths that a pattern names: its alternatives written out, up to the first part that is a pattern itself. */
function pathsOf(pattern: string): string[] {
  const top = /(?:^|[|^(])((?:schema|server|widget)\/.*)$/.exec(pattern)?.[1];
  if (top === undefined) return [];
  return expand(pattern.replace(/^\^/, ''))
    .map((path) => path.replace(/^\^/, '').replaceAll('\\.', '.').replace(/\$$/, ''))
    .filter((path) => /^(schema|server|widget)\//.test(path))
    .map((path) => path.replace(/(\[\/\.\]|\[\^|\.\*|\().*$/, '').replace(/\/$/, ''))
    .filter((path) => path.includes('/'));
}

/** Writes `a(b|c)d` out as `abd` and `acd`, and top alternatives as they are. */
function expand(pattern: string): string[] {
  const group = /\(([^()]*)\)/.exec(pattern);
  if (group === null) return pattern.split('|');
  const [all, alternatives = ''] = group;
  return alternatives.split('|').flatMap((one) => expand(pattern.replace(all, one)));
}
