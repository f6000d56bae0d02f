/** Runs the demo or the production server in its own process until the test has finished; records its output. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const SECRET = 'a secret of thirty-two characters, at least';

export interface Process {
  /** Its address, as soon as it prints it. Rejects if it exits before. */
  readonly url: Promise<string>;
  /** Its exit code; null if a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Its output so far. */
  readonly output: string;
  /** Resolves when its output matches. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
}

export interface ProcessOptions {
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 120_000;

function run(command: string, args: readonly string[], { dataDir, env = {} }: ProcessOptions): Process {
  const child = spawn(command, args, {
    cwd: ROOT,
    // Its own process group, so that a signal also reaches the children of npm.
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

  function printed(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`Did not print ${String(pattern)}, but: ${output}`)),
        TIMEOUT_MS,
      );
      const check = (): void => {
        const found = pattern.exec(output);
        if (found === null && isRunning(child)) return;
        clearTimeout(timer);
        listeners.delete(check);
        if (found !== null) resolve(found);
        else reject(new Error(`Exited without printing ${String(pattern)}, but: ${output}`));
      };
      listeners.add(check);
      check();
    });
  }

  const url = printed(/http:\/\/127\.0\.0\.1:\d+/).then(([address]) => address);
  url.catch(() => {});
  return {
    url,
    ended,
    printed,
    signal,
    get output() {
      return output;
    },
  };
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** Starts the demo without building it. */
export function startDemo(args: readonly string[], options: ProcessOptions): Process {
  return run(process.execPath, ['examples/folder-ingestion/dist/main.js', ...args], options);
}

/** Runs `npm start` or another script, as a user would. */
export function startNpm(args: readonly string[], options: ProcessOptions): Process {
  return run('npm', args, options);
}

/** Starts the production server without building it. */
export function startServe(options: ProcessOptions): Process {
  return run(process.execPath, ['server/dist/main.js'], options);
}
