/**
 * Packs the three packages, installs them into empty projects as a user would, and tests them there: types, imports, a
 * server, a job, a watcher. Needs a build; `npm run release:check`.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { createProject, logPassed, pack, root, run } from './projects.js';

const folder = mkdtempSync(join(tmpdir(), 'release-'));

/** Creates a project with the files of `tests/release/NAME`. */
function project(name: string, ...packages: readonly string[]): string {
  const cwd = join(folder, name);
  createProject(cwd, name, ...packages);
  return cwd;
}

/** Type-checks a project's own files in strict mode, against the types in the packages. */
function checkTypes(cwd: string, ...types: readonly string[]): void {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const options = [
    '--noEmit',
    '--strict',
    '--target',
    'ES2022',
    '--module',
    'NodeNext',
    '--lib',
    'ES2023,DOM',
  ];
  const files = readdirSync(cwd).filter((file) => file.endsWith('.ts'));
  run(cwd, process.execPath, tsc, ...options, ...types.flatMap((name) => ['--types', name]), ...files);
}

/** Entry points that are not modules, or that a script tag loads. */
const ASSETS: Readonly<Record<string, readonly string[]>> = {
  schema: ['./schema.graphql'],
  server: [],
  widget: ['./bundle', './custom-elements.json', './package.json'],
};

/** Throws if a package's manifest names files that it doesn't contain, or types that don't match. */
async function lint(name: string): Promise<void> {
  const cwd = join(root, name);
  const { messages, pkg } = await publint({ pkgDir: cwd, strict: true });
  // The condition `source` is used only in this repository, never in a package.
  const wrong = messages
    .filter(({ path }) => !path.includes('source'))
    .map((message) => formatMessage(message, pkg));
  if (wrong.length > 0) throw new Error(`${name}: ${wrong.join('; ')}`);
  const without = ASSETS[name] ?? [];
  const assets = without.length === 0 ? [] : ['--exclude-entrypoints', ...without];
  run(root, 'npx', 'attw', '--pack', name, '--profile', 'esm-only', '--format', 'ascii', ...assets);
}

try {
  const packages = ['schema', 'server', 'widget'] as const;
  const tarballs = { schema: '', server: '', widget: '' };
  for (const name of packages) {
    tarballs[name] = pack(name, folder);
    await lint(name);
  }
  logPassed('three packages packed; publint and attw report nothing');

  const expectFiles = (folder: string, name: string) => {
    for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md']) {
      if (!existsSync(join(folder, 'node_modules/@ingestion-progress', name, file)))
        throw new Error(`The package ${name} has no ${file}.`);
    }
  };
  const page = project('page', tarballs.widget);
  expectFiles(page, 'widget');
  for (const driver of ['mongodb', 'ioredis', 'graphql-yoga', 'zod', '@ingestion-progress/server']) {
    if (existsSync(join(page, 'node_modules', driver))) throw new Error(`The widget installs ${driver}.`);
  }
  checkTypes(page);
  run(page, process.execPath, 'imports.js');
  logPassed(
    'the widget alone: it installs nothing of the server, and every entry point can be imported in Node',
  );

  const job = project('job', ...Object.values(tarballs), '@types/node@20', 'bullmq@6');
  for (const name of packages) expectFiles(job, name);
  checkTypes(job, 'node');
  const output = run(job, process.execPath, 'smoke.js');
  if (!output.includes('COMPLETED'))
    throw new Error(`The smoke test did not complete its ingestions:\n${output}`);
  const version = run(
    job,
    'npx',
    '--no-install',
    '@ingestion-progress/server',
    'run',
    '--project',
    'p1',
    '--',
    'node',
    '-v',
  );
  if (version.trim() !== process.version) throw new Error(`The command run passed on "${version}".`);
  logPassed('server, job library, reporter, client and the command run: a complete ingestion');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
