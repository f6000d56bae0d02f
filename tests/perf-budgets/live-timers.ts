/** Counts the active timers of this process by wrapping the global functions. */

/** A count that is kept until `restore`. */
export interface LiveTimers {
  readonly count: number;
  restore(): void;
}

/** Starts counting; timers set before are not counted. */
export function countLiveTimers(): LiveTimers {
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  const live = new Set<unknown>();
  const setCounted = (task: (...args: unknown[]) => void, delayMs?: number, ...args: unknown[]) => {
    const timer = setTimeout(() => {
      live.delete(timer);
      task(...args);
    }, delayMs);
    live.add(timer);
    return timer;
  };
  const clearCounted = (timer: Parameters<typeof clearTimeout>[0]) => {
    live.delete(timer);
    clearTimeout(timer);
  };
  const repeatCounted = (task: (...args: unknown[]) => void, delayMs?: number, ...args: unknown[]) => {
    const timer = setInterval(task, delayMs, ...args);
    live.add(timer);
    return timer;
  };
  Object.assign(globalThis, {
    setTimeout: setCounted,
    clearTimeout: clearCounted,
    setInterval: repeatCounted,
    clearInterval: clearCounted,
  });
  return {
    get count() {
      return live.size;
    },
    restore: () => void Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval }),
  };
}
