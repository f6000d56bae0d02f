/**
 * A subscription's events as a hand-written async iterator: `return()` takes effect at once, even while a `next()` is
 * pending, so that a quiet subscription does not outlive its socket.
 */

/** A source that values are pulled from. */
export interface StreamSource<T> {
  /** The next value; null if there is none now. */
  take(): T | null;
  /** Null while more may come; afterwards how it ended. */
  readonly end: { readonly error: Error | null } | null;
  close(): void;
}

/** An iterator, and the function by which its source signals news. */
export interface EventStream<T> {
  readonly iterator: AsyncIterableIterator<T> & { return(): Promise<IteratorResult<T>> };
  /** There is something to take, or nothing more to come. */
  wake(): void;
}

interface PendingNext<T> {
  readonly resolve: (result: IteratorResult<T>) => void;
  readonly reject: (error: Error) => void;
}

const DONE: IteratorResult<never> = Object.freeze({ done: true, value: undefined });

/** See `EventStream`. A class, since there may be very many: its methods are shared. */
class PulledStream<T> implements EventStream<T>, AsyncIterableIterator<T> {
  private pending: PendingNext<T> | null = null;
  private finished = false;

  constructor(private readonly source: StreamSource<T>) {}

  get iterator(): this {
    return this;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  wake(): void {
    if (this.pending === null) return;
    const { source } = this;
    const value = source.take();
    if (value === null && source.end === null) return;
    const { resolve, reject } = this.pending;
    this.pending = null;
    if (value !== null) {
      resolve({ done: false, value });
      return;
    }
    this.finished = true;
    const error = source.end?.error ?? null;
    if (error === null) resolve(DONE);
    else reject(error);
  }

  next(): Promise<IteratorResult<T>> {
    if (this.finished) return Promise.resolve(DONE);
    if (this.pending !== null) return Promise.reject(new Error('One next() at a time.'));
    return new Promise<IteratorResult<T>>((resolve, reject) => {
      this.pending = { resolve, reject };
      this.wake();
    });
  }

  return(): Promise<IteratorResult<T>> {
    this.finished = true;
    this.source.close();
    this.pending?.resolve(DONE);
    this.pending = null;
    return Promise.resolve(DONE);
  }
}

/** Creates an iterator over a source; one `next()` at a time, as every GraphQL server calls it. */
export function createEventStream<T>(source: StreamSource<T>): EventStream<T> {
  return new PulledStream(source);
}
