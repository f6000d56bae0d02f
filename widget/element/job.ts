/** What a snapshot says about the job, at one moment of the server's time. Pure; knows nothing of the connection's look. */
import type { IngestionError, PhaseProgress, Progress, Snapshot } from '../client/index.js';

/** The job as a person sees it. `unknown`: nothing heard yet; `none`: the project never ingested. */
export type JobState =
  'unknown' | 'none' | 'waiting' | 'running' | 'stalled' | 'completed' | 'partial' | 'failed' | 'cancelled';

/** The job, ready to be drawn. Times in milliseconds. */
export interface Job {
  readonly state: JobState;
  readonly progress: Progress | null;
  /** The running phase, or the one that it stopped in; null before the first. */
  readonly phase: PhaseProgress | null;
  /** Overall, 0 to 100; null where not known. */
  readonly percent: number | null;
  readonly elapsedMs: number | null;
  /** Null where there is no honest estimate. */
  readonly remainingMs: number | null;
  /** Since the job was last heard of; null where it does not matter. */
  readonly quietMs: number | null;
  readonly error: IngestionError | null;
  /** The failure may be tried again by a person. */
  readonly isRetryable: boolean;
  /** Until a retry makes sense; 0 for now. */
  readonly retryWaitMs: number;
  readonly isCancellable: boolean;
  readonly isCancelling: boolean;
}

/** Of the server, at a moment of the client's monotonic clock; null before it told its time. */
export function serverNow(snapshot: Snapshot, monotonicNow: number): number | null {
  if (snapshot.serverTime === null || snapshot.receivedAt === null) return null;
  return snapshot.serverTime + Math.max(0, monotonicNow - snapshot.receivedAt);
}

/** Reads a snapshot. `stalledAfterMs` is how long a running job may be quiet before it is called stalled. */
export function jobOf(snapshot: Snapshot, monotonicNow: number, stalledAfterMs: number): Job {
  const { progress } = snapshot;
  const now = serverNow(snapshot, monotonicNow);
  if (progress === null) {
    return { ...NO_JOB, state: snapshot.knowledge === 'confirmed' ? 'none' : 'unknown' };
  }
  const quietMs = now === null ? null : Math.max(0, now - progress.updatedAt);
  const isHeard = snapshot.connection.state === 'connected' || snapshot.connection.state === 'polling';
  const state = stateOf(progress, isHeard && quietMs !== null && quietMs >= stalledAfterMs);
  const isRunning = progress.status === 'RUNNING';
  const error = progress.status === 'FAILED' ? progress.error : null;
  return {
    state,
    progress,
    phase: progress.phases[progress.currentPhase - 1] ?? null,
    percent: clampPercent(progress.progressPercent),
    elapsedMs: elapsed(progress, now),
    remainingMs: isRunning && state === 'running' ? remaining(progress, quietMs, isHeard) : null,
    quietMs: isRunning ? quietMs : null,
    error,
    isRetryable: error?.retryOptions?.canRetry === true,
    retryWaitMs: retryWait(error, now),
    isCancellable: isRunning && progress.cancellable,
    isCancelling: isRunning && progress.cancelRequestedAt !== null,
  };
}

/** 0 to 100; null stays null, and what is not a number becomes it. */
export function clampPercent(percent: number | null): number | null {
  return percent === null || Number.isNaN(percent) ? null : Math.min(100, Math.max(0, percent));
}

const NO_JOB: Omit<Job, 'state'> = {
  progress: null,
  phase: null,
  percent: null,
  elapsedMs: null,
  remainingMs: null,
  quietMs: null,
  error: null,
  isRetryable: false,
  retryWaitMs: 0,
  isCancellable: false,
  isCancelling: false,
};

function stateOf(progress: Progress, isQuiet: boolean): JobState {
  switch (progress.status) {
    case 'RUNNING':
      if (isQuiet) return 'stalled';
      return progress.currentPhase === 0 ? 'waiting' : 'running';
    case 'COMPLETED':
      return progress.result?.outcome === 'PARTIAL' ? 'partial' : 'completed';
    case 'FAILED':
      return 'failed';
    case 'CANCELLED':
      return 'cancelled';
  }
}

function elapsed(progress: Progress, now: number | null): number | null {
  if (progress.result !== null) return progress.result.durationMs;
  const end =
    progress.completedAt ?? (progress.status === 'FAILED' ? progress.error?.occurredAt : null) ?? now;
  return end === null ? null : Math.max(0, end - progress.startedAt);
}

/** The estimate was true when the state was made; it only counts down from there, and says nothing once unheard it ran out. */
function remaining(progress: Progress, quietMs: number | null, isHeard: boolean): number | null {
  if (progress.etaSeconds === null || quietMs === null) return null;
  const leftMs = Math.max(0, progress.etaSeconds * 1000 - quietMs);
  return leftMs === 0 && !isHeard ? null : leftMs;
}

function retryWait(error: IngestionError | null, now: number | null): number {
  const wait = error?.retryOptions?.retryAfterMs ?? 0;
  if (error === null || wait === 0 || now === null) return 0;
  return Math.max(0, error.occurredAt + wait - now);
}
