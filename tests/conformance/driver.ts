/** Talks with a kit's driver, one JSON object per line. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** A line that the driver wrote. */
export interface DriverLine {
  /** The command that has returned. */
  readonly done?: string;
  /** The code of the error with which it returned. */
  readonly error?: string;
  readonly event?: string;
  readonly cancelRequested?: boolean;
}

/** How the driver's process ended. */
export interface DriverEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Milliseconds from the last command, or the end of its input. */
  readonly afterMs: number;
}

/** A running driver. */
export interface Driver {
  readonly errors: () => string;
  /** Sends a command; resolves with the line that it has returned. */
  do(command: string, fields?: object): Promise<DriverLine>;
  /** Resolves with the first line, written already or not, of which this is true. */
  line(isIt: (line: DriverLine) => boolean): Promise<DriverLine>;
  kill(signal: NodeJS.Signals): void;
  /** Ends its input: the job's code is done. */
  end(): void;
  readonly ended: Promise<DriverEnd>;
}

/** Starts a driver, which ends with the test. */
export function startDriver([program = '', ...args]: readonly string[]): Driver {
  const child = spawn(program, args);
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: DriverLine[] = [];
  const waiting = new Set<() => void>();
  let errors = '';
  let askedAt = performance.now();
  const wake = (): void => {
    for (const each of waiting) each();
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(JSON.parse(line) as DriverLine);
    wake();
  });
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.stdin.on('error', () => undefined);
  let isOver = false;
  const ended = once(child, 'close').then(([code, signal]): DriverEnd => {
    isOver = true;
    wake();
    return {
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      afterMs: performance.now() - askedAt,
    };
  });
  const wait = (from: number, isIt: (line: DriverLine) => boolean): Promise<DriverLine> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = lines.slice(from).find(isIt);
        if (found === undefined && !isOver) return;
        waiting.delete(look);
        if (found !== undefined) resolve(found);
        else reject(new Error(`The driver ended without this line: ${errors}`));
      };
      waiting.add(look);
      look();
    });
  return {
    errors: () => errors,
    do(command, fields = {}) {
      askedAt = performance.now();
      const from = lines.length;
      child.stdin.write(`${JSON.stringify({ do: command, ...fields })}\n`);
      return wait(from, ({ done }) => done === command);
    },
    line: (isIt) => wait(0, isIt),
    kill(signal) {
      askedAt = performance.now();
      child.kill(signal);
    },
    end() {
      askedAt = performance.now();
      child.stdin.end();
    },
    ended,
  };
}
