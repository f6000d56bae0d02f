/** Python virtual environments for the tests, created once and cached in node_modules, and the Pythons of this machine. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const cache = join(here, '../../node_modules/.cache/ingestion-progress');

/** The oldest minor version of Python 3 that the package supports. */
const OLDEST_MINOR = 9;

/** A Python of this machine. */
export interface Python {
  readonly program: string;
  /** Such as `3.9.18`. */
  readonly version: string;
}

function run(program: string, ...options: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, options, { encoding: 'utf8' });
  if (status === 0) return;
  const output = error?.message ?? stderr.trim().split('\n').slice(-3).join('\n');
  throw new Error(
    `The tests of the Python clients need python3 with venv, and packages from PyPI: ` +
      `${program} ${options.join(' ')} failed. (${output})`,
  );
}

function versionOf(program: string): string | null {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return status === 0 ? (/^Python (\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? null) : null;
}

/** `python3`, and the oldest supported one if that is another: from the path, or from pyenv. */
export function pythons(): readonly Python[] {
  const versions = join(process.env['PYENV_ROOT'] ?? join(homedir(), '.pyenv'), 'versions');
  const managed = existsSync(versions) ? readdirSync(versions) : [];
  const minors = Array.from({ length: 10 }, (_, index) => OLDEST_MINOR + index);
  const older = minors.flatMap((minor) => [
    `python3.${minor}`,
    ...managed
      .filter((name) => name.startsWith(`3.${minor}.`))
      .map((name) => join(versions, name, 'bin/python')),
  ]);
  const found = (programs: readonly string[]): Python[] => {
    for (const program of programs) {
      const version = versionOf(program);
      if (version !== null) return [{ program, version }];
    }
    return [];
  };
  const main = found(['python3']);
  return [...main, ...found(older).filter(({ version }) => version !== main[0]?.version)];
}

/**
 * The path of a Python with the packages of a requirements file; created if missing. Throws an error with a readable message
 * if that fails.
 */
export function ensurePython(
  requirements: string = join(here, 'requirements.txt'),
  program = 'python3',
): string {
  const key = `${versionOf(program) ?? ''}\n${readFileSync(requirements, 'utf8')}`;
  const folder = join(cache, `python-${createHash('sha256').update(key).digest('hex').slice(0, 12)}`);
  const python = join(folder, 'bin', 'python');
  const marker = join(folder, 'complete');
  if (existsSync(marker)) return python;
  console.log(`Creating a Python environment with the packages of ${requirements} (only once)`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  run(program, '-m', 'venv', folder);
  run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements);
  mkdirSync(`${marker}.new`);
  renameSync(`${marker}.new`, marker);
  return python;
}
