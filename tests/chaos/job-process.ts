/** Controls the job's process: starts, kills and resumes it, and records what it reported. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { tokenFor } from '../support/tokens.js';
import type { JobLine, JobConfig } from './job.js';

const SCRIPT = fileURLToPath(new URL('./job.ts', import.meta.url));

/** An ending that the server acknowledged to the job. */
export interface AcknowledgedEnding {
  readonly id: string;
  readonly status: string;
}

/** A report that was rejected. */
export interface Rejection {
  readonly id: string;
  readonly code: string;
  readonly message: string;
  /** True if an earlier process of the job may have ended the ingestion without receiving the answer. */
  readonly isExpected: boolean;
}

/** An acknowledged start or ending, with the times of its report and of its answer. */
export interface Acknowledgement extends AcknowledgedEnding {
  readonly projectId: string;
  readonly reportedAt: number;
  readonly acknowledgedAt: number;
}

/** The position of the job after `hold`, by what was acknowledged. */
export interface HeldPosition {
  readonly id: string;
  readonly phase: number;
  readonly percent: number;
}

/** What the job reported for one project. */
export interface JobRecord {
  /** Everything that had to be stored before it was acknowledged. */
  readonly acknowledgements: readonly Acknowledgement[];
  /** When the job first reported the ending of an ingestion. */
  readonly endingAt: ReadonlyMap<string, number>;
  readonly held: HeldPosition | null;
  readonly rejections: readonly Rejection[];
  /** Ids in the order of their starts. */
  readonly started: readonly string[];
  readonly endings: readonly AcknowledgedEnding[];
}

/** Called for each acknowledgement as soon as the job has received it. */
export type OnAcknowledged = (acknowledgement: Acknowledgement) => void;

/** The job. */
export interface JobProcess {
  recordOf(projectId: string): JobRecord;
  /** Starts or resumes it, with the server at this address. */
  start(endpoint: string): void;
  kill(): Promise<void>;
  /** Resolves when it is done in every project; rejects if the process exits before. */
  send(command: 'finish' | 'hold'): Promise<void>;
}

/** The growing record of a project, and the job's position in it. */
interface MutableJobRecord {
  readonly acknowledgements: Acknowledgement[];
  readonly endingAt: Map<string, number>;
  /** When the job first reported the start of an ingestion. */
  readonly startingAt: Map<string, number>;
  held: HeldPosition | null;
  readonly endings: AcknowledgedEnding[];
  readonly rejections: Rejection[];
  readonly started: string[];
  /** Ingestions whose ending was sent, with the job's process in which that happened first. */
  readonly ending: Map<string, number>;
  number: number;
  phase: number;
}

function applyLine(
  record: MutableJobRecord,
  line: JobLine,
  process: number,
  onAcknowledged: OnAcknowledged,
): void {
  const { projectId, at: acknowledgedAt } = line;
  switch (line.event) {
    case 'starting':
      record.number = line.number;
      if (record.started.includes(line.id)) break;
      record.started.push(line.id);
      record.startingAt.set(line.id, line.at);
      break;
    case 'started': {
      const reportedAt = record.startingAt.get(line.id);
      if (reportedAt !== undefined)
        onAcknowledged({ projectId, id: line.id, status: 'started', reportedAt, acknowledgedAt });
      record.startingAt.delete(line.id);
      break;
    }
    case 'phase':
      record.phase = line.phase;
      break;
    case 'ending':
      if (!record.ending.has(line.id)) {
        record.ending.set(line.id, process);
        record.endingAt.set(line.id, line.at);
      }
      break;
    case 'ended':
      onAcknowledged({
        projectId,
        id: line.id,
        status: line.status,
        reportedAt: record.endingAt.get(line.id) ?? 0,
        acknowledgedAt,
      });
      record.endings.push({ id: line.id, status: line.status });
      record.number += 1;
      record.phase = 1;
      break;
    case 'rejected':
      record.rejections.push({ ...line, isExpected: (record.ending.get(line.id) ?? process) < process });
      break;
    case 'abandoned':
      record.number += 1;
      record.phase = 1;
      break;
    case 'held':
      record.held = line;
      break;
    case 'done':
      break;
  }
}

/** Creates a job; its process is not started yet. */
export function createJobProcess(projectIds: readonly string[], onAcknowledged: OnAcknowledged): JobProcess {
  const newRecord = (): MutableJobRecord => ({
    acknowledgements: [],
    endingAt: new Map(),
    startingAt: new Map(),
    held: null,
    endings: [],
    rejections: [],
    started: [],
    ending: new Map(),
    number: 1,
    phase: 1,
  });
  const records = new Map(projectIds.map((projectId) => [projectId, newRecord()]));
  const done = new Set<string>();
  let processes = 0;
  let child: ChildProcess | null = null;
  let onDone: (() => void) | null = null;

  const recordOf = (projectId: string): MutableJobRecord => {
    const record = records.get(projectId);
    if (record === undefined) throw new RangeError(`The job does not report for ${projectId}.`);
    return record;
  };

  const take = (line: JobLine) => {
    const record = recordOf(line.projectId);
    applyLine(record, line, processes, (acknowledgement) => {
      record.acknowledgements.push(acknowledgement);
      onAcknowledged(acknowledgement);
    });
    if (line.event === 'done') done.add(line.projectId);
    if (done.size === records.size) onDone?.();
  };

  const start = (endpoint: string) => {
    processes += 1;
    const config: JobConfig = {
      endpoint,
      token: tokenFor({ sub: 'job', scope: 'progress:write' }),
      positions: [...records].map(([projectId, { number, phase }]) => ({ projectId, number, phase })),
    };
    const job = spawn(
      process.execPath,
      ['--conditions=source', '--import', 'tsx', SCRIPT, JSON.stringify(config)],
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
    // What it wrote before is still in the pipe.
    await once(killed, 'close');
  };

  return {
    recordOf,
    start,
    kill,
    send: (command) =>
      new Promise((resolve, reject) => {
        const running = child;
        if (running === null) {
          reject(new Error('the job is not running'));
          return;
        }
        onDone = resolve;
        running.once('close', () => reject(new Error(`the job exited before it could ${command}`)));
        running.stdin?.write(`${command}\n`);
      }),
  };
}
