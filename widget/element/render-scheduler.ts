/**
 * When elements may draw: those of a page together, in turns at least 100 ms apart, so that many cost few frames; never
 * while the page is hidden, and again when it is shown.
 */

/** Least time between two turns, in ms. */
const TURN_MS = 100;
/** Most elements that draw in one frame, so that no task is long; the others of the turn draw in the frames after it. */
const SLICE = 25;
const FRAME_MS = 16;

/** Decides when the next render may happen. One for each element. */
export interface RenderPace {
  /** Resolves when a render may happen; null where it may happen now. */
  next(): Promise<void> | null;
  /** The element is on the page: waiting renders go on. */
  start(): void;
  /** The element left the page: no timer and no listener stays. */
  stop(): void;
}

/** Those on the page that wait, the first to come first. */
const queue = new Set<() => void>();
/** How many of them are still to draw in this turn. */
let left = 0;
let turnAt = -Infinity;
let timer: ReturnType<typeof setTimeout> | undefined;

function untilTurn(): number {
  return Math.max(0, TURN_MS - Math.abs(performance.now() - turnAt));
}

/** A timer and a listener for all, as long as one waits. */
function arm(): void {
  clearTimeout(timer);
  left = Math.min(left, queue.size);
  if (queue.size === 0) {
    document.removeEventListener('visibilitychange', arm);
  } else {
    document.addEventListener('visibilitychange', arm);
    if (!document.hidden) timer = setTimeout(draw, left > 0 ? FRAME_MS : untilTurn());
  }
}

function draw(): void {
  if (left === 0) {
    left = queue.size;
    turnAt = performance.now();
  }
  for (const release of [...queue].slice(0, Math.min(left, SLICE))) {
    left -= 1;
    release();
  }
  arm();
}

/** A pace on the page's clock and visibility. */
export function createRenderPace(): RenderPace {
  let hasDrawn = false;
  let isStarted = false;
  let resolve: (() => void) | null = null;

  const release = (): void => {
    queue.delete(release);
    resolve?.();
    resolve = null;
  };
  const enter = (): void => {
    if (resolve === null || !isStarted) return;
    queue.add(release);
    if (queue.size === 1) arm();
  };

  return {
    next: () => {
      if (!hasDrawn || (queue.size === 0 && !document.hidden && untilTurn() === 0)) {
        hasDrawn = true;
        turnAt = performance.now();
        return null;
      }
      return new Promise((done) => {
        resolve = done;
        enter();
      });
    },
    start: () => {
      isStarted = true;
      enter();
    },
    stop: () => {
      isStarted = false;
      queue.delete(release);
      if (queue.size === 0) arm();
    },
  };
}
