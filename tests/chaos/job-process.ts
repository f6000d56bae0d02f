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

/** A start or an ending that was acknowledged: when the job began to report it, and when it had its answer. */
export interface Claim extends AcknowledgedEnding {
  readonly projectId: string;
  readonly saidAt: number;
  readonly answeredAt: number;
}

/** How far the job had come in a phase when it was told to hold, by what was acknowledged. */
export interface Held {
  readonly id: string;
  readonly phase: number;
  readonly percent: number;
}

/** What the job said of one project. */
export interface JobRecord {
  /** Everything that must have been stored before it was acknowledged. */
  readonly claims: readonly Claim[];
  /** When the job said first that it ends an ingestion. */
  readonly endingAt: ReadonlyMap<string, number>;
  readonly held: Held | null;
  readonly refusals: readonly Refusal[];
  /** Ids in the order of their starts. */
  readonly started: readonly string[];
  readonly endings: readonly AcknowledgedEnding[];
}

/** Told of each claim as soon as the job has its answer. */
export type OnClaim = (claim: Claim) => void;

/** The job. */
export interface JobProcess {
  of(projectId: string): JobRecord;
  /** Starts it, or starts it again, with the server at this address. */
  start(endpoint: string): void;
  kill(): Promise<void>;
  /** Resolves when it has done so in every project; rejects where it ends without. */
  order(word: 'finish' | 'hold'): Promise<void>;
}

/** The job's record of a project as it grows, and where it stands. */
interface Lane {
  readonly claims: Claim[];
  readonly endingAt: Map<string, number>;
  /** When the job said that it starts one that was never started before. */
  readonly startingAt: Map<string, number>;
  held: Held | null;
  readonly endings: AcknowledgedEnding[];
  readonly refusals: Refusal[];
  readonly started: string[];
  /** Ingestions whose ending was sent, and in which life of the job first. */
  readonly ending: Map<string, number>;
  number: number;
  phase: number;
}

function takeLine(lane: Lane, line: JobLine, life: number, claim: (claim: Claim) => void): void {
  const { projectId, at: answeredAt } = line;
  switch (line.says) {
    case 'starting':
      lane.number = line.number;
      if (lane.started.includes(line.id)) break;
      lane.started.push(line.id);
      lane.startingAt.set(line.id, line.at);
      break;
    case 'started': {
      const saidAt = lane.startingAt.get(line.id);
      if (saidAt !== undefined) claim({ projectId, id: line.id, status: 'started', saidAt, answeredAt });
      lane.startingAt.delete(line.id);
      break;
    }
    case 'phase':
      lane.phase = line.phase;
      break;
    case 'ending':
      if (!lane.ending.has(line.id)) {
        lane.ending.set(line.id, life);
        lane.endingAt.set(line.id, line.at);
      }
      break;
    case 'ended':
      claim({
        projectId,
        id: line.id,
        status: line.status,
        saidAt: lane.endingAt.get(line.id) ?? 0,
        answeredAt,
      });
      lane.endings.push({ id: line.id, status: line.status });
      lane.number += 1;
      lane.phase = 1;
      break;
    case 'refused':
      lane.refusals.push({ ...line, isExpected: (lane.ending.get(line.id) ?? life) < life });
      break;
    case 'over':
      lane.number += 1;
      lane.phase = 1;
      break;
    case 'held':
      lane.held = line;
      break;
    case 'done':
      break;
  }
}

/** Makes a job that does not run yet. */
export function createJobProcess(projectIds: readonly string[], onClaim: OnClaim): JobProcess {
  const newLane = (): Lane => ({
    claims: [],
    endingAt: new Map(),
    startingAt: new Map(),
    held: null,
    endings: [],
    refusals: [],
    started: [],
    ending: new Map(),
    number: 1,
    phase: 1,
  });
  const lanes = new Map(projectIds.map((projectId) => [projectId, newLane()]));
  const done = new Set<string>();
  let life = 0;
  let child: ChildProcess | null = null;
  let told: (() => void) | null = null;

  const of = (projectId: string): Lane => {
    const lane = lanes.get(projectId);
    if (lane === undefined) throw new RangeError(`The job knows nothing of ${projectId}.`);
    return lane;
  };

  const take = (line: JobLine) => {
    const lane = of(line.projectId);
    takeLine(lane, line, life, (claim) => {
      lane.claims.push(claim);
      onClaim(claim);
    });
    if (line.says === 'done') done.add(line.projectId);
    if (done.size === lanes.size) told?.();
  };

  const start = (endpoint: string) => {
    life += 1;
    const orders: JobOrders = {
      endpoint,
      token: tokenFor({ sub: 'job', scope: 'progress:write' }),
      positions: [...lanes].map(([projectId, { number, phase }]) => ({ projectId, number, phase })),
    };
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
    of,
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
  };
}
