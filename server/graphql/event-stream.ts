/**
 * A subscription's events as an async iterator written by hand: `return()` is immediate, also while a `next()` waits,
 * so that a quiet subscription does not outlive its socket.
 */

/** A source that is pulled from, and says when it is worth pulling. */
export interface StreamSource<T> {
  /** The next value; null where none waits. */
  take(): T | null;
  /** Null while more may come; afterwards how it ended. */
  readonly end: { readonly error: Error | null } | null;
  close(): void;
}

/** An iterator, and what its source calls when there is news. */
export interface EventStream<T> {
  readonly iterator: AsyncIterableIterator<T> & { return(): Promise<IteratorResult<T>> };
  /** There is something to take, or nothing more to come. */
  wake(): void;
}

interface Waiting<T> {
  readonly resolve: (result: IteratorResult<T>) => void;
  readonly reject: (error: Error) => void;
}

/** Makes an iterator over a source; one `next()` at a time, as every GraphQL server calls it. */
export function createEventStream<T>(source: StreamSource<T>): EventStream<T> {
  let waiting: Waiting<T> | null = null;
  let finished = false;
  const DONE: IteratorResult<T> = { done: true, value: undefined };

  function wake(): void {
    if (waiting === null) return;
    const value = source.take();
    if (value === null && source.end === null) return;
    const { resolve, reject } = waiting;
    waiting = null;
    if (value !== null) {
      resolve({ done: false, value });
      return;
    }
    finished = true;
    const error = source.end?.error ?? null;
    if (error === null) resolve(DONE);
    else reject(error);
  }

  const iterator = {
    [Symbol.asyncIterator]: () => iterator,
    next: () => {
      if (finished) return Promise.resolve(DONE);
      if (waiting !== null) return Promise.reject(new Error('One next() at a time.'));
      return new Promise<IteratorResult<T>>((resolve, reject) => {
        waiting = { resolve, reject };
        wake();
      });
    },
    return: () => {
      finished = true;
      source.close();
      waiting?.resolve(DONE);
      waiting = null;
      return Promise.resolve(DONE);
    },
  };
  return { iterator, wake };
}
