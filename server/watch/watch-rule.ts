/**
 * Which of a project's events are delivered to one watcher, and when it is complete: `follow`, a named ingestion, and an
 * ingestion that replaces another. Pure.
 */
import { isEnded } from '@ingestion-progress/schema';
import type { IngestionEvent, IngestionProgress } from '@ingestion-progress/schema';

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
