/** Programs and fonts that the tests need: found if present, else installed with apt-get on Debian. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program or file that the tests need, and its Debian package. */
export interface Requirement {
  readonly name: string;
  /** A program on PATH, or the absolute path of a file. */
  readonly provides: string;
  readonly debianPackage: string;
}

/** Everything that the tests need. */
export const REQUIREMENTS: readonly Requirement[] = [
  { name: 'Chromium', provides: 'chromium', debianPackage: 'chromium' },
  { name: 'Firefox', provides: 'firefox-esr', debianPackage: 'firefox-esr' },
  // With redis-cli; and redis-sentinel is the same program.
  { name: 'Redis', provides: 'redis-server', debianPackage: 'redis-server' },
  { name: 'OpenSSL', provides: 'openssl', debianPackage: 'openssl' },
  { name: 'Python', provides: 'python3', debianPackage: 'python3-minimal' },
  { name: 'curl', provides: 'curl', debianPackage: 'curl' },
  { name: 'ffmpeg', provides: 'ffmpeg', debianPackage: 'ffmpeg' },
  { name: 'restic', provides: 'restic', debianPackage: 'restic' },
  { name: 'rclone', provides: 'rclone', debianPackage: 'rclone' },
  { name: 'nginx', provides: 'nginx', debianPackage: 'nginx-light' },
  {
    // Without it the contact sheet is rendered in another font.
    name: 'the font of the contact sheet',
    provides: '/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf',
    debianPackage: 'fonts-liberation',
  },
  {
    name: 'a font with Arabic and Hebrew',
    provides: '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf',
    debianPackage: 'fonts-dejavu-core',
  },
  {
    name: 'a font with Chinese, Japanese and Korean',
    provides: '/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf',
    debianPackage: 'fonts-droid-fallback',
  },
];

function isAccessible(file: string, mode: number): boolean {
  try {
    accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
}

/** The absolute path of a program on PATH, in the usual directories or in `elsewhere`; null if not found. */
export function findProgram(name: string, elsewhere: readonly string[] = []): string | null {
  const path = (process.env['PATH'] ?? '').split(delimiter);
  const folders = [...path, '/usr/bin', '/usr/sbin', '/usr/local/bin', ...elsewhere];
  const file = folders.map((folder) => join(folder, name)).find((path) => isAccessible(path, constants.X_OK));
  return file ?? null;
}

/** The requirements that this machine does not meet. */
export function missing(requirements: readonly Requirement[]): readonly Requirement[] {
  return requirements.filter(({ provides }) =>
    provides.startsWith('/') ? !isAccessible(provides, constants.R_OK) : findProgram(provides) === null,
  );
}

function apt(arguments_: readonly string[]): void {
  const root = process.getuid?.() === 0;
  const [command, ...rest] = [...(root ? [] : ['sudo', '-n']), 'apt-get', '-qq', ...arguments_];
  const outcome = spawnSync(command ?? '', rest, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: 64 * 2 ** 20,
  });
  if (outcome.status === 0) return;
  const output = outcome.error?.message ?? outcome.stderr.trim().split('\n').slice(-5).join('\n');
  throw new Error(`apt-get ${arguments_[0] ?? ''} failed: ${output}`);
}

/** Installs what is missing. Throws an error with a readable message if that fails. */
export function ensureDebianPackages(requirements: readonly Requirement[] = REQUIREMENTS): void {
  const absent = missing(requirements);
  if (absent.length === 0) return;
  const names = absent.map(({ name }) => name).join(', ');
  const packages = absent.map(({ debianPackage }) => debianPackage);
  console.log(`Installing ${names} (only once)`);
  try {
    apt(['update']);
    // The packages' own daemons are not needed: the tests start theirs.
    apt(['install', '--yes', '--no-install-recommends', ...packages]);
  } catch (cause) {
    throw new Error(
      `The tests need ${names}; installing the Debian packages ${packages.join(' ')} failed. ` +
        `Install them by hand. (${cause instanceof Error ? cause.message : String(cause)})`,
      { cause },
    );
  }
  const remaining = missing(absent);
  if (remaining.length > 0) {
    throw new Error(`Installed ${packages.join(' ')}, but ${remaining[0]?.provides ?? ''} is still missing.`);
  }
}
