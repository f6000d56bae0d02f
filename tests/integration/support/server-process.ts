/** The server as a process of its own, built, by its main file and its environment alone. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { createInbox } from './inbox.js';
import type { Inbox } from './inbox.js';
import { SECRET } from './running-server.js';

const MAIN = new URL('../../../server/dist/main.js', import.meta.url).pathname;

export interface ServerProcess {
  readonly child: ChildProcess;
  /** Lines on standard output. */
  readonly lines: Inbox<string>;
  /** Everything on standard error, once it has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly errors: string }>;
  /** Resolves with its address once it listens. */
  listening(): Promise<string>;
}

/** Starts it with this environment beside a port of its own choosing and a secret. */
export function spawnServer(environment: Readonly<Record<string, string>>): ServerProcess {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is not there: npm run build first.`);
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'], PORT: '0', JWT_SECRET: SECRET, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInbox<string>('lines of the server', 60_000);
  createInterface({ input: child.stdout }).on('line', (line) => lines.put(line));
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += String(chunk);
  });
  const ended = new Promise<{ code: number | null; errors: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, errors }));
  });
  return {
    child,
    lines,
    ended,
    listening: async () => {
      const line = await lines.until((text) => text.includes('listening on'));
      const address = /listening on (http:\/\/[^\s"]+)/.exec(line)?.[1];
      if (address === undefined) throw new Error(`No address in: ${line}`);
      return address;
    },
  };
}
