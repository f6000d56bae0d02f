/**
 * Runs the suites in order, prints how long each one took, and ends with a summary line. `check` is fast enough for each
 * commit; `test` runs everything. The output of a suite is shown only if it fails.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';

interface Suite {
  readonly name: string;
  readonly command: string;
  readonly env?: Readonly<Record<string, string>>;
}

const VITEST = 'npx vitest run -c tests/vitest.config.ts';

const CHAOS = 'npx tsx --conditions=source tests/chaos/run.ts';

/** Kinds of attacks that no family draws, and that take less than 20 s on a quiet machine; the others run by hand. */
const QUICK_KINDS = ['access-rule', 'foreign-data', 'held-loop', 'labels', 'logs', 'paths', 'secrets'];
const kinds = (names: readonly string[]) => names.map((name) => `tests/abuse/kinds/${name}.test`).join(' ');

const CHECK: readonly Suite[] = [
  { name: 'types and build', command: 'npm run build --silent && npx tsc -p tests' },
  { name: 'format', command: 'npx prettier --check --cache --log-level warn .' },
  {
    name: 'lint',
    command:
      'npx eslint -c .config/eslint.config.js --cache --cache-location node_modules/.cache/eslint/ --max-warnings 0 .',
  },
  { name: 'codegen is fresh', command: 'npx tsx tests/check/codegen-is-fresh.ts' },
  {
    name: 'import rules',
    command: 'npx depcruise --config .config/dependency-cruiser.cjs --output-type err schema server widget',
  },
  { name: 'size', command: 'npx size-limit --config .config/size-limit.json' },
  {
    name: 'unit',
    command: `${VITEST} tests/schema tests/server tests/widget tests/check tests/chaos tests/abuse/verdict`,
  },
];

const REST: readonly Suite[] = [
  { name: 'docs', command: `${VITEST} tests/docs` },
  { name: 'contracts', command: `${VITEST} tests/contracts` },
  { name: 'engines', command: `${VITEST} tests/engines/labs tests/engines/redis` },
  { name: 'integration', command: `${VITEST} tests/integration` },
  { name: 'perf-budgets', command: `${VITEST} tests/perf-budgets` },
  { name: 'examples', command: `${VITEST} tests/examples` },
  { name: 'clients', command: `${VITEST} tests/clients` },
  { name: 'conformance', command: `${VITEST} tests/conformance` },
  { name: 'fuzz', command: `${VITEST} tests/fuzz` },
  { name: 'browser/element', command: 'npx web-test-runner --config tests/web-test-runner.config.js' },
  { name: 'browser/firefox', command: `${VITEST} tests/browser/firefox` },
  { name: 'browser/client', command: `${VITEST} tests/browser/client` },
  { name: 'browser/stories', command: `${VITEST} tests/browser/stories` },
  { name: 'e2e', command: `${VITEST} tests/e2e` },
  { name: 'frameworks', command: `${VITEST} tests/frameworks` },
  { name: 'chaos', command: `${CHAOS} --seeds 5 --first 1` },
  // One file after the other: each measures a server that is attacked.
  { name: 'abuse/families', command: `${VITEST} tests/abuse/families.test` },
  { name: 'abuse/kinds', command: `${VITEST} --no-file-parallelism ${kinds(QUICK_KINDS)}` },
  { name: 'deployment', command: `${VITEST} tests/deployment` },
];

/** Runs one suite; resolves to whether it passed. Its output goes to a log file, and to the terminal if it failed. */
async function run(suite: Suite): Promise<boolean> {
  const log = `tests/artifacts/${suite.name.replaceAll(/[ /]/g, '-')}.log`;
  mkdirSync('tests/artifacts', { recursive: true });
  writeFileSync(log, '');
  const startedAt = performance.now();
  const chunks: Buffer[] = [];
  const child = spawn('bash', ['-c', suite.command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...suite.env, FORCE_COLOR: '0' },
  });
  const keep = (chunk: Buffer) => {
    chunks.push(chunk);
    appendFileSync(log, chunk);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const code = await new Promise<number>((resolve) => child.on('close', (exit) => resolve(exit ?? 1)));
  const output = Buffer.concat(chunks).toString('utf8');
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6);
  // Vitest's summary line, else the last count that another runner printed.
  const counts = [
    ...output.matchAll(/Tests\s.*?(\d+ passed)/g),
    ...output.matchAll(/(\d+ passed), 0 failed/g),
  ];
  const count = counts.at(-1)?.[1] ?? '';
  console.log(
    `${code === 0 ? 'pass' : 'FAIL'} ${seconds} s  ${suite.name}${count === '' ? '' : `: ${count}`}`,
  );
  if (code !== 0) console.log(output.slice(-20_000));
  return code === 0;
}

const mode = process.argv[2];
if (mode !== 'check' && mode !== 'test') {
  console.error('Usage: tsx tests/run.ts check|test [SUITE …]');
  process.exit(2);
}
if (!existsSync('tests/run.ts')) {
  console.error('Run this from the root of the repository.');
  process.exit(2);
}

// Runs only the selected suites, if any: `npm test -- contracts integration`.
const selected = process.argv.slice(3);
let suites: Suite[] = [];
if (mode === 'test') suites.push({ name: 'setup', command: 'npx tsx tests/setup/ensure.ts' });
suites.push(...CHECK);
if (mode === 'test') suites.push(...REST);
const unknown = selected.filter((name) => !suites.some((suite) => suite.name.startsWith(name)));
if (unknown.length > 0) {
  console.error(
    `Unknown suite: ${unknown.join(', ')}. Suites: ${suites.map(({ name }) => name).join(', ')}.`,
  );
  process.exit(2);
}

if (selected.length > 0)
  suites = suites.filter((suite) => selected.some((name) => suite.name.startsWith(name)));

let passed = 0;
let failed = 0;
for (const suite of suites) {
  if (await run(suite)) passed += 1;
  else failed += 1;
}
console.log(`suites: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
