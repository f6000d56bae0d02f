// Types of the adapter for BullMQ, with the real package.
import { withProgress } from '@ingestion-progress/server/bullmq';
import { Worker, type Processor } from 'bullmq';

interface Book {
  readonly project: string;
}

const processor: Processor<Book, number> = withProgress<Book, number>(
  async (job, token, signal, run) => {
    signal.throwIfAborted();
    await job.updateProgress({ done: 1, total: 2 });
    await run?.emitPhaseStarted(1, token ?? '');
    return job.data.project.length;
  },
  { endpoint: 'http://127.0.0.1:4000/graphql', token: 't', projectId: (job) => job.data.project },
);
export const start = () => new Worker<Book, number>('books', processor, { connection: {} });
