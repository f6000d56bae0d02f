/** Warns before memory runs out: once when the heap passes a share of its limit, with what it is made of. */
import { getHeapStatistics } from 'node:v8';
import type { CancelTimer, Clock } from '../shared/clock.js';
import type { Logger } from './logger.js';

/** What is used and what there is, in bytes. */
export interface MemoryFigures {
  readonly heapUsed: number;
  readonly heapLimit: number;
  readonly rss: number;
  readonly external: number;
  readonly arrayBuffers: number;
}

/** Options. */
export interface MemoryWatchOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** What else to log: how much is open. */
  readonly breakdown: () => Readonly<Record<string, number>>;
  /** @default this process's */
  readonly read?: (() => MemoryFigures) | undefined;
}

const PERIOD_MS = 10_000;
const WARN_SHARE = 0.8;
/** Heap share below which the warning is armed again. */
const RESET_SHARE = 0.7;

function figures(): MemoryFigures {
  const { heapUsed, rss, external, arrayBuffers } = process.memoryUsage();
  return { heapUsed, rss, external, arrayBuffers, heapLimit: getHeapStatistics().heap_size_limit };
}

/** Begins to watch; the returned function ends it. */
export function watchMemory({ clock, logger, breakdown, read = figures }: MemoryWatchOptions): () => void {
  let hasWarned = false;
  let timer: CancelTimer;
  function tick(): void {
    const memory = read();
    const share = memory.heapUsed / memory.heapLimit;
    if (share >= WARN_SHARE && !hasWarned) {
      hasWarned = true;
      logger.warn({ ...memory, ...breakdown() }, 'memory low: raise the heap limit or reduce watchers');
    } else if (share < RESET_SHARE) hasWarned = false;
    timer = clock.setTimer(PERIOD_MS, tick);
  }
  timer = clock.setTimer(PERIOD_MS, tick);
  return () => timer();
}
