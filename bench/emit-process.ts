/** The process of one way to report progress: how many calls a second, and what each allocates. */
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
  /** Reports for so long; resolves to calls a second. */
  rate(setting: { readonly durationMs: number; readonly batch: number }): Promise<number>;
  /** Bytes that one call allocates, over so many calls without a collection; null where one came between. */
  allocated(setting: { readonly calls: number }): Promise<number | null>;
  /** Whether what was reported last is what a watcher would read. */
  isRight(): Promise<boolean>;
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
      // A job gives the event loop its turn now and then: timers and writes are part of the price.
      await turn();
      now = sharedNow();
    }
    return (1000 * calls) / (now - startedAt);
  },
  allocated: async ({ calls }) => {
    globalThis.gc?.();
    // The observer hears of a collection some turns later.
    await pause(50);
    const collectionsBefore = collections;
    const before = process.memoryUsage().heapUsed;
    await opened().report(calls, next);
    const after = process.memoryUsage().heapUsed;
    next += calls;
    await pause(50);
    return collections === collectionsBefore ? (after - before) / calls : null;
  },
  isRight: async () => {
    // The window's end comes within 500 ms, and an event after it.
    await pause(700);
    return (await opened().lastReported()) === next - 1;
  },
});
