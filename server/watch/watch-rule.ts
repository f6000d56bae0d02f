/**
 * Which of a project's events one watcher is told, and when it has seen the end: follow, a named ingestion, and one
 * ingestion taking over from another. Pure; the queue and the clock are the business of others.
 */
import { isEnded } from '@ingestion-progress/schema';
import type { IngestionEvent, IngestionProgress } from '@ingestion-progress/schema';

/** What somebody asked to watch. */
export interface WatchTarget {
  readonly projectId: string;
  /** Watch this one and those that retry it; null for whatever the project ingests. */
  readonly ingestionId: string | null;
  /** Stay after an ending. */
  readonly follow: boolean;
}

/** Where a watcher stands. */
export interface WatchPosition {
  /** Of what was told last; nothing that is not newer is told. */
  readonly revision: number;
  /** The ingestion told of last; null where none was. */
  readonly ingestionId: string | null;
  /** The named ingestion and those that retry it, oldest first; empty where none was named. */
  readonly chain: readonly string[];
}

/** What to do with an event. */
export type WatchStep =
  | { readonly kind: 'ignore' }
  | {
      readonly kind: 'tell';
      readonly event: IngestionEvent;
      /** May be replaced by a newer one while it waits. (invariant: conflate-only-updates) */
      readonly mergeable: boolean;
      readonly position: WatchPosition;
      /** `after-takeover`: it ended because another was to start, which is waited for a while. */
      readonly then: 'stay' | 'complete' | 'after-takeover';
    }
  /** Another ingestion runs that is not watched: the watched one is over, and its last state may not be told yet. */
  | { readonly kind: 'superseded' };

/** The error code of an ingestion that was ended to make room for the next. */
const REPLACED = 'INGESTION_REPLACED';
const IGNORE: WatchStep = Object.freeze({ kind: 'ignore' });
const NOWHERE: WatchPosition = Object.freeze({ revision: 0, ingestionId: null, chain: [] });

/** Where a watcher stands before anything was told. */
export function firstPosition(target: WatchTarget, chain: readonly string[] = []): WatchPosition {
  if (target.ingestionId === null && chain.length === 0) return NOWHERE;
  const named = target.ingestionId === null ? [] : [target.ingestionId];
  return { revision: 0, ingestionId: null, chain: chain.length > 0 ? chain : named };
}

/** The event that tells a state as it is. */
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

function fate(target: WatchTarget, progress: IngestionProgress): 'stay' | 'complete' | 'after-takeover' {
  if (target.follow || !isEnded(progress)) return 'stay';
  return progress.error?.errorCode === REPLACED ? 'after-takeover' : 'complete';
}

/** How an event is decided about. */
type Decide = (target: WatchTarget, position: WatchPosition, event: IngestionEvent) => WatchStep;

interface Decision {
  readonly target: WatchTarget;
  readonly position: WatchPosition;
  readonly event: IngestionEvent;
  readonly step: WatchStep;
}

/** Whether what was decided for one watcher of an event holds for the next one too. */
function holds(last: Decision, target: WatchTarget, position: WatchPosition, event: IngestionEvent): boolean {
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
 * Remembers the last decision: watchers are told the same event one after the other, and those who follow the same
 * share the step, the place where they stand then, and the snapshot that may be told in the event's stead.
 */
function remembering(decide: Decide): Decide {
  let last: Decision | null = null;
  return (target, position, event) => {
    if (last !== null && holds(last, target, position, event)) return last.step;
    const step = decide(target, position, event);
    last = { target, position, event, step };
    return step;
  };
}

/** Decides about the first snapshot of a subscription; `progress` is null where there is nothing to watch yet. */
export const firstStep = remembering((target, position, event) => {
  const { progress } = event;
  return {
    kind: 'tell',
    event,
    mergeable: false,
    position: { ...position, revision: event.revision, ingestionId: event.ingestionId },
    then: progress === null ? 'stay' : fate(target, progress),
  };
});

/** Decides about an event that came after the first snapshot. */
export const nextStep = remembering((target, position, event) => {
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
    kind: 'tell',
    event: takesOver && !isSnapshot ? snapshotOf(event.projectId, progress, event.timestamp) : event,
    mergeable: !takesOver && (isSnapshot || event.payload.type === 'progress_update') && !isEnded(progress),
    position: { revision: event.revision, ingestionId: progress.id, chain },
    then: fate(target, progress),
  };
});
