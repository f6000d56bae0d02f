/**
 * One watcher of one project: what it was told, what waits for it, and how it ends. The project's watch feeds it, a
 * transport takes from it; neither knows the other.
 */
import type { IngestionEvent } from '@ingestion-progress/schema';
import type { ProgressError } from '../shared/errors.js';
import { createWatchQueue } from './watch-queue.js';
import { firstPosition, firstStep, nextStep } from './watch-rule.js';
import type { WatchPosition, WatchStep, WatchTarget } from './watch-rule.js';

/** Why nothing more will come. */
export type WatchEnd =
  | { readonly kind: 'completed' }
  | { readonly kind: 'failed'; readonly error: ProgressError }
  /** It took too little for too long; its connection should be closed with 1013. */
  | { readonly kind: 'overflowed' }
  /** Its own transport let go. */
  | { readonly kind: 'closed' };

/** A watcher as its transport sees it. */
export interface Watch {
  readonly target: WatchTarget;
  /** The next event; null where none waits. */
  take(): IngestionEvent | null;
  /** Set once nothing more will come behind what waits. */
  readonly end: WatchEnd | null;
  /** Events that wait. */
  readonly waiting: number;
  /** Lets go at once; what waits is dropped. A second call does no harm. */
  close(): void;
  /** Ends it with an error behind what waits: access was withdrawn, a token expired. */
  fail(error: ProgressError): void;
}

/** Who takes what a watcher is told. */
export interface WatchReader {
  /** There is something to take, or nothing more to come; perhaps also before the watch is handed out. */
  ready(): void;
}

/** What a watcher asks of the project's watch. */
export interface WatcherOwner {
  /** It ended: tell it nothing more. What waits for it may still be taken. */
  leave(watcher: Watcher): void;
  /** An update was replaced by a newer one while it waited. */
  conflated(): void;
  /** Nothing waits any more for one that has ended: forget it. */
  finished(watcher: Watcher): void;
  /** It ended because another ingestion is to start: complete it if none does. */
  awaitTakeover(watcher: Watcher, endedAt: number): void;
  /** Another ingestion runs: tell it the last state of its own, then complete it. */
  finishSuperseded(watcher: Watcher, ingestionId: string): void;
}

/** See the file's head. A class, since there may be very many: methods are shared, and a field costs eight bytes. */
export class Watcher implements Watch {
  readonly target: WatchTarget;
  end: WatchEnd | null = null;
  readonly #owner: WatcherOwner;
  readonly #reader: WatchReader;
  readonly #queue = createWatchQueue();
  #position: WatchPosition;
  #joining = true;
  #superseded = false;

  constructor(target: WatchTarget, owner: WatcherOwner, reader: WatchReader) {
    this.target = target;
    this.#owner = owner;
    this.#reader = reader;
    this.#position = firstPosition(target);
  }

  get waiting(): number {
    return this.#queue.size;
  }

  get position(): WatchPosition {
    return this.#position;
  }

  /** The snapshot, which holds what came meanwhile; from now on, what is newer. (invariant: subscribe-before-read) */
  begin(snapshot: IngestionEvent, chain: readonly string[]): void {
    if (this.end !== null) return;
    this.#joining = false;
    this.#apply(firstStep(this.target, firstPosition(this.target, chain), snapshot));
  }

  /** Tells an event, where the rule says so. */
  offer(event: IngestionEvent): void {
    if (this.end !== null || this.#joining || this.#superseded) return;
    this.#apply(nextStep(this.target, this.#position, event));
  }

  /** The last state of a superseded ingestion, where it is news, and the end. */
  finish(event: IngestionEvent | null): void {
    if (this.end !== null) return;
    if (event !== null && event.revision > this.#position.revision) this.#queue.push(event, false);
    this.#conclude({ kind: 'completed' });
  }

  take(): IngestionEvent | null {
    const event = this.#queue.shift();
    if (this.end !== null && this.#queue.size === 0) this.#owner.finished(this);
    return event;
  }

  close(): void {
    this.#queue.clear();
    if (this.end === null) {
      this.end = { kind: 'closed' };
      this.#owner.leave(this);
    }
    this.#owner.finished(this);
  }

  fail(error: ProgressError): void {
    if (this.end === null) this.#conclude({ kind: 'failed', error });
  }

  #apply(step: WatchStep): void {
    if (step.kind === 'ignore') return;
    if (step.kind === 'superseded') {
      this.#superseded = true;
      const { ingestionId } = this.#position;
      if (ingestionId !== null) this.#owner.finishSuperseded(this, ingestionId);
      return;
    }
    this.#position = step.position;
    if (this.#queue.hasMerged) this.#owner.conflated();
    if (!this.#queue.push(step.event, step.mergeable)) {
      this.#queue.clear();
      this.#conclude({ kind: 'overflowed' });
      return;
    }
    if (step.then === 'complete') {
      this.#conclude({ kind: 'completed' });
      return;
    }
    if (step.then === 'after-takeover') {
      const { progress, timestamp } = step.event;
      this.#owner.awaitTakeover(this, progress?.completedAt ?? timestamp);
    }
    this.#reader.ready();
  }

  #conclude(end: WatchEnd): void {
    this.end = end;
    this.#owner.leave(this);
    this.#reader.ready();
  }
}
