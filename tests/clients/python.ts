/** A Python of its own for the tests, with the packages of `requirements.txt`; made once, kept beside npm's packages. */
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
  const said = error?.message ?? stderr.trim().split('\n').slice(-3).join('\n');
  throw new Error(
    `The tests of the Python client need python3 with venv, and gql and websockets from PyPI: ` +
      `${program} ${options.join(' ')} failed. (${said})`,
  );
}

/** Path of the Python; made where it is not there yet. Throws a sentence where that cannot be done. */
export function ensurePython(): string {
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(cache, `python-${version}`);
  const python = join(folder, 'bin', 'python');
  const whole = join(folder, 'whole');
  if (existsSync(whole)) return python;
  console.log('Making a Python with gql and websockets (only this once)');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  run('python3', '-m', 'venv', folder);
  run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements);
  mkdirSync(`${whole}.new`);
  renameSync(`${whole}.new`, whole);
  return python;
}
