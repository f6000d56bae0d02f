/** Runs a server program in its own process. Its port and directory survive a restart, so a test can start, pause, kill and restart it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What to run, and how to detect that it is ready. */
export interface DaemonOptions {
  readonly name: string;
  readonly program: string;
  readonly arguments: (port: number, directory: string) => readonly string[];
  readonly env?: (port: number) => Readonly<Record<string, string>>;
  /** Polled until it returns true. @default the port accepts connections */
  readonly ready?: (port: number) => Promise<boolean>;
  /** A file to which its output is also written. */
  readonly logFile?: string;
}

/** A program that a test controls. */
export interface Daemon extends AsyncDisposable {
  readonly port: number;
  readonly directory: string;
  /** Also false if it exited by itself. */
  isRunning(): boolean;
  /** Starts or restarts it. Resolves when it is ready. */
  start(): Promise<void>;
  /** Sends SIGTERM and waits until it has exited. */
  stop(): Promise<void>;
  /** Sends SIGKILL and waits until it has exited. */
  kill(): Promise<void>;
  /** Sends SIGSTOP and waits until every thread is stopped: the kernel accepts connections, but nothing answers. */
  pause(): void;
  /** Sends SIGCONT. */
  resume(): void;
  /** Kills it and deletes its directory. Calling it twice does no harm. */
  dispose(): Promise<void>;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Whether the port accepts connections. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
  });
}

/** Child processes; killed when this process exits, however it exits. */
const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Long, because a machine that runs many suites at once is slow. A healthy start never takes this long. */
const START_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 50;

/** Creates a daemon; it is not started yet. */
export async function createDaemon(options: DaemonOptions): Promise<Daemon> {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), `${options.name}-`));
  const ready = options.ready ?? accepts;
  let child: ChildProcess | null = null;
  let output = '';

  const end = async (signal: NodeJS.Signals) => {
    const ending = child;
    if (ending === null) return;
    child = null;
    if (ending.exitCode !== null || ending.signalCode !== null) return;
    const exited = once(ending, 'exit');
    // A stopped process handles no signal but SIGKILL until it continues.
    ending.kill('SIGCONT');
    ending.kill(signal);
    await exited;
  };

  const start = async () => {
    if (child !== null) throw new Error(`${options.name} is already running.`);
    output = '';
    const started = spawn(options.program, options.arguments(port, directory), {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env?.(port) },
    });
    child = started;
    children.add(started);
    started.once('close', () => children.delete(started));
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-4_000);
      if (options.logFile !== undefined) appendFileSync(options.logFile, chunk);
    };
    started.stdout.on('data', keep);
    started.stderr.on('data', keep);
    started.once('error', (error) => keep(Buffer.from(String(error))));
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (!(await ready(port))) {
      if (started.exitCode !== null || started.signalCode !== null || performance.now() > deadline) {
        child = null;
        started.kill('SIGKILL');
        throw new Error(`${options.name} did not start on port ${port}: ${output}`);
      }
      await delay(POLL_INTERVAL_MS);
    }
  };

  const dispose = async () => {
    await end('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };

  return {
    port,
    directory,
    isRunning: () => child !== null && child.exitCode === null && child.signalCode === null,
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    pause: () => {
      if (child?.pid === undefined) return;
      child.kill('SIGSTOP');
      waitUntilStopped(child.pid);
    },
    resume: () => void child?.kill('SIGCONT'),
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

/** A signal takes time to reach each thread, and a running one may still answer. `T` is the state "stopped" of proc(5). */
function waitUntilStopped(pid: number): void {
  const deadline = performance.now() + 5_000;
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return;
  const isStopped = (task: string) => /\) T /.test(readFileSync(`${tasks}/${task}/stat`, 'utf8'));
  while (!readdirSync(tasks).every(isStopped)) {
    if (performance.now() > deadline) throw new Error(`Process ${pid} did not stop within 5 s of SIGSTOP.`);
  }
}
