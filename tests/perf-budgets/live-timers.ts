/** Counts the timers of this process that are alive, by standing in front of the global functions. */

/** A count that goes on until `restore`. */
export interface LiveTimers {
  readonly count: number;
  restore(): void;
}

/** Begins to count; timers that were set before are not counted. */
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
