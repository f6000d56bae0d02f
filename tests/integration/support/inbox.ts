/** Values that arrive when they please, read in order; none is missed, and waiting has a deadline. */

export interface Inbox<T> {
  put(value: T): void;
  /** The next value, come already or not. */
  next(): Promise<T>;
  /** Reads on until a value fits; resolves with it. */
  until(fits: (value: T) => boolean): Promise<T>;
  /** Everything that ever came. */
  readonly all: readonly T[];
  readonly unread: number;
}

/** @param deadlineMs Milliseconds that `next` waits before it rejects. */
export function createInbox<T>(name: string, deadlineMs = 20_000): Inbox<T> {
  const all: T[] = [];
  let read = 0;
  let wake: (() => void) | null = null;

  async function next(): Promise<T> {
    if (read === all.length) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`${name}: nothing came in ${deadlineMs} ms`)),
          deadlineMs,
        );
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    read += 1;
    return all[read - 1] as T;
  }

  return {
    put: (value) => {
      all.push(value);
      wake?.();
      wake = null;
    },
    next,
    until: async (fits) => {
      for (;;) {
        const value = await next();
        if (fits(value)) return value;
      }
    },
    all,
    get unread() {
      return all.length - read;
    },
  };
}
