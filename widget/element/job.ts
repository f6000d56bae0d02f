/** Derives the job to show from a snapshot, at a moment of the server's time. Pure. */
import type { IngestionError, PhaseProgress, Progress, Snapshot } from '../client/index.js';

/** The state of the job as the user sees it. `unknown`: no state received yet; `none`: the project never ingested. */
export type JobState =
  'unknown' | 'none' | 'waiting' | 'running' | 'stalled' | 'completed' | 'partial' | 'failed' | 'cancelled';

/** The job to show. Durations in milliseconds. */
export interface Job {
  readonly state: JobState;
  readonly progress: Progress | null;
  /** The furthest that runs, else the one in which the job failed, else the furthest that began; null before the first. */
  readonly phase: PhaseProgress | null;
  /** Overall percent, 0 to 100; null if unknown. */
  readonly percent: number | null;
  readonly elapsedMs: number | null;
  /** Null if there is no reliable estimate. */
  readonly remainingMs: number | null;
  /** Time since the last update of a running job; null otherwise. */
  readonly sinceUpdateMs: number | null;
  readonly error: IngestionError | null;
  /** The user may retry the failure. */
  readonly isRetryable: boolean;
  /** Time until the user may retry; 0 if now. */
  readonly retryWaitMs: number;
  readonly isCancellable: boolean;
  readonly isCancelling: boolean;
}

/** The server's time at a moment of the client's monotonic clock; null before the server sent its time. */
export function serverNow(snapshot: Snapshot, monotonicNow: number): number | null {
  if (snapshot.serverTime === null || snapshot.receivedAt === null) return null;
  return snapshot.serverTime + Math.max(0, monotonicNow - snapshot.receivedAt);
}

/** Derives the job. `stalledAfterMs` is how long a running job may go without an update before it is shown as stalled. */
export function jobOf(snapshot: Snapshot, monotonicNow: number, stalledAfterMs: number): Job {
  const { progress } = snapshot;
  const now = serverNow(snapshot, monotonicNow);
  if (progress === null) {
    return { ...NO_JOB, state: snapshot.knowledge === 'confirmed' ? 'none' : 'unknown' };
  }
  const sinceUpdateMs = now === null ? null : Math.max(0, now - progress.updatedAt);
  const isConnected = snapshot.connection.state === 'connected' || snapshot.connection.state === 'polling';
  const state = stateOf(progress, isConnected && sinceUpdateMs !== null && sinceUpdateMs >= stalledAfterMs);
  const isRunning = progress.status === 'RUNNING';
  const error = progress.status === 'FAILED' ? progress.error : null;
  return {
    state,
    progress,
    phase: phaseOf(progress, error),
    percent: clampPercent(progress.progressPercent),
    elapsedMs: elapsed(progress, now),
    remainingMs: isRunning && state === 'running' ? remaining(progress, sinceUpdateMs, isConnected) : null,
    sinceUpdateMs: isRunning ? sinceUpdateMs : null,
    error,
    isRetryable: error?.retryOptions?.canRetry === true,
    retryWaitMs: retryWait(error, now),
    isCancellable: isRunning && progress.cancellable,
    isCancelling: isRunning && progress.cancelRequestedAt !== null,
  };
}

/** Clamps to 0 to 100; null and NaN become null. */
export function clampPercent(percent: number | null): number | null {
  return percent === null || Number.isNaN(percent) ? null : Math.min(100, Math.max(0, percent));
}

const NO_JOB: Omit<Job, 'state'> = {
  progress: null,
  phase: null,
  percent: null,
  elapsedMs: null,
  remainingMs: null,
  sinceUpdateMs: null,
  error: null,
  isRetryable: false,
  retryWaitMs: 0,
  isCancellable: false,
  isCancelling: false,
};

function phaseOf({ phases, currentPhase }: Progress, error: IngestionError | null): PhaseProgress | null {
  const running = phases.findLast(({ status }) => status === 'RUNNING');
  return running ?? phases[(error?.phase ?? currentPhase) - 1] ?? null;
}

function stateOf(progress: Progress, isStalled: boolean): JobState {
  switch (progress.status) {
    case 'RUNNING':
      if (isStalled) return 'stalled';
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

/** Counts down from the last estimate; null once it has run out while the connection is lost. */
function remaining(progress: Progress, sinceUpdateMs: number | null, isConnected: boolean): number | null {
  if (progress.etaSeconds === null || sinceUpdateMs === null) return null;
  const leftMs = Math.max(0, progress.etaSeconds * 1000 - sinceUpdateMs);
  return leftMs === 0 && !isConnected ? null : leftMs;
}

function retryWait(error: IngestionError | null, now: number | null): number {
  const wait = error?.retryOptions?.retryAfterMs ?? 0;
  if (error === null || wait === 0 || now === null) return 0;
  return Math.max(0, error.occurredAt + wait - now);
}
