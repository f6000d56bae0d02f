/**
 * Schedules the renders of all elements on a page together, in cycles at least 100 ms apart, so that many elements cost few
 * frames. Nothing renders while the page is hidden.
 */
import { outsideZones } from '../client/index.js';

/** Minimum time between two cycles, in ms. */
const CYCLE_MS = 100;
/** Most elements that render in one frame, so that no task is long; the rest of the cycle follows in the next frames. */
const MAX_PER_FRAME = 25;
const FRAME_MS = 16;

/** Decides when the next render may happen. One for each element. */
export interface RenderScheduler {
  /** Resolves when the element may render; null if it may render now. */
  next(): Promise<void> | null;
  /** The element was connected: pending renders continue. */
  start(): void;
  /** The element was disconnected: releases timer and listener. */
  stop(): void;
}

/** Connected elements that wait to render, in order. */
const queue = new Set<() => void>();
/** How many of them have yet to render in this cycle. */
let remainingInCycle = 0;
let cycleStartedAt = -Infinity;
let timer: ReturnType<typeof setTimeout> | undefined;

function delayToNextCycle(): number {
  return Math.max(0, CYCLE_MS - Math.abs(performance.now() - cycleStartedAt));
}

/** One timer and one listener for all elements, while any waits. */
function schedule(): void {
  clearTimeout(timer);
  remainingInCycle = Math.min(remainingInCycle, queue.size);
  if (queue.size === 0) {
    document.removeEventListener('visibilitychange', schedule);
  } else {
    document.addEventListener('visibilitychange', schedule);
    if (!document.hidden) {
      timer = outsideZones(() => setTimeout(flush, remainingInCycle > 0 ? FRAME_MS : delayToNextCycle()));
    }
  }
}

function flush(): void {
  if (remainingInCycle === 0) {
    remainingInCycle = queue.size;
    cycleStartedAt = performance.now();
  }
  for (const grant of [...queue].slice(0, Math.min(remainingInCycle, MAX_PER_FRAME))) {
    remainingInCycle -= 1;
    grant();
  }
  schedule();
}

/** Makes the scheduler of one element. */
export function createRenderScheduler(): RenderScheduler {
  let hasRendered = false;
  let isStarted = false;
  let resolve: (() => void) | null = null;

  const grant = (): void => {
    queue.delete(grant);
    resolve?.();
    resolve = null;
  };
  const enqueue = (): void => {
    if (resolve === null || !isStarted) return;
    queue.add(grant);
    if (queue.size === 1) schedule();
  };

  return {
    next: () => {
      if (!hasRendered || (queue.size === 0 && !document.hidden && delayToNextCycle() === 0)) {
        hasRendered = true;
        cycleStartedAt = performance.now();
        return null;
      }
      return new Promise((done) => {
        resolve = done;
        enqueue();
      });
    },
    start: () => {
      isStarted = true;
      enqueue();
    },
    stop: () => {
      isStarted = false;
      queue.delete(grant);
      if (queue.size === 0) schedule();
    },
  };
}
