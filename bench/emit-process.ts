/** The process of one emitter: its calls per second, and what each call allocates. */
import { PerformanceObserver } from 'node:perf_hooks';
import { createBullEmitter } from './emitters/bullmq.js';
import type { Emitter, EmitterName } from './emitters/emitter.js';
import { createOurEmitter } from './emitters/ingestion-progress.js';
import { createZodEmitter } from './emitters/zod-alone.js';
import { answerCalls } from './harness/child.js';
import { pause, sharedNow } from './harness/time.js';

/** Calls of this process. */
export interface EmitCalls {
  open(setting: { readonly redisPort: number }): Promise<void>;
  /** Reports for this long; resolves to calls per second. */
  rate(setting: { readonly durationMs: number; readonly batch: number }): Promise<number>;
  /** Bytes per call, over this many calls; null if a garbage collection happened. */
  allocated(setting: { readonly calls: number }): Promise<number | null>;
  /** Whether a watcher would read the last report. */
  isLastReportStored(): Promise<boolean>;
}

const name = process.argv[2] as EmitterName;
let emitter: Emitter | null = null;
let next = 1;
let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ['gc'] });

function create(redisPort: number): Emitter {
  if (name === 'ingestion-progress') return createOurEmitter();
  return name === 'BullMQ' ? createBullEmitter(redisPort) : createZodEmitter();
}

function opened(): Emitter {
  if (emitter === null) throw new Error('Not opened.');
  return emitter;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

answerCalls<EmitCalls>({
  open: async ({ redisPort }) => {
    emitter = create(redisPort);
    await emitter.open();
  },
  rate: async ({ durationMs, batch }) => {
    const startedAt = sharedNow();
    let calls = 0;
    let now = startedAt;
    while (now - startedAt < durationMs) {
      await opened().report(batch, next);
      next += batch;
      calls += batch;
      // A real job yields to the event loop: timers and writes are part of the cost.
      await turn();
      now = sharedNow();
    }
    return (1000 * calls) / (now - startedAt);
  },
  allocated: async ({ calls }) => {
    globalThis.gc?.();
    // The observer is notified of a collection some turns later.
    await pause(50);
    const collectionsBefore = collections;
    const before = process.memoryUsage().heapUsed;
    await opened().report(calls, next);
    const after = process.memoryUsage().heapUsed;
    next += calls;
    await pause(50);
    return collections === collectionsBefore ? (after - before) / calls : null;
  },
  isLastReportStored: async () => {
    // The window ends within 500 ms, followed by an event.
    await pause(700);
    return (await opened().lastReported()) === next - 1;
  },
});
