/**
 * A job in a process of its own, that reports one ingestion after the other until it is told to finish or to hold, or
 * is killed. Says on standard output what it is about to report and what was acknowledged, a JSON object a line; hears
 * `finish` or `hold` on standard input. Run as `node --import tsx job.ts JSON`.
 */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { createReporter, ReporterError, type ReporterRun } from '@ingestion-progress/server/reporter';

/** What the job is told at its start. */
export interface JobOrders {
  readonly endpoint: string;
  readonly token: string;
  readonly projectId: string;
  /** The first ingestion's number, and the phase at which to go on with it. */
  readonly number: number;
  readonly phase: number;
}

/** What the job says: `starting`, `phase` and `ending` before the report is sent, the others after it was answered. */
export type JobLine =
  | { readonly says: 'starting' | 'started' | 'over'; readonly id: string; readonly number: number }
  | { readonly says: 'phase'; readonly id: string; readonly phase: number }
  | { readonly says: 'ending' | 'ended'; readonly id: string; readonly status: 'COMPLETED' | 'FAILED' }
  | { readonly says: 'refused'; readonly id: string; readonly code: string; readonly message: string }
  | { readonly says: 'finished' | 'held' };

const UPDATES_A_PHASE = 5;
const UPDATE_EVERY_MS = 80;

const orders = JSON.parse(process.argv[2] ?? '{}') as JobOrders;
const say = (line: JobLine) => console.log(JSON.stringify(line));
let order: 'go-on' | 'finish' | 'hold' = 'go-on';
createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'finish' || line === 'hold') order = line;
  })
  // Whoever ran us is gone.
  .on('close', () => process.exit(1));

const reporter = createReporter({
  endpoint: orders.endpoint,
  token: orders.token,
  projectId: orders.projectId,
});

/** The name of an ingestion. */
const idOf = (number: number) => `run-${number}`;

async function phases(run: ReporterRun, from: number, number: number): Promise<void> {
  for (let phase = from; phase <= 4; phase += 1) {
    say({ says: 'phase', id: run.ingestionId, phase });
    await run.emitPhaseStarted(phase, `Phase ${phase} of ${run.ingestionId}`);
    for (let step = 1; step <= UPDATES_A_PHASE; step += 1) {
      if (order !== 'go-on' || run.signal.aborted) return;
      run.emitProgressUpdate(phase, (100 * step) / UPDATES_A_PHASE, {
        itemsProcessed: step,
        itemsTotal: UPDATES_A_PHASE,
      });
      await delay(UPDATE_EVERY_MS);
    }
    if (phase === 2 && number % 3 === 2) {
      await run.emitError(2, { errorCode: 'FLAKY', message: 'Again in a moment', recoverable: true });
    }
  }
}

async function end(run: ReporterRun, number: number): Promise<void> {
  const fails = number % 4 === 3 && order === 'go-on';
  const status = fails ? 'FAILED' : 'COMPLETED';
  say({ says: 'ending', id: run.ingestionId, status });
  if (fails) await run.emitError(4, { errorCode: 'BROKEN', message: 'For good', recoverable: false });
  else await run.emitComplete({ itemsProcessed: UPDATES_A_PHASE, itemsFailed: 0 });
  say({ says: 'ended', id: run.ingestionId, status });
}

async function ingest(number: number, from: number): Promise<void> {
  const id = idOf(number);
  try {
    say({ says: 'starting', id, number });
    const run = await reporter.startIngestion({ ingestionId: id });
    say({ says: 'started', id, number });
    await phases(run, from, number);
    if (run.signal.aborted)
      throw new ReporterError('CONFLICT', `the signal aborted: ${String(run.signal.reason)}`);
    if (order === 'hold') await run.flush();
    else await end(run, number);
  } catch (error) {
    if (!(error instanceof ReporterError)) throw error;
    say({ says: 'refused', id, code: error.code, message: error.message });
    say({ says: 'over', id, number });
  }
}

for (let number = orders.number; order === 'go-on'; number += 1) {
  await ingest(number, number === orders.number ? orders.phase : 1);
}
say({ says: order === 'hold' ? 'held' : 'finished' });
reporter.dispose();
process.exit(0);
