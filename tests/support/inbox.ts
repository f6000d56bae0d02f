/** Values that come when they please, read in order: none is missed, and waiting for one has a deadline. */

/** A queue with one reader. */
export interface Inbox<T> {
  put(value: T): void;
  /** The next value, come already or not. */
  next(): Promise<T>;
  /** Reads on until a value fits, and gives that. */
  until(fits: (value: T) => boolean): Promise<T>;
  /** Everything that ever came. */
  readonly all: readonly T[];
}

/** Makes an empty inbox. */
export function createInbox<T>(name: string, deadlineMs = 10_000): Inbox<T> {
  const all: T[] = [];
  let read = 0;
  let wake: (() => void) | null = null;

  const arrival = () =>
    new Promise<void>((resolve, reject) => {
      const late = () =>
        reject(new Error(`${name}: nothing came within ${deadlineMs} ms, after ${all.length}`));
      const timer = setTimeout(late, deadlineMs);
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
    until: async (fits) => {
      for (;;) {
        const value = await next();
        if (fits(value)) return value;
      }
    },
  };
}
