/** Packs the packages of this repository, and creates projects that have them installed as a user would. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** The repository. */
export const root = resolve(here, '../..');

/** Runs a program; returns what it wrote, and throws with that if it fails. */
export function run(cwd: string, program: string, ...options: readonly string[]): string {
  try {
    return execFileSync(program, options, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${options.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** Packs one package into a folder; returns the tarball's path. */
export function pack(name: string, folder: string): string {
  run(join(root, name), 'npm', 'pack', '--pack-destination', folder);
  const file = readdirSync(folder).find((path) => path.startsWith(`ingestion-progress-${name}-`));
  if (file === undefined) throw new Error(`npm pack created no tarball of ${name}.`);
  return join(folder, file);
}

/** Creates a project with these packages installed and the files of `tests/release/FILES`. */
export function createProject(cwd: string, files: string, ...packages: readonly string[]): void {
  mkdirSync(cwd);
  const manifest = { name: basename(cwd), private: true, type: 'module' };
  writeFileSync(join(cwd, 'package.json'), JSON.stringify(manifest));
  if (packages.length > 0)
    run(cwd, 'npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', ...packages);
  cpSync(join(here, files), cwd, { recursive: true });
}

/** One line for each thing that is as it should be. */
export function logPassed(what: string): void {
  console.log(`ok  ${what}`);
}
