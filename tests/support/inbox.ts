/** Queues values that arrive at any time, so that a test reads them in order and misses none. Waiting has a timeout. */

/** A queue with one reader. */
export interface Inbox<T> {
  put(value: T): void;
  /** The next value; waits for it if necessary. */
  next(): Promise<T>;
  /** Reads until a value matches, and returns that one. */
  until(matches: (value: T) => boolean): Promise<T>;
  /** Every value received so far. */
  readonly all: readonly T[];
}

/** Creates an empty inbox. */
export function createInbox<T>(name: string, timeoutMs = 10_000): Inbox<T> {
  const all: T[] = [];
  let read = 0;
  let wake: (() => void) | null = null;

  const arrival = () =>
    new Promise<void>((resolve, reject) => {
      const late = () =>
        reject(new Error(`${name}: nothing received within ${timeoutMs} ms, after ${all.length} values`));
      const timer = setTimeout(late, timeoutMs);
      wake = () => {
        clearTimeout(timer);
        wake = null;
        resolve();
      };
    });

  const next = async (): Promise<T> => {
    while (read >= all.length) await arrival();
    read += 1;
    return all[read - 1] as T;
  };

  return {
    all,
    next,
    put: (value) => {
      all.push(value);
      wake?.();
    },
    until: async (matches) => {
      for (;;) {
        const value = await next();
        if (matches(value)) return value;
      }
    },
  };
}
