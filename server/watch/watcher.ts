/**
 * One watcher of one project: which events it gets (the rule: `follow`, a named ingestion, an ingestion that replaces
 * another), what is queued for it, and how it ends. The project watch offers it events, a transport takes them; neither
 * knows the other.
 */
import { isEnded } from '@ingestion-progress/schema';
import type { IngestionEvent, IngestionProgress } from '@ingestion-progress/schema';
import type { ProgressError } from '../shared/errors.js';

/** What a client asked to watch. */
export interface WatchTarget {
  readonly projectId: string;
  /** Watch this one and its retries; null for whatever the project ingests. */
  readonly ingestionId: string | null;
  /** Stay open after an ending. */
  readonly follow: boolean;
}

/** What a watcher has seen. */
export interface WatchPosition {
  /** Of the last delivered event; only newer ones are delivered (invariant: never-back). */
  readonly revision: number;
  /** The ingestion of the last delivered event; null if there was none. */
  readonly ingestionId: string | null;
  /** The named ingestion and its retries, oldest first; empty if none was named. */
  readonly chain: readonly string[];
}

/** What to do with an event. */
export type WatchStep =
  | { readonly kind: 'ignore' }
  | {
      readonly kind: 'deliver';
      readonly event: IngestionEvent;
      /** May be replaced by a newer one while it is queued (invariant: conflate-only-updates). */
      readonly mergeable: boolean;
      readonly position: WatchPosition;
      /** `after-takeover`: it was ended to start another one, which is awaited for a while. */
      readonly then: 'stay' | 'complete' | 'after-takeover';
    }
  /** Another ingestion runs that is not watched: the watched one is over, and its last state may not be delivered yet. */
  | { readonly kind: 'superseded' };

/** The error code of an ingestion that was ended to start the next one. */
const REPLACED = 'INGESTION_REPLACED';
const IGNORE: WatchStep = Object.freeze({ kind: 'ignore' });
const START: WatchPosition = Object.freeze({ revision: 0, ingestionId: null, chain: [] });

/** The position before anything was delivered. */
export function firstPosition(target: WatchTarget, chain: readonly string[] = []): WatchPosition {
  if (target.ingestionId === null && chain.length === 0) return START;
  const named = target.ingestionId === null ? [] : [target.ingestionId];
  return { revision: 0, ingestionId: null, chain: chain.length > 0 ? chain : named };
}

/** The snapshot event of a state. */
export function snapshotOf(
  projectId: string,
  progress: IngestionProgress | null,
  timestamp: number,
): IngestionEvent {
  return {
    projectId,
    ingestionId: progress?.id ?? null,
    revision: progress?.revision ?? 0,
    timestamp,
    progress,
    payload: { type: 'snapshot' },
  };
}

function nextAfter(target: WatchTarget, progress: IngestionProgress): 'stay' | 'complete' | 'after-takeover' {
  if (target.follow || !isEnded(progress)) return 'stay';
  return progress.error?.errorCode === REPLACED ? 'after-takeover' : 'complete';
}

/** Decides about one event for one watcher. */
type Decide = (target: WatchTarget, position: WatchPosition, event: IngestionEvent) => WatchStep;

interface Decision {
  readonly target: WatchTarget;
  readonly position: WatchPosition;
  readonly event: IngestionEvent;
  readonly step: WatchStep;
}

/** Whether the last decision is also right for this watcher. */
function isReusable(
  last: Decision,
  target: WatchTarget,
  position: WatchPosition,
  event: IngestionEvent,
): boolean {
  return (
    last.event === event &&
    last.position.ingestionId === position.ingestionId &&
    last.position.chain === position.chain &&
    last.position.revision < event.revision === position.revision < event.revision &&
    last.target.follow === target.follow &&
    last.target.ingestionId === target.ingestionId
  );
}

/**
 * Memoizes the last decision: the same event is offered to one watcher after the other, and those with the same target
 * and position share the step, its position, and the snapshot that may replace the event.
 */
function memoizeLast(decide: Decide): Decide {
  let last: Decision | null = null;
  return (target, position, event) => {
    if (last !== null && isReusable(last, target, position, event)) return last.step;
    const step = decide(target, position, event);
    last = { target, position, event, step };
    return step;
  };
}

/** Decides about the first snapshot of a subscription; `progress` is null if there is nothing to watch yet. */
export const firstStep = memoizeLast((target, position, event) => {
  const { progress } = event;
  return {
    kind: 'deliver',
    event,
    mergeable: false,
    position: { ...position, revision: event.revision, ingestionId: event.ingestionId },
    then: progress === null ? 'stay' : nextAfter(target, progress),
  };
});

/** Decides about an event that came after the first snapshot. */
export const nextStep = memoizeLast((target, position, event) => {
  const { progress } = event;
  if (progress === null || event.revision <= position.revision) return IGNORE;
  let { chain } = position;
  if (target.ingestionId !== null && !chain.includes(progress.id)) {
    if (progress.retryOf === null || !chain.includes(progress.retryOf)) {
      return position.ingestionId === null || target.follow ? IGNORE : { kind: 'superseded' };
    }
    chain = [...chain, progress.id];
  }
  const takesOver = progress.id !== position.ingestionId;
  const isSnapshot = event.payload.type === 'snapshot';
  return {
    kind: 'deliver',
    event: takesOver && !isSnapshot ? snapshotOf(event.projectId, progress, event.timestamp) : event,
    mergeable: !takesOver && (isSnapshot || event.payload.type === 'progress_update') && !isEnded(progress),
    position: { revision: event.revision, ingestionId: progress.id, chain },
    then: nextAfter(target, progress),
  };
});

/** Why nothing more will come. */
export type WatchEnd =
  | { readonly kind: 'completed' }
  | { readonly kind: 'failed'; readonly error: ProgressError }
  /** Its client was too slow; the connection should be closed with 1013. */
  | { readonly kind: 'overflowed' }
  /** Its own transport closed it. */
  | { readonly kind: 'closed' };

/** A watcher as its transport sees it. */
export interface Watch {
  readonly target: WatchTarget;
  /** The next queued event; null if there is none. */
  take(): IngestionEvent | null;
  /** Set once nothing more will come after what is queued. */
  readonly end: WatchEnd | null;
  /** Number of queued events. */
  readonly queued: number;
  /** Closes at once and drops what is queued. A second call does no harm. */
  close(): void;
  /** Ends it with an error after what is queued: access was withdrawn, a token expired. */
  fail(error: ProgressError): void;
}

/** The consumer of a watch. */
export interface WatchReader {
  /** There is something to take, or nothing more to come; may be called before the watch is handed out. */
  ready(): void;
}

/** What a watcher needs of its project watch. */
export interface WatcherOwner {
  /** It ended: offer it nothing more. What is queued may still be taken. */
  leave(watcher: Watcher): void;
  /** A queued update was replaced by a newer one. */
  conflated(): void;
  /** It has ended and its queue is empty: forget it. */
  finished(watcher: Watcher): void;
  /** Its ingestion was ended to start another one: complete it if none starts. */
  awaitTakeover(watcher: Watcher, endedAt: number): void;
  /** Another ingestion runs: deliver the last state of its own, then complete it. */
  finishSuperseded(watcher: Watcher, ingestionId: string): void;
}

/** Unmergeable events queued at most; with one more the watcher is too slow. */
export const MAX_UNMERGED = 16;

/**
 * What is queued for one slow watcher: at most 16 events that must be delivered, and one newer state behind them
 * (invariant: conflate-only-updates). It allocates nothing before an event is queued.
 */
class WatchQueue {
  private unmerged: IngestionEvent[] | null = null;
  private merged: IngestionEvent | null = null;

  get size(): number {
    return (this.unmerged === null ? 0 : this.unmerged.length) + (this.merged === null ? 0 : 1);
  }

  /** True while a mergeable event is queued, which the next event makes redundant. */
  get hasMerged(): boolean {
    return this.merged !== null;
  }

  /**
   * Adds an event. A mergeable one replaces the queued mergeable one; any other makes that one redundant, since each
   * event carries the whole state. False if it does not fit.
   */
  push(event: IngestionEvent, mergeable: boolean): boolean {
    if (mergeable) {
      this.merged = event;
      return true;
    }
    this.merged = null;
    if (this.unmerged === null) {
      this.unmerged = [event];
      return true;
    }
    if (this.unmerged.length >= MAX_UNMERGED) return false;
    this.unmerged.push(event);
    return true;
  }

  shift(): IngestionEvent | null {
    const { unmerged } = this;
    if (unmerged !== null) {
      const first = unmerged.shift() ?? null;
      if (unmerged.length === 0) this.unmerged = null;
      return first;
    }
    const last = this.merged;
    this.merged = null;
    return last;
  }

  clear(): void {
    this.unmerged = null;
    this.merged = null;
  }
}

/** See the file's head. A class, since there may be very many: methods are shared, and a field costs eight bytes. */
export class Watcher implements Watch {
  readonly target: WatchTarget;
  end: WatchEnd | null = null;
  readonly #owner: WatcherOwner;
  readonly #reader: WatchReader;
  readonly #queue = new WatchQueue();
  #position: WatchPosition;
  #joining = true;
  #superseded = false;

  constructor(target: WatchTarget, owner: WatcherOwner, reader: WatchReader) {
    this.target = target;
    this.#owner = owner;
    this.#reader = reader;
    this.#position = firstPosition(target);
  }

  get queued(): number {
    return this.#queue.size;
  }

  get position(): WatchPosition {
    return this.#position;
  }

  /**
   * Begins with the snapshot, which includes what came meanwhile; then only what is newer.
   * (invariant: subscribe-before-read)
   */
  begin(snapshot: IngestionEvent, chain: readonly string[]): void {
    if (this.end !== null) return;
    this.#joining = false;
    this.#apply(firstStep(this.target, firstPosition(this.target, chain), snapshot));
  }

  /** Queues an event if the rule delivers it to this watcher. */
  offer(event: IngestionEvent): void {
    if (this.end !== null || this.#joining || this.#superseded) return;
    this.#apply(nextStep(this.target, this.#position, event));
  }

  /** Delivers the last state of a superseded ingestion, if it is new to this watcher, and completes. */
  finish(event: IngestionEvent | null): void {
    if (this.end !== null) return;
    if (event !== null && event.revision > this.#position.revision) this.#queue.push(event, false);
    this.#end({ kind: 'completed' });
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
    if (this.end === null) this.#end({ kind: 'failed', error });
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
      this.#end({ kind: 'overflowed' });
      return;
    }
    if (step.then === 'complete') {
      this.#end({ kind: 'completed' });
      return;
    }
    if (step.then === 'after-takeover') {
      const { progress, timestamp } = step.event;
      this.#owner.awaitTakeover(this, progress?.completedAt ?? timestamp);
    }
    this.#reader.ready();
  }

  #end(end: WatchEnd): void {
    this.end = end;
    this.#owner.leave(this);
    this.#reader.ready();
  }
}
