/** When an element may draw: at most every 100 ms, never while the page is hidden, and again when it is shown. */

/** Least time between two renders, in ms. */
export const RENDER_INTERVAL_MS = 100;

/** Decides when the next render may happen. One for each element. */
export interface RenderPace {
  /** Resolves when a render may happen; null where it may happen now. */
  next(): Promise<void> | null;
  /** The element is on the page: waiting renders go on. */
  start(): void;
  /** The element left the page: no timer and no listener stays. */
  stop(): void;
}

/** A pace on the page's clock and visibility. */
export function createRenderPace(): RenderPace {
  let lastRenderAt = -Infinity;
  let isStarted = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let resolve: (() => void) | null = null;

  const release = (): void => {
    const waiting = resolve;
    resolve = null;
    lastRenderAt = performance.now();
    waiting?.();
  };
  const arm = (): void => {
    clearTimeout(timer);
    if (resolve === null || !isStarted || document.hidden) return;
    timer = setTimeout(release, Math.max(0, lastRenderAt + RENDER_INTERVAL_MS - performance.now()));
  };

  return {
    next: () => {
      const now = performance.now();
      if (lastRenderAt === -Infinity || (!document.hidden && now - lastRenderAt >= RENDER_INTERVAL_MS)) {
        lastRenderAt = now;
        return null;
      }
      return new Promise((done) => {
        resolve = done;
        arm();
      });
    },
    start: () => {
      isStarted = true;
      document.addEventListener('visibilitychange', arm);
      arm();
    },
    stop: () => {
      isStarted = false;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', arm);
    },
  };
}
