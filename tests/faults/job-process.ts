/** The job as the run sees it: started, killed, started again where it left off; and what it said. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { tokenFor } from '../support/tokens.js';
import type { JobLine, JobOrders } from './job.js';

const SCRIPT = fileURLToPath(new URL('./job.ts', import.meta.url));

/** An ending that the server acknowledged to the job. */
export interface AcknowledgedEnding {
  readonly id: string;
  readonly status: string;
}

/** A report that was refused for good. */
export interface Refusal {
  readonly id: string;
  readonly code: string;
  readonly message: string;
  /** True where an earlier life of the job may have ended the ingestion without hearing that it had. */
  readonly isExpected: boolean;
}

/** The job. */
export interface JobProcess {
  readonly refusals: readonly Refusal[];
  /** Ids in the order of their starts. */
  readonly started: readonly string[];
  readonly endings: readonly AcknowledgedEnding[];
  /** Starts it, or starts it again, with the server at this address. */
  start(endpoint: string): void;
  kill(): Promise<void>;
  /** Resolves when it has said that it has; rejects where it ends without. */
  order(word: 'finish' | 'hold'): Promise<void>;
  dispose(): void;
}

/** Makes a job that does not run yet. */
export function createJobProcess(projectId: string): JobProcess {
  const endings: AcknowledgedEnding[] = [];
  const refusals: Refusal[] = [];
  const started: string[] = [];
  /** Ingestions whose ending was sent, and in which life of the job first. */
  const ending = new Map<string, number>();
  let life = 0;
  let child: ChildProcess | null = null;
  let number = 1;
  let phase = 1;
  let told: (() => void) | null = null;

  const take = (line: JobLine) => {
    switch (line.says) {
      case 'starting':
        if (line.number !== number) phase = 1;
        ({ number } = line);
        if (!started.includes(line.id)) started.push(line.id);
        break;
      case 'phase':
        ({ phase } = line);
        break;
      case 'ending':
        if (!ending.has(line.id)) ending.set(line.id, life);
        break;
      case 'ended':
        endings.push({ id: line.id, status: line.status });
        number += 1;
        break;
      case 'refused':
        refusals.push({ ...line, isExpected: (ending.get(line.id) ?? life) < life });
        break;
      case 'over':
        number += 1;
        break;
      case 'finished':
      case 'held':
        told?.();
        break;
      case 'started':
        break;
    }
  };

  const start = (endpoint: string) => {
    life += 1;
    const token = tokenFor({ sub: 'job', scope: 'progress:write' });
    const orders: JobOrders = { endpoint, token, projectId, number, phase };
    const job = spawn(
      process.execPath,
      ['--conditions=source', '--import', 'tsx', SCRIPT, JSON.stringify(orders)],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    child = job;
    createInterface({ input: job.stdout }).on('line', (text) => take(JSON.parse(text) as JobLine));
  };

  const kill = async () => {
    const killed = child;
    child = null;
    if (killed === null || killed.exitCode !== null || killed.signalCode !== null) return;
    killed.kill('SIGKILL');
    // What it said before stands in the pipe still.
    await once(killed, 'close');
  };

  return {
    endings,
    refusals,
    started,
    start,
    kill,
    order: (word) =>
      new Promise((resolve, reject) => {
        const running = child;
        if (running === null) {
          reject(new Error('the job does not run'));
          return;
        }
        told = resolve;
        running.once('close', () => reject(new Error('the job ended before it did as it was told')));
        running.stdin?.write(`${word}\n`);
      }),
    dispose: () => void kill(),
  };
}
