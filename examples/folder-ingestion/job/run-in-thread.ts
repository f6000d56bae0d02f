/** Runs the pipeline in a worker thread, with the interface of `runPipeline`. */
import { Worker } from 'node:worker_threads';
import type { MetricsInput } from '@ingestion-progress/schema';
import type { PipelineResult } from '../pipeline/documents.js';
import type { PipelineListener, PipelineRequest } from '../pipeline/pipeline.js';

/** A message from the thread. */
export type ThreadMessage =
  | { readonly kind: 'phase'; readonly phase: number; readonly message: string }
  | {
      readonly kind: 'progress';
      readonly phase: number;
      readonly percent: number | null;
      readonly metrics: MetricsInput;
    }
  | { readonly kind: 'done'; readonly result: PipelineResult }
  | { readonly kind: 'failed'; readonly code: string | null; readonly message: string };

/** A run that failed. */
export class PipelineError extends Error {
  override readonly name = 'PipelineError';
  /** Node's error code, such as ENOSPC; null if there is none. */
  readonly code: string | null;

  constructor(code: string | null, message: string) {
    super(message);
    this.code = code;
  }
}

/** How long a thread may take to stop, in milliseconds; saving a large index blocks it for a while. */
const STOP_TIMEOUT_MS = 5_000;

/** Like `runPipeline`. Resolves or rejects when the thread has ended; until then, its files belong to it. */
export async function runInThread(
  request: PipelineRequest,
  listener: PipelineListener,
  signal: AbortSignal,
): Promise<PipelineResult> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./ingestion-thread.js', import.meta.url), { workerData: request });
  let outcome: Extract<ThreadMessage, { kind: 'done' | 'failed' }> | null = null;
  let timeout: NodeJS.Timeout | undefined;
  const stop = (): void => {
    worker.postMessage('stop');
    timeout = setTimeout(() => void worker.terminate(), STOP_TIMEOUT_MS);
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
    throw new PipelineError(code, code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'Out of memory.' : String(error));
  } finally {
    clearTimeout(timeout);
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  return resultOf(outcome);
}

function resultOf(outcome: Extract<ThreadMessage, { kind: 'done' | 'failed' }> | null): PipelineResult {
  if (outcome === null) throw new PipelineError(null, 'The thread exited without a result.');
  if (outcome.kind === 'failed') throw new PipelineError(outcome.code, outcome.message);
  return outcome.result;
}
