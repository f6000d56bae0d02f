/** Derives the job to show from a snapshot, at a moment of the server's time. Pure. */
import type { IngestionError, PhaseProgress, Progress, Snapshot } from '../client/index.js';
import { countedDown, type EtaEstimate } from './eta-words.js';

/** The state of the job as the user sees it. `unknown`: no state received yet; `none`: the project never ingested. */
export type JobState =
  | 'unknown'
  | 'none'
  | 'waiting'
  | 'running'
  | 'paused'
  | 'stalled'
  | 'completed'
  | 'partial'
  | 'failed'
  | 'cancelled';

/** The job to show. Durations in milliseconds. */
export interface Job {
  readonly state: JobState;
  readonly progress: Progress | null;
  /** The furthest that runs, else the one in which the job failed, else the furthest that began; null before the first. */
  readonly phase: PhaseProgress | null;
  /** Overall percent, 0 to 100; null if unknown. */
  readonly percent: number | null;
  readonly elapsedMs: number | null;
  /** What it still takes, counted down since it was estimated; null if there is no reliable estimate. */
  readonly estimate: EtaEstimate | null;
  /** How long the work has not moved although the job is heard of; null below five minutes. */
  readonly noProgressMs: number | null;
  /** Time until a paused job means to go on; null if it did not say, or if that has passed. */
  readonly pauseLeftMs: number | null;
  /** Time since the last update of a running job; null otherwise. */
  readonly sinceUpdateMs: number | null;
  readonly error: IngestionError | null;
  /** The user may retry the failure. */
  readonly isRetryable: boolean;
  /** Time until the next try, by the job or by the user; 0 if now. */
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
  const { pause, updatedAt } = progress;
  // a job that paused is expected back at the end of its pause
  const expectedAt = pause === null ? updatedAt : Math.max(pause.until ?? Infinity, updatedAt);
  const state = stateOf(progress, isConnected && now !== null && now - expectedAt >= stalledAfterMs);
  const isRunning = progress.status === 'RUNNING';
  const noProgressMs = now === null ? 0 : now - Math.max(progress.progressedAt, progress.startedAt);
  const pauseLeftMs = (pause?.until ?? 0) - (now ?? 0);
  const error = progress.status === 'FAILED' ? progress.error : null;
  return {
    state,
    progress,
    phase: phaseOf(progress, error),
    percent: clampPercent(progress.progressPercent),
    elapsedMs: elapsed(progress, now),
    estimate: state === 'running' ? estimateOf(progress, sinceUpdateMs, isConnected) : null,
    noProgressMs: state === 'running' && noProgressMs >= NO_PROGRESS_AFTER_MS ? noProgressMs : null,
    pauseLeftMs: state === 'paused' && pauseLeftMs > 0 ? pauseLeftMs : null,
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

/** Single items may take minutes: below this, work that does not move is nothing to speak of. */
const NO_PROGRESS_AFTER_MS = 300_000;

const NO_JOB: Omit<Job, 'state'> = {
  progress: null,
  phase: null,
  percent: null,
  elapsedMs: null,
  estimate: null,
  noProgressMs: null,
  pauseLeftMs: null,
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
      if (progress.pause !== null) return 'paused';
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
function estimateOf(
  { etaSeconds, etaLowSeconds, etaHighSeconds }: Progress,
  sinceUpdateMs: number | null,
  isConnected: boolean,
): EtaEstimate | null {
  if (etaSeconds === null || sinceUpdateMs === null) return null;
  if (sinceUpdateMs >= etaSeconds * 1000 && !isConnected) return null;
  const atLeastOne = (seconds: number | null): number => Math.max(1, seconds ?? etaSeconds);
  const estimate = {
    seconds: atLeastOne(etaSeconds),
    lowSeconds: atLeastOne(etaLowSeconds),
    highSeconds: atLeastOne(etaHighSeconds),
  };
  return countedDown(estimate, sinceUpdateMs);
}

function retryWait(error: IngestionError | null, now: number | null): number {
  const wait = error?.retryOptions?.retryAfterMs ?? 0;
  if (error === null || wait === 0 || now === null) return 0;
  return Math.max(0, error.occurredAt + wait - now);
}
