/** What the tests need of the operating system: found where it is, installed with apt-get where this is Debian and we may. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Something that the tests need, and the Debian package that has it. */
export interface Need {
  readonly name: string;
  /** A program looked for on PATH, or the absolute path of a file. */
  readonly provides: string;
  readonly debianPackage: string;
}

/** To need more, add a line. */
export const NEEDS: readonly Need[] = [
  { name: 'Chromium', provides: 'chromium', debianPackage: 'chromium' },
  { name: 'Firefox', provides: 'firefox-esr', debianPackage: 'firefox-esr' },
  // With redis-cli; and redis-sentinel is the same program.
  { name: 'Redis', provides: 'redis-server', debianPackage: 'redis-server' },
  { name: 'OpenSSL', provides: 'openssl', debianPackage: 'openssl' },
  { name: 'Python', provides: 'python3', debianPackage: 'python3-minimal' },
  { name: 'curl', provides: 'curl', debianPackage: 'curl' },
  { name: 'nginx', provides: 'nginx', debianPackage: 'nginx-light' },
  {
    // Without it the contact sheet is drawn in whatever the machine has instead.
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

function isThere(file: string, mode: number): boolean {
  try {
    accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
}

/** The absolute path of a program on PATH or in the usual places (and `elsewhere`); null where it is not there. */
export function findProgram(name: string, elsewhere: readonly string[] = []): string | null {
  const path = (process.env['PATH'] ?? '').split(delimiter);
  const folders = [...path, '/usr/bin', '/usr/sbin', '/usr/local/bin', ...elsewhere];
  const file = folders.map((folder) => join(folder, name)).find((path) => isThere(path, constants.X_OK));
  return file ?? null;
}

/** What of `needs` is not on this machine. */
export function missing(needs: readonly Need[]): readonly Need[] {
  return needs.filter(({ provides }) =>
    provides.startsWith('/') ? !isThere(provides, constants.R_OK) : findProgram(provides) === null,
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
  const said = outcome.error?.message ?? outcome.stderr.trim().split('\n').slice(-5).join('\n');
  throw new Error(`apt-get ${arguments_[0] ?? ''} failed: ${said}`);
}

/** Installs what is missing of `needs`; throws a sentence where that cannot be done. */
export function ensureDebianPackages(needs: readonly Need[] = NEEDS): void {
  const absent = missing(needs);
  if (absent.length === 0) return;
  const names = absent.map(({ name }) => name).join(', ');
  const packages = absent.map(({ debianPackage }) => debianPackage);
  console.log(`Installing ${names} (only this once)`);
  try {
    apt(['update']);
    // Daemons of these packages need not start: the tests start their own.
    apt(['install', '--yes', '--no-install-recommends', ...packages]);
  } catch (cause) {
    throw new Error(
      `The tests need ${names}; installing the Debian packages ${packages.join(' ')} failed. ` +
        `Install them by hand. (${cause instanceof Error ? cause.message : String(cause)})`,
      { cause },
    );
  }
  const still = missing(absent);
  if (still.length > 0) {
    throw new Error(`Installed ${packages.join(' ')}, but cannot find ${still[0]?.provides ?? ''}.`);
  }
}
