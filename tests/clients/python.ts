/** A Python virtual environment for the tests with the packages of `requirements.txt`; created once and cached in node_modules. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const requirements = join(here, 'requirements.txt');
const cache = join(here, '../../node_modules/.cache/ingestion-progress');

function run(program: string, ...options: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, options, { encoding: 'utf8' });
  if (status === 0) return;
  const output = error?.message ?? stderr.trim().split('\n').slice(-3).join('\n');
  throw new Error(
    `The tests of the Python client need python3 with venv, and gql and websockets from PyPI: ` +
      `${program} ${options.join(' ')} failed. (${output})`,
  );
}

/** The path of the Python; created if missing. Throws an error with a readable message if that fails. */
export function ensurePython(): string {
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(cache, `python-${version}`);
  const python = join(folder, 'bin', 'python');
  const marker = join(folder, 'complete');
  if (existsSync(marker)) return python;
  console.log('Creating a Python environment with gql and websockets (only once)');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  run('python3', '-m', 'venv', folder);
  run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements);
  mkdirSync(`${marker}.new`);
  renameSync(`${marker}.new`, marker);
  return python;
}
