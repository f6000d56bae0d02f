/**
 * Installs the packed server into applications that have a `graphql` of their own, one for each version that counts, and
 * tries it there; and runs the packages' smoke test on each version of Node.js that they promise. Needs a build;
 * `npm run release:hosts`.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProject, logPassed, pack, run } from './projects.js';

/** What each application depends on beside the server, and beside Yoga, graphql-ws and ws. */
const HOSTS: Readonly<Record<string, readonly string[]>> = {
  'graphql-16.8.1': ['graphql@16.8.1'],
  'graphql-16.9': ['graphql@16.9'],
  'graphql-16.11-and-apollo-server': ['graphql@16.11', '@apollo/server@5'],
  'graphql-17': ['graphql@17'],
};
const OWN = ['graphql-yoga@5', 'graphql-ws@6', 'ws@8', 'jsonwebtoken@9'];
/** Majors of Node.js; npm's package `node` brings them. */
const NODES = ['20', '22', '24'];

const folder = mkdtempSync(join(tmpdir(), 'hosts-'));
let failures = 0;

/** Runs one trial to its end, so that one that fails hides no other. */
function attempt(what: string, task: () => void): void {
  try {
    task();
    logPassed(what);
  } catch (error) {
    failures += 1;
    console.log(`FAIL  ${what}\n${error instanceof Error ? error.message : String(error)}`);
  }
}

const hasFailed = (output: string) => /^FAIL/m.test(output) || !/^ok/m.test(output);

try {
  const tarballs = ['schema', 'server', 'widget'].map((name) => pack(name, folder));
  const server = tarballs.slice(0, 2);

  for (const [name, packages] of Object.entries(HOSTS)) {
    attempt(`the server beside ${name}`, () => {
      const cwd = join(folder, name);
      createProject(cwd, 'graphql-host', ...packages, ...OWN, ...server);
      const output = run(cwd, process.execPath, 'host.js');
      if (hasFailed(output)) throw new Error(output);
    });
  }

  attempt('a sentence about a second copy of graphql', () => {
    const cwd = join(folder, 'graphql-17', 'node_modules');
    const copy = join(cwd, '@ingestion-progress', 'server', 'node_modules', 'graphql');
    cpSync(join(cwd, 'graphql'), copy, { recursive: true });
    const { stdout, stderr } = spawnSync(process.execPath, ['host.js'], {
      cwd: join(folder, 'graphql-17'),
      encoding: 'utf8',
    });
    if (!`${stdout}${stderr}`.includes('Two copies of the package graphql')) throw new Error(stdout + stderr);
  });

  const job = join(folder, 'job');
  createProject(job, 'job', ...tarballs);
  for (const major of NODES) {
    attempt(`an installation with --engine-strict on Node.js ${major}`, () => {
      const cwd = join(folder, `strict-${major}`);
      createProject(cwd, 'graphql-host');
      const install = `npm install --no-audit --no-fund --prefer-offline --engine-strict ${server.join(' ')}`;
      run(cwd, 'npx', '--yes', '--package', `node@${major}`, '--call', install);
    });
    attempt(`a complete ingestion on Node.js ${major}`, () => {
      const output = run(job, 'npx', '--yes', '--package', `node@${major}`, 'node', 'smoke.js');
      if (output.match(/COMPLETED/g)?.length !== 2) throw new Error(output);
    });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failures === 0 ? 0 : 1;
