/** The demo, or the production server, as a process of its own: what it says, how it ends, and an end with the test. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** The repository. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const SECRET = 'a secret of thirty-two characters, at least';

export interface Process {
  /** Where it listens, once it says so. Rejects where it ends before. */
  readonly url: Promise<string>;
  /** Exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Everything that it has said so far. */
  readonly output: string;
  /** Resolves once it has said something like this. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
}

export interface ProcessOptions {
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
}

const DEADLINE_MS = 120_000;

function run(command: string, args: readonly string[], { dataDir, env = {} }: ProcessOptions): Process {
  const child = spawn(command, args, {
    cwd: ROOT,
    // A group of its own, so that a signal reaches what npm has started.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PORT: '0', DATA_DIR: dataDir, JWT_SECRET: SECRET, ...env },
  });
  let output = '';
  const listeners = new Set<() => void>();
  const keep = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
    for (const listener of listeners) listener();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = once(child, 'close').then(([code]) => code as number | null);
  void ended.then(() => keep(Buffer.of()));
  onTestFinished(async () => {
    if (isRunning(child)) signal('SIGKILL');
    await ended;
  });

  function signal(name: NodeJS.Signals): void {
    if (child.pid !== undefined && isRunning(child)) process.kill(-child.pid, name);
  }

  function said(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`Never said ${String(pattern)}, but: ${output}`)),
        DEADLINE_MS,
      );
      const look = (): void => {
        const found = pattern.exec(output);
        if (found === null && isRunning(child)) return;
        clearTimeout(timer);
        listeners.delete(look);
        if (found !== null) resolve(found);
        else reject(new Error(`Ended without saying ${String(pattern)}, but: ${output}`));
      };
      listeners.add(look);
      look();
    });
  }

  const url = said(/http:\/\/127\.0\.0\.1:\d+/).then(([address]) => address);
  url.catch(() => {});
  return {
    url,
    ended,
    said,
    signal,
    get output() {
      return output;
    },
  };
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** The demo without a build: it must stand. */
export function startDemo(args: readonly string[], options: ProcessOptions): Process {
  return run(process.execPath, ['examples/folder-ingestion/dist/main.js', ...args], options);
}

/** `npm start`, or another script, as a newcomer types it. */
export function startNpm(args: readonly string[], options: ProcessOptions): Process {
  return run('npm', args, options);
}

/** The production server without a build. */
export function startServe(options: ProcessOptions): Process {
  return run(process.execPath, ['server/dist/main.js'], options);
}
