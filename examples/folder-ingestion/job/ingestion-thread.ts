/** The worker thread that runs the pipeline, so that the server's event loop is never blocked. Sends `ThreadMessage`. */
import { parentPort, workerData } from 'node:worker_threads';
import { runPipeline, type PipelineRequest } from '../pipeline/pipeline.js';
import type { ThreadMessage } from './run-in-thread.js';

if (parentPort === null) throw new Error('This file is a worker thread. Run main.js instead.');
const port = parentPort;
const post = (message: ThreadMessage): void => port.postMessage(message);

const stop = new AbortController();
// The only message that this thread receives means stop.
port.once('message', () => stop.abort(new Error('The run was stopped.')));

try {
  const result = await runPipeline(
    workerData as PipelineRequest,
    {
      phaseStarted: (phase, message) => post({ kind: 'phase', phase, message }),
      progress: (phase, percent, metrics) => post({ kind: 'progress', phase, percent, metrics }),
    },
    stop.signal,
  );
  post({ kind: 'done', result });
} catch (error) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : null;
  post({ kind: 'failed', code, message: error instanceof Error ? error.message : String(error) });
}
port.close();
