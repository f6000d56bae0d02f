/** The worker thread in which the pipeline runs, so that the server's event loop stays free. Speaks `ThreadMessage`. */
import { parentPort, workerData } from 'node:worker_threads';
import { runPipeline, type PipelineRequest } from '../pipeline/pipeline.js';
import type { ThreadMessage } from './run-in-thread.js';

if (parentPort === null) throw new Error('This is a worker thread; run main.js instead.');
const port = parentPort;
const tell = (message: ThreadMessage): void => port.postMessage(message);

const stop = new AbortController();
// The only thing that is ever said to this thread.
port.once('message', () => stop.abort(new Error('The run was stopped.')));

try {
  const result = await runPipeline(
    workerData as PipelineRequest,
    {
      phaseStarted: (phase, message) => tell({ kind: 'phase', phase, message }),
      progress: (phase, percent, metrics) => tell({ kind: 'progress', phase, percent, metrics }),
    },
    stop.signal,
  );
  tell({ kind: 'done', result });
} catch (error) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : null;
  tell({ kind: 'failed', code, message: error instanceof Error ? error.message : String(error) });
}
port.close();
