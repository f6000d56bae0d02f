/** A real server in its own process, run from the sources; records its output and is ended by a signal. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Variables of the server, by name. */
export type ServerEnvironment = Readonly<Record<string, string>>;

/** A running server. */
export interface ServerProcess {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Its output so far, standard output and standard error. */
  readonly output: string;
  /** Resolves with its exit code; null if a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Sends SIGTERM and waits for the exit; sends SIGKILL after `timeoutMs`. Calling it twice does no harm. @default 30_000 */
  stop(timeoutMs?: number): Promise<number | null>;
  /** Sends SIGKILL and waits for the exit. */
  kill(): Promise<number | null>;
}

/** The secret of these servers. */
export const SECRET = 'a secret of the tests, 32 characters or more';

const STOP_TIMEOUT_MS = 30_000;
const LISTENING = /listening on http:\/\/[^:]+:(\d+)/;

/** Starts a server and waits until it listens. Rejects with its output if it exits before. */
export async function startServerProcess(
  environment: ServerEnvironment,
  nodeOptions: readonly string[] = [],
): Promise<ServerProcess> {
  const sources = ['--conditions=source', '--import', 'tsx', 'server/main.ts'];
  const child = spawn(process.execPath, [...nodeOptions, ...sources], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      // An unhandled rejection must be a crash.
      NODE_OPTIONS: '--unhandled-rejections=strict',
      JWT_SECRET: SECRET,
      HOST: '127.0.0.1',
      PORT: '0',
      ...environment,
    },
  });
  const chunks: string[] = [];
  const output = () => chunks.join('');
  child.stderr.setEncoding('utf8').on('data', (text: string) => chunks.push(text));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const listening = new Promise<number>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      chunks.push(`${line}\n`);
      const port = LISTENING.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
  const port = await Promise.race([
    listening,
    ended.then((code) => {
      throw new Error(`The server exited with ${String(code)} before it listened:\n${output()}`);
    }),
  ]);

  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    get output() {
      return output();
    },
    ended,
    stop: async (timeoutMs = STOP_TIMEOUT_MS) => {
      if (!isOver()) child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      const code = await ended;
      clearTimeout(late);
      return code;
    },
    kill: () => {
      if (!isOver()) child.kill('SIGKILL');
      return ended;
    },
  };
}
