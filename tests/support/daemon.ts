/** A server program of the tests in a process of its own, on a port and a directory that survive it: started, paused, killed, started again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What to run, and how to know that it runs. */
export interface DaemonOptions {
  readonly name: string;
  readonly program: string;
  readonly arguments: (port: number, directory: string) => readonly string[];
  readonly env?: (port: number) => Readonly<Record<string, string>>;
  /** Asked again and again until true; where absent, the port takes connections. */
  readonly ready?: (port: number) => Promise<boolean>;
  /** Where everything that it says is written too. */
  readonly logFile?: string;
}

/** A program under a test's hand. */
export interface Daemon extends AsyncDisposable {
  readonly port: number;
  readonly directory: string;
  /** False also where it ended by itself. */
  isRunning(): boolean;
  /** Starts it, or starts it again after `kill` or `stop`. Resolves when it is ready. */
  start(): Promise<void>;
  /** SIGTERM, and waits for its end. */
  stop(): Promise<void>;
  /** SIGKILL, and waits for its end. */
  kill(): Promise<void>;
  /** SIGSTOP, and waits until every thread stands: it takes connections and answers nothing. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Kills it and deletes its directory. A second call does no harm. */
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

/** Whether something takes connections there. */
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

/** Children that go with this process, however it ends. */
const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Long, because a machine that runs many suites at once is slow; nothing waits this long where all is well. */
const START_DEADLINE_MS = 60_000;
const ASK_EVERY_MS = 50;

/** Makes a daemon that does not run yet. */
export async function createDaemon(options: DaemonOptions): Promise<Daemon> {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), `${options.name}-`));
  const ready = options.ready ?? accepts;
  let child: ChildProcess | null = null;
  let said = '';

  const end = async (signal: NodeJS.Signals) => {
    const ending = child;
    if (ending === null) return;
    child = null;
    if (ending.exitCode !== null || ending.signalCode !== null) return;
    const exited = once(ending, 'exit');
    // One that is stopped takes no other signal than SIGKILL before it goes on.
    ending.kill('SIGCONT');
    ending.kill(signal);
    await exited;
  };

  const start = async () => {
    if (child !== null) throw new Error(`${options.name} runs already.`);
    said = '';
    const started = spawn(options.program, options.arguments(port, directory), {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env?.(port) },
    });
    child = started;
    children.add(started);
    started.once('close', () => children.delete(started));
    const keep = (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-4_000);
      if (options.logFile !== undefined) appendFileSync(options.logFile, chunk);
    };
    started.stdout.on('data', keep);
    started.stderr.on('data', keep);
    started.once('error', (error) => keep(Buffer.from(String(error))));
    const deadline = performance.now() + START_DEADLINE_MS;
    while (!(await ready(port))) {
      if (started.exitCode !== null || started.signalCode !== null || performance.now() > deadline) {
        child = null;
        started.kill('SIGKILL');
        throw new Error(`${options.name} did not start on port ${port}: ${said}`);
      }
      await delay(ASK_EVERY_MS);
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

/** A signal takes its time to reach each thread, and one that still runs may answer; state `T` is proc(5)'s "stopped". */
function waitUntilStopped(pid: number): void {
  const deadline = performance.now() + 5_000;
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return;
  const stands = (task: string) => /\) T /.test(readFileSync(`${tasks}/${task}/stat`, 'utf8'));
  while (!readdirSync(tasks).every(stands)) {
    if (performance.now() > deadline) throw new Error(`Process ${pid} did not stop within 5 s of SIGSTOP.`);
  }
}
