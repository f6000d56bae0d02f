/** Counts the items of a loop and reports the count by a timer, so that an item costs an addition and no clock. */
import type { Clock } from './clock.js';

/** How a loop is reported. */
export interface TrackOptions {
  readonly phase: number;
  /** Begins the phase with this message. @default the first report begins it */
  readonly message?: string;
  /** How many items there are. @default the length or size of the items, if they have one */
  readonly total?: number;
  /** Worker or shard that the items are of. @default none */
  readonly part?: string;
}

/** What a loop needs of its run. */
export interface TrackedRun {
  readonly signal: AbortSignal;
  readonly cancelRequested: boolean;
  emitPhaseStarted(phase: number, message: string): Promise<unknown>;
  emitProgressUpdate(
    phase: number,
    percent: null,
    metrics: { readonly itemsProcessed: number; readonly itemsTotal?: number },
    options: { readonly part?: string },
  ): void;
}

/** Milliseconds between two reports. */
const REPORT_INTERVAL_MS = 500;

/** Wraps a loop: `for (const item of run.track(items, { phase: 2 }))`, or `for await`. */
export interface Track {
  <T>(items: Iterable<T>, options: TrackOptions): IterableIterator<T>;
  <T>(items: AsyncIterable<T>, options: TrackOptions): AsyncIterableIterator<T>;
}

/** Creates the function that wraps the loops of a run. */
export function createTrack(run: TrackedRun, clock: Pick<Clock, 'setTimer'>): Track {
  const track = (items: Iterable<unknown> | AsyncIterable<unknown>, options: TrackOptions): unknown => {
    const counter = createCounter(run, clock, totalOf(items, options), options);
    return Symbol.asyncIterator in items ? trackAsync(items, counter) : trackSync(items, counter);
  };
  return track as Track;
}

function totalOf(items: object, { total }: TrackOptions): number | undefined {
  if (total !== undefined) return total;
  const size = 'length' in items ? items.length : 'size' in items ? items.size : undefined;
  return typeof size === 'number' ? size : undefined;
}

interface Counter {
  /** Items that the loop has been given; all but the last are done. */
  given: number;
  /** Whether a person asked to cancel. */
  readonly isCancelled: boolean;
  /** What the loop then throws. */
  reason(): unknown;
  /** Reports the items that are done, and no more after that. */
  finish(done: number): void;
}

function createCounter(
  run: TrackedRun,
  clock: Pick<Clock, 'setTimer'>,
  total: number | undefined,
  { phase, message, part }: TrackOptions,
): Counter {
  let reported = -1;
  let isCancelled = run.cancelRequested;
  let cancelTimer = (): void => {};
  const report = (done: number): void => {
    if (done === reported) return;
    reported = done;
    const metrics = { itemsProcessed: done, ...(total === undefined ? {} : { itemsTotal: total }) };
    run.emitProgressUpdate(phase, null, metrics, part === undefined ? {} : { part });
  };
  const tick = (): void => {
    report(Math.max(0, counter.given - 1));
    cancelTimer = clock.setTimer(REPORT_INTERVAL_MS, tick);
  };
  const onAbort = (): void => {
    // If its reports are rejected, the loop goes on: only a person stops a job.
    isCancelled = run.cancelRequested;
    cancelTimer();
  };
  const counter: Counter = {
    given: 0,
    get isCancelled() {
      return isCancelled;
    },
    reason: () => run.signal.reason as unknown,
    finish(done) {
      cancelTimer();
      run.signal.removeEventListener('abort', onAbort);
      if (!run.signal.aborted || run.cancelRequested) report(done);
    },
  };
  // A rejection aborts the run's signal, or is told by the run.
  if (message !== undefined) run.emitPhaseStarted(phase, message).catch(() => {});
  run.signal.addEventListener('abort', onAbort);
  if (!run.signal.aborted) tick();
  return counter;
}

function trackSync(items: Iterable<unknown>, counter: Counter): IterableIterator<unknown> {
  const iterator = items[Symbol.iterator]();
  const leave = (): void => {
    counter.finish(Math.max(0, counter.given - 1));
    iterator.return?.();
  };
  return {
    [Symbol.iterator]() {
      return this;
    },
    next() {
      if (counter.isCancelled) {
        leave();
        throw counter.reason();
      }
      const result = iterator.next();
      if (result.done === true) counter.finish(counter.given);
      else counter.given += 1;
      return result;
    },
    return(value?: unknown) {
      leave();
      return { done: true, value };
    },
  };
}

function trackAsync(items: AsyncIterable<unknown>, counter: Counter): AsyncIterableIterator<unknown> {
  const iterator = items[Symbol.asyncIterator]();
  const leave = async (): Promise<void> => {
    counter.finish(Math.max(0, counter.given - 1));
    await iterator.return?.();
  };
  const throwReason = (): never => {
    throw counter.reason();
  };
  const count = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result.done === true) counter.finish(counter.given);
    else counter.given += 1;
    return result;
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next() {
      // Not async: that would cost another promise for each item.
      return counter.isCancelled ? leave().then(throwReason) : iterator.next().then(count);
    },
    async return(value?: unknown) {
      await leave();
      return { done: true, value };
    },
  };
}
