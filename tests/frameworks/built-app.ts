/**
 * Builds an example app as its reader would: with packed packages, installed, type-checked and built by the framework's own
 * tools. Installations are cached among the artefacts, so that only the first run takes long; not under node_modules, whose files
 * Angular's compiler treats as third-party.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CACHE = join(ROOT, 'tests/artifacts/hosts');
const run = promisify(execFile);

export type HostName = 'html' | 'vue' | 'react' | 'angular';

// the NODE_ENV of a test would turn a production build into a development build
const { NODE_ENV: _ofTheTest, ...environment } = process.env;

async function npm(folder: string, ...args: string[]): Promise<void> {
  try {
    await run('npm', args, {
      cwd: folder,
      env: { ...environment, NG_CLI_ANALYTICS: 'false', CI: '1' },
      maxBuffer: 1 << 26,
    });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`npm ${args.join(' ')} in ${folder} failed:\n${stdout}\n${stderr}`, { cause: error });
  }
}

/** Packs the built widget; the apps install this and nothing else of the workspace. */
export async function packWidget(): Promise<void> {
  await npm(ROOT, 'run', 'build', '--silent');
  const packed = join(CACHE, 'packed');
  rmSync(packed, { recursive: true, force: true });
  mkdirSync(packed, { recursive: true });
  await npm(ROOT, 'pack', '--silent', '-w', 'widget', '--pack-destination', packed);
}

/** Installs, checks and builds an app; resolves with its output folder. */
export async function buildHost(name: HostName): Promise<string> {
  const source = join(ROOT, 'examples', name);
  const folder = join(CACHE, name);
  mkdirSync(folder, { recursive: true });
  for (const entry of readdirSync(folder)) {
    if (entry !== 'node_modules' && entry !== 'installed') rmSync(join(folder, entry), { recursive: true });
  }
  for (const entry of readdirSync(source)) {
    if (entry !== 'node_modules' && entry !== 'dist')
      cpSync(join(source, entry), join(folder, entry), { recursive: true });
  }
  const digest = createHash('sha256').update(readFileSync(join(folder, 'package.json')));
  for (const file of readdirSync(join(CACHE, 'packed')))
    digest.update(readFileSync(join(CACHE, 'packed', file)));
  const wanted = digest.digest('hex');
  const mark = join(folder, 'installed');
  if (!existsSync(mark) || readFileSync(mark, 'utf8') !== wanted) {
    // npm would not reinstall a package of the same version
    rmSync(join(folder, 'node_modules/@ingestion-progress'), { recursive: true, force: true });
    rmSync(join(folder, 'node_modules/.package-lock.json'), { force: true });
    await npm(folder, 'install', '--no-package-lock', '--no-audit', '--no-fund', '--prefer-offline');
    writeFileSync(mark, wanted);
  }
  await npm(folder, 'run', 'check');
  await npm(folder, 'run', 'build');
  return join(folder, 'dist');
}
