/**
 * A job in its own process. It reports one ingestion after another for each of its projects until it receives `finish` or
 * `hold` on standard input, or is killed. On standard output it writes what it is about to report and what was
 * acknowledged, one JSON object per line. Run as `node --import tsx job.ts JSON`.
 */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { createReporter, ReporterError, type ReporterRun } from '@ingestion-progress/server/reporter';

/** The position in a project: the number of the ingestion, and the phase to continue with. */
export interface JobPosition {
  readonly projectId: string;
  readonly number: number;
  readonly phase: number;
}

/** The configuration of the job. */
export interface JobConfig {
  readonly endpoint: string;
  readonly token: string;
  readonly positions: readonly JobPosition[];
}

/** A line about a project: `starting`, `phase` and `ending` before the report is sent, the others after its answer. */
export type JobLine = {
  readonly projectId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
} & (
  | { readonly event: 'starting' | 'started' | 'abandoned'; readonly id: string; readonly number: number }
  | { readonly event: 'phase'; readonly id: string; readonly phase: number }
  | { readonly event: 'ending' | 'ended'; readonly id: string; readonly status: 'COMPLETED' | 'FAILED' }
  | { readonly event: 'rejected'; readonly id: string; readonly code: string; readonly message: string }
  /** After `hold`, when every report was answered: the position in the ingestion; the percent is the phase's. */
  | { readonly event: 'held'; readonly id: string; readonly phase: number; readonly percent: number }
  /** Nothing more will be reported for the project. */
  | { readonly event: 'done' }
);

const UPDATES_PER_PHASE = 4;
const UPDATE_EVERY_MS = 60;

const config = JSON.parse(process.argv[2] ?? '{}') as JobConfig;
let command: 'continue' | 'finish' | 'hold' = 'continue';
const received = (expected: string) => command === expected;
createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'finish' || line === 'hold') command = line;
  })
  // The parent process is gone.
  .on('close', () => process.exit(1));

/** Reports one ingestion of a project after another. */
async function ingestAll({ projectId, number: first, phase: firstPhase }: JobPosition): Promise<void> {
  const reporter = createReporter({ endpoint: config.endpoint, token: config.token, projectId });
  type Line = JobLine extends infer Each
    ? Each extends unknown
      ? Omit<Each, 'projectId' | 'at'>
      : never
    : never;
  const write = (line: Line) => console.log(JSON.stringify({ projectId, at: Date.now(), ...line }));

  let reached = { phase: 0, percent: 0 };

  const phases = async (run: ReporterRun, from: number, number: number) => {
    const { ingestionId: id } = run;
    for (let phase = from; phase <= 4; phase += 1) {
      write({ event: 'phase', id, phase });
      await run.emitPhaseStarted(phase, `Phase ${phase} of ${id}`);
      reached = { phase, percent: 0 };
      for (let step = 1; step <= UPDATES_PER_PHASE; step += 1) {
        if (received('finish') || run.signal.aborted) return;
        const metrics = { itemsProcessed: step, itemsTotal: UPDATES_PER_PHASE };
        reached = { phase, percent: (100 * step) / UPDATES_PER_PHASE };
        run.emitProgressUpdate(phase, reached.percent, metrics);
        await delay(UPDATE_EVERY_MS);
        // The last report is an update within the coalescing window of the one before.
        if (received('hold') && step > 1) return;
      }
      if (phase === 2 && number % 3 === 2) {
        await run.emitError(2, { errorCode: 'FLAKY', message: 'Retrying in a moment', recoverable: true });
      }
    }
  };

  const end = async (run: ReporterRun, number: number) => {
    const fails = number % 4 === 3 && command === 'continue';
    const status = fails ? 'FAILED' : 'COMPLETED';
    write({ event: 'ending', id: run.ingestionId, status });
    if (fails) await run.emitError(4, { errorCode: 'BROKEN', message: 'Irrecoverable', recoverable: false });
    else await run.emitComplete({ itemsProcessed: UPDATES_PER_PHASE, itemsFailed: 0 });
    write({ event: 'ended', id: run.ingestionId, status });
  };

  for (let number = first; command === 'continue'; number += 1) {
    const id = `run-${number}`;
    try {
      write({ event: 'starting', id, number });
      // The same key: a job that was killed goes on where it was, in the same attempt.
      const run = await reporter.startIngestion({ ingestionId: id, attemptKey: id });
      write({ event: 'started', id, number });
      await phases(run, number === first ? firstPhase : 1, number);
      if (run.signal.aborted) throw new ReporterError('CONFLICT', `aborted: ${String(run.signal.reason)}`);
      if (received('hold')) {
        await run.flush();
        write({ event: 'held', id, ...reached });
      } else await end(run, number);
    } catch (error) {
      if (!(error instanceof ReporterError)) throw error;
      write({ event: 'rejected', id, code: error.code, message: error.message });
      write({ event: 'abandoned', id, number });
    }
  }
  write({ event: 'done' });
  reporter.dispose();
}

await Promise.all(config.positions.map(ingestAll));
process.exit(0);
