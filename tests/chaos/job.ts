/**
 * A job in a process of its own, that reports one ingestion after the other of each of its projects until it is told to
 * finish or to hold, or is killed. Says on standard output what it is about to report and what was acknowledged, a JSON object a line; hears
 * `finish` or `hold` on standard input. Run as `node --import tsx job.ts JSON`.
 */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { createReporter, ReporterError, type ReporterRun } from '@ingestion-progress/server/reporter';

/** Where the job stands with a project: its ingestion's number, and the phase at which to go on with that. */
export interface JobPosition {
  readonly projectId: string;
  readonly number: number;
  readonly phase: number;
}

/** What the job is told at its start. */
export interface JobOrders {
  readonly endpoint: string;
  readonly token: string;
  readonly positions: readonly JobPosition[];
}

/** What the job says of a project: `starting`, `phase` and `ending` before the report is sent, the others after it was answered. */
export type JobLine = {
  readonly projectId: string;
  /** By the machine's clock, in milliseconds. */ readonly at: number;
} & (
  | { readonly says: 'starting' | 'started' | 'over'; readonly id: string; readonly number: number }
  | { readonly says: 'phase'; readonly id: string; readonly phase: number }
  | { readonly says: 'ending' | 'ended'; readonly id: string; readonly status: 'COMPLETED' | 'FAILED' }
  | { readonly says: 'refused'; readonly id: string; readonly code: string; readonly message: string }
  /** Told to hold, and everything said of it was answered: this far in this phase, the percent being the phase's. */
  | { readonly says: 'held'; readonly id: string; readonly phase: number; readonly percent: number }
  /** Nothing more will come of the project: it did as it was told. */
  | { readonly says: 'done' }
);

const UPDATES_A_PHASE = 4;
const UPDATE_EVERY_MS = 60;

const orders = JSON.parse(process.argv[2] ?? '{}') as JobOrders;
let order = 'go-on';
const isTold = (word: string) => order === word;
createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'finish' || line === 'hold') order = line;
  })
  // Whoever ran us is gone.
  .on('close', () => process.exit(1));

/** Reports one ingestion of a project after the other, as it was told. */
async function ingestAll({ projectId, number: first, phase: firstPhase }: JobPosition): Promise<void> {
  const reporter = createReporter({ endpoint: orders.endpoint, token: orders.token, projectId });
  type Said = JobLine extends infer Line
    ? Line extends unknown
      ? Omit<Line, 'projectId' | 'at'>
      : never
    : never;
  const say = (line: Said) => console.log(JSON.stringify({ projectId, at: Date.now(), ...line }));

  let reached = { phase: 0, percent: 0 };

  const phases = async (run: ReporterRun, from: number, number: number) => {
    const { ingestionId: id } = run;
    for (let phase = from; phase <= 4; phase += 1) {
      say({ says: 'phase', id, phase });
      await run.emitPhaseStarted(phase, `Phase ${phase} of ${id}`);
      reached = { phase, percent: 0 };
      for (let step = 1; step <= UPDATES_A_PHASE; step += 1) {
        if (isTold('finish') || run.signal.aborted) return;
        const metrics = { itemsProcessed: step, itemsTotal: UPDATES_A_PHASE };
        reached = { phase, percent: (100 * step) / UPDATES_A_PHASE };
        run.emitProgressUpdate(phase, reached.percent, metrics);
        await delay(UPDATE_EVERY_MS);
        // Its last word is an update that comes within a window, after another one.
        if (isTold('hold') && step > 1) return;
      }
      if (phase === 2 && number % 3 === 2) {
        await run.emitError(2, { errorCode: 'FLAKY', message: 'Again in a moment', recoverable: true });
      }
    }
  };

  const end = async (run: ReporterRun, number: number) => {
    const fails = number % 4 === 3 && order === 'go-on';
    const status = fails ? 'FAILED' : 'COMPLETED';
    say({ says: 'ending', id: run.ingestionId, status });
    if (fails) await run.emitError(4, { errorCode: 'BROKEN', message: 'For good', recoverable: false });
    else await run.emitComplete({ itemsProcessed: UPDATES_A_PHASE, itemsFailed: 0 });
    say({ says: 'ended', id: run.ingestionId, status });
  };

  for (let number = first; order === 'go-on'; number += 1) {
    const id = `run-${number}`;
    try {
      say({ says: 'starting', id, number });
      const run = await reporter.startIngestion({ ingestionId: id });
      say({ says: 'started', id, number });
      await phases(run, number === first ? firstPhase : 1, number);
      if (run.signal.aborted) throw new ReporterError('CONFLICT', `aborted: ${String(run.signal.reason)}`);
      if (isTold('hold')) {
        await run.flush();
        say({ says: 'held', id, ...reached });
      } else await end(run, number);
    } catch (error) {
      if (!(error instanceof ReporterError)) throw error;
      say({ says: 'refused', id, code: error.code, message: error.message });
      say({ says: 'over', id, number });
    }
  }
  say({ says: 'done' });
  reporter.dispose();
}

await Promise.all(orders.positions.map(ingestAll));
process.exit(0);
