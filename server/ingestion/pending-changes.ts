/**
 * Changes of one project that wait to be reduced, in order of arrival: updates in their producers' buffers, and changes
 * held until the 500 ms window opens. The project decides when the queue is drained, the throttle how soon that may be.
 * (invariant: last-update-delivered)
 */
import type { ProgressUpdateReport } from '@ingestion-progress/schema';
import type { CancelTimer, Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import type { Change, ChangeResult, Delivery } from '../progress/change.js';
import type { IngestionRecord } from '../progress/record.js';
import { reduce, type Reducer, type ReduceResult } from '../progress/reduce.js';

/** One or more updates of a phase, merged. */
export interface MergedUpdate extends Pick<
  ProgressUpdateReport,
  'phase' | 'progressPercent' | 'metrics' | 'part' | 'sequence' | 'message'
> {
  /** The request that brought the last of them, for the log. */
  readonly requestId?: string | undefined;
  /** How many updates it is made of. */
  readonly merges: number;
}

/** Where the updates of one producer (an emitter or a run) are buffered. */
export interface ProducerHandle {
  /** Null: the running ingestion. */
  readonly ingestionId: string | null;
  /** Key of the attempt that reports; null if it has none. */
  readonly attemptKey: string | null;
  /** Called for an update that was rejected; nobody awaits it. */
  readonly onRejected: (error: ProgressError) => void;
  /** Empties the buffer, in order of arrival. */
  drain(): readonly MergedUpdate[];
  /** True while the handle is in its project's queue. */
  isQueued: boolean;
}

/** A change that waits. */
export interface PendingChange {
  readonly reducer: Reducer;
  readonly resolve: (result: ChangeResult) => void;
  readonly reject: (error: ProgressError) => void;
  /** Monotonic; null if it may wait as long as it takes. */
  readonly deadlineAt: number | null;
  /** True once it was resolved, rejected or timed out. */
  readonly isSettled: () => boolean;
  /** The request that caused it, for the log; absent for a job in this process. */
  readonly requestId?: string | undefined;
  /** How many reports it is made of. @default 1 */
  readonly merges?: number;
  /** Its position in the order of arrival at its project; set by the project. */
  order: number;
}

/** A pending change, and the promise of its result: rejected with `UNAVAILABLE` after `timeoutMs`. */
export function createPendingChange(
  clock: Clock,
  reducer: Reducer,
  timeoutMs: number,
  requestId?: string,
): { readonly pending: PendingChange; readonly result: Promise<ChangeResult> } {
  let isSettled = false;
  let settle: (outcome: ChangeResult | ProgressError) => void = () => undefined;
  const result = new Promise<ChangeResult>((resolve, reject) => {
    const cancelTimer = clock.setTimer(timeoutMs, () =>
      settle(new ProgressError('UNAVAILABLE', `Not stored within ${timeoutMs / 1000} s; retry.`)),
    );
    settle = (outcome) => {
      if (isSettled) return;
      isSettled = true;
      cancelTimer();
      if (outcome instanceof ProgressError) reject(outcome);
      else resolve(outcome);
    };
  });
  const pending = {
    reducer,
    resolve: settle,
    reject: settle,
    deadlineAt: clock.monotonicNow() + timeoutMs,
    isSettled: () => isSettled,
    requestId,
    order: 0,
  };
  return { pending, result };
}

/** The pending changes of one project. */
export class PendingQueue {
  private changes: PendingChange[] = [];
  private readonly producers: ProducerHandle[] = [];
  private arrivals = 0;
  /** How often the queue was drained. */
  drains = 0;

  constructor(
    private readonly projectId: string,
    /** Called before each rejection of an update that nobody awaits. */
    private readonly onRejection: () => void,
  ) {}

  /** Changes held, updates in their buffers not counted. */
  get size(): number {
    return this.changes.length;
  }

  get isEmpty(): boolean {
    return this.changes.length === 0 && this.producers.length === 0;
  }

  /** The next position in the order of arrival. */
  nextOrder(): number {
    this.arrivals += 1;
    return this.arrivals;
  }

  /** Adds a producer whose buffer is no longer empty. */
  addProducer(producer: ProducerHandle): void {
    if (producer.isQueued) return;
    producer.isQueued = true;
    this.producers.push(producer);
  }

  /** Adds changes, or puts them back, each at its position. */
  add(...changes: readonly PendingChange[]): void {
    this.changes = [...this.changes, ...changes].sort((a, b) => a.order - b.order);
  }

  /** Empties the queue and the buffers. */
  drain(): PendingChange[] {
    this.drains += 1;
    // Held changes are older than what the buffers have gathered since.
    const drained = this.changes;
    this.changes = [];
    for (const producer of this.producers.splice(0)) {
      producer.isQueued = false;
      for (const update of producer.drain()) drained.push(this.fromUpdate(producer, update));
    }
    return drained;
  }

  /** What an operation at this position drained, and what was put back since of that which arrived before it. */
  upTo(order: number, drained: readonly PendingChange[]): PendingChange[] {
    const earlier = this.changes.filter((pending) => pending.order < order);
    this.changes = this.changes.filter((pending) => pending.order >= order);
    return [...earlier, ...drained].sort((a, b) => a.order - b.order);
  }

  private fromUpdate(producer: ProducerHandle, merged: MergedUpdate): PendingChange {
    const { merges, requestId, ...update } = merged;
    const { ingestionId, attemptKey } = producer;
    const report = { ...update, projectId: this.projectId, ingestionId, attemptKey };
    return {
      reducer: (base, nowMs) => reduce(base, { type: 'progress_update', report }, nowMs),
      resolve: () => undefined,
      reject: (error) => {
        this.onRejection();
        producer.onRejected(error);
      },
      deadlineAt: null,
      merges,
      requestId,
      isSettled: () => false,
      order: this.nextOrder(),
    };
  }
}

/** Least time between two coalesced events of a project, in milliseconds: two a second. */
export const WINDOW_MS = 500;

/** When a project's coalesced events may go out: at the leading and the trailing edge of the window. */
export class Throttle {
  private opensAt = Number.NEGATIVE_INFINITY;
  private cancelTimer: CancelTimer | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly flush: () => void,
  ) {}

  /** True if an event may go out now. */
  isOpen(): boolean {
    return this.clock.monotonicNow() >= this.opensAt;
  }

  /** Flushes as soon as the window allows: now, or once at its end. */
  requestFlush(): void {
    if (this.cancelTimer !== null) return;
    const delayMs = this.opensAt - this.clock.monotonicNow();
    if (delayMs <= 0) {
      this.flush();
      return;
    }
    this.cancelTimer = this.clock.setTimer(delayMs, () => {
      this.cancelTimer = null;
      this.flush();
    });
  }

  /** An event went out, here or `ageMs` ago on another server: the next coalesced one waits for the window. */
  recordEvent(ageMs = 0): void {
    this.opensAt = Math.max(this.opensAt, this.clock.monotonicNow() - ageMs + WINDOW_MS);
  }

  /** Stops the timer. */
  dispose(): void {
    this.cancelTimer?.();
    this.cancelTimer = null;
  }
}

/** The changes from the head of a list that are committed together. */
export interface Batch {
  /** How many of the list it took. */
  readonly size: number;
  /** Their result; null if nothing changes. */
  readonly change: Change | null;
  readonly delivery: Delivery;
  /** The result of each. */
  readonly results: readonly ReduceResult[];
}

/** Reduces from the head of the list as many changes as may be coalesced into one event, or one that may not. */
export function reduceBatch(
  base: IngestionRecord | null,
  list: readonly PendingChange[],
  nowMs: number,
): Batch {
  const results: ReduceResult[] = [];
  let change = null as Change | null;
  for (const pending of list) {
    const result = pending.reducer(change?.record ?? base, nowMs);
    if (result.kind === 'changed') {
      if (result.delivery !== 'coalesced') {
        if (change !== null) break;
        const { delivery } = result;
        return { size: results.length + 1, change: result.change, delivery, results: [...results, result] };
      }
      const { record, payload, note = change?.note } = result.change;
      const merged = {
        record,
        payload: payload.type === 'snapshot' ? (change?.payload ?? payload) : payload,
      };
      change = note === undefined ? merged : { ...merged, note };
    }
    results.push(result);
  }
  return { size: results.length, change, delivery: 'coalesced', results };
}
