/** Runs the pipeline in a worker thread, to be called as if it ran here. */
import { Worker } from 'node:worker_threads';
import type { MetricsInput, PhaseNumber } from '@ingestion-progress/schema';
import type { PipelineResult } from '../pipeline/documents.js';
import type { PipelineListener, PipelineRequest } from '../pipeline/pipeline.js';

/** What the thread says. */
export type ThreadMessage =
  | { readonly kind: 'phase'; readonly phase: PhaseNumber; readonly message: string }
  | {
      readonly kind: 'progress';
      readonly phase: PhaseNumber;
      readonly percent: number | null;
      readonly metrics: MetricsInput;
    }
  | { readonly kind: 'done'; readonly result: PipelineResult }
  | { readonly kind: 'failed'; readonly code: string | null; readonly message: string };

/** Why a run did not come to its end. */
export class PipelineError extends Error {
  override readonly name = 'PipelineError';
  /** Node's code, such as ENOSPC; null where there was none. */
  readonly code: string | null;

  constructor(code: string | null, message: string) {
    super(message);
    this.code = code;
  }
}

/** How long a thread may take to hear that it should stop, in ms; saving a large index holds it for a while. */
const STOP_DEADLINE_MS = 5_000;

/** As `runPipeline`. Resolves or rejects once the thread has ended, so that its files are its own until then. */
export async function runInThread(
  request: PipelineRequest,
  listener: PipelineListener,
  signal: AbortSignal,
): Promise<PipelineResult> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./ingestion-thread.js', import.meta.url), { workerData: request });
  let outcome: Extract<ThreadMessage, { kind: 'done' | 'failed' }> | null = null;
  let deadline: NodeJS.Timeout | undefined;
  const stop = (): void => {
    worker.postMessage('stop');
    deadline = setTimeout(() => void worker.terminate(), STOP_DEADLINE_MS);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (message: ThreadMessage) => {
        if (message.kind === 'phase') listener.phaseStarted(message.phase, message.message);
        else if (message.kind === 'progress')
          listener.progress(message.phase, message.percent, message.metrics);
        else outcome = message;
      });
      worker.on('error', reject);
      worker.on('exit', () => resolve());
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : null;
    throw new PipelineError(
      code,
      code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'The memory did not suffice.' : String(error),
    );
  } finally {
    clearTimeout(deadline);
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  return resultOf(outcome);
}

function resultOf(outcome: Extract<ThreadMessage, { kind: 'done' | 'failed' }> | null): PipelineResult {
  if (outcome === null) throw new PipelineError(null, 'The thread ended without a word.');
  if (outcome.kind === 'failed') throw new PipelineError(outcome.code, outcome.message);
  return outcome.result;
}
