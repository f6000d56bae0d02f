/**
 * Writes to the store what is not stored yet: per project in order, in batches across projects, retried with backoff while
 * the store is away. What a conflict means is the business of `onConflict`.
 * (invariant: outage-stays-behind)
 */
import { isDeepStrictEqual } from 'node:util';
import type { RecordedEvent } from '@ingestion-progress/schema';
import type { Logger } from '../observability/logger.js';
import type { IngestionRecord } from '../progress/record.js';
import { backoffDelayMs } from '../shared/backoff.js';
import type { CancelTimer, Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import { sleep } from '../shared/sleep.js';
import type { ProgressStore, StoreWrite, WriteOutcome } from '../store/progress-store.js';
import { eventsOf, WriteQueue } from './queue.js';
import type { AwaitedOutcome, TracedRecord, TracedWrite, WriteJob } from './queue.js';

/** Options of the writer. */
export interface StoreWriterOptions {
  readonly store: ProgressStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Least time between two snapshots of a project that carry only updates, in milliseconds. */
  readonly snapshotIntervalMs: number;
  /** How long an awaited write without a deadline may take, in milliseconds. */
  readonly callTimeoutMs: number;
  /** The store rejected a state whose write nobody awaits, since it holds `current`. */
  readonly onConflict: (projectId: string, current: IngestionRecord) => void;
  /** The store holds this revision of a project. @default ignores it */
  readonly onStored?: (projectId: string, revision: number) => void;
}

/** Most writes in one batch; the port's limit. Halved whenever the store does not answer in time, down to one. */
const MAX_BATCH = 50;
/** Waits between attempts while the store is away. */
const RETRY_BACKOFF = Object.freeze({ minMs: 100, maxMs: 1_000 });

/** How often a flush looks whether its writes are done, in milliseconds. */
const FLUSH_POLL_MS = 10;

/** Writes states behind or before their publication. */
export interface StoreWriter {
  /** Stores a committed state: at once if urgent, else with the project's next snapshot. */
  enqueue(change: TracedRecord, events: readonly RecordedEvent[], isUrgent: boolean): void;
  /** Stores a state before it is published; gives up at the deadline (monotonic), or after `callTimeoutMs`. */
  write(write: TracedWrite, deadlineAt: number | null): Promise<AwaitedOutcome>;
  /**
   * Makes everything due now. With `mustFollowOurs` a state may replace only the one that this server stored last: others
   * may have committed in between (invariant: compare-and-set).
   */
  flush(mustFollowOurs: boolean): void;
  /** Makes a project's writes due now; false if they are not done by the deadline (monotonic). */
  flushProject(projectId: string, deadlineAt: number): Promise<boolean>;
  /** True while something of the project is not stored. */
  isPending(projectId: string): boolean;
  /** Number of projects with something not stored. */
  readonly pendingProjects: number;
  /** True while the last attempt failed. */
  readonly isFailing: boolean;
  /** Why the last attempt failed; null if it did not. */
  readonly failure: Error | null;
  /** What was acknowledged and is not stored yet. */
  unstored(): readonly StoreWrite[];
  /** Writes everything; false if the timeout came first. No writes are accepted afterwards. */
  close(timeoutMs: number): Promise<boolean>;
}

/** A job of the batch being written. */
interface BatchEntry {
  readonly projectId: string;
  readonly queue: WriteQueue;
  readonly job: WriteJob;
}

/** Creates a writer over a store. */
export function createStoreWriter(options: StoreWriterOptions): StoreWriter {
  const { store, clock, logger, snapshotIntervalMs, callTimeoutMs, onConflict } = options;
  const queues = new Map<string, WriteQueue>();
  let isPumping = false;
  let failures = 0;
  let failure: Error | null = null;
  let batchSize = MAX_BATCH;
  let cancelTimer: CancelTimer | null = null;
  /** When the next pump is due, monotonic; infinite if none is. */
  let wakeAt = Number.POSITIVE_INFINITY;
  let onIdle: (() => void)[] = [];
  let isClosing = false;
  let isStopped = false;

  const queueOf = (projectId: string): WriteQueue => {
    const known = queues.get(projectId);
    if (known !== undefined) return known;
    const created = new WriteQueue();
    queues.set(projectId, created);
    return created;
  };

  /** Moves a project behind all others, so that each gets its turn. */
  const moveToEnd = (projectId: string, queue: WriteQueue) => {
    queues.delete(projectId);
    queues.set(projectId, queue);
  };

  const isForgettable = (queue: WriteQueue) =>
    queue.size === 0 && clock.monotonicNow() - queue.lastDueAt >= snapshotIntervalMs;

  const afterJob = (projectId: string, queue: WriteQueue) => {
    moveToEnd(projectId, queue);
    if (isForgettable(queue)) queues.delete(projectId);
  };

  const settle = async ({ projectId, queue, job }: BatchEntry, outcome: WriteOutcome): Promise<void> => {
    const { id: ingestionId, revision } = job.record.progress;
    const isAwaited = job.settle !== null;
    if (outcome.written || isOwnWrite(job, outcome.current)) {
      // A start or an ending is published only now.
      const level = isAwaited ? 'info' : 'debug';
      logger[level]({ projectId, ingestionId, revision, requestId: job.requestId }, 'progress stored');
      options.onStored?.(projectId, revision);
      queue.succeed(job);
      afterJob(projectId, queue);
      return;
    }
    const { current, unreadable } = outcome;
    if (current === null && unreadable !== true && job.guard.kind !== 'start') {
      queue.recreate(job);
      return;
    }
    queue.conflict(job, outcome);
    afterJob(projectId, queue);
    if (isAwaited || current === null) return;
    if (current.progress.id === ingestionId) {
      // Its log entries are still true, and the newer state does not have them.
      await store
        .appendEvents(projectId, ingestionId, eventsOf(job))
        .catch((cause: unknown) => logger.warn({ projectId, ingestionId, cause }, 'log entries not stored'));
    }
    onConflict(projectId, current);
  };

  const nextBatch = (now: number): BatchEntry[] => {
    const batch: BatchEntry[] = [];
    for (const [projectId, queue] of queues) {
      const job = queue.head;
      if (job === null) {
        if (isForgettable(queue)) queues.delete(projectId);
        continue;
      }
      if (isClosing || job.dueAt <= now) batch.push({ projectId, queue, job });
      if (batch.length >= batchSize) break;
    }
    return batch;
  };

  const writeBatch = async (batch: readonly BatchEntry[]): Promise<void> => {
    try {
      const outcomes = await store.write(batch.map(({ queue, job }) => queue.begin(job)));
      failures = 0;
      failure = null;
      batchSize = Math.min(MAX_BATCH, batchSize * 2);
      for (const [index, entry] of batch.entries()) {
        const outcome = outcomes[index];
        if (outcome !== undefined) await settle(entry, outcome);
      }
    } catch (cause) {
      for (const { queue, job } of batch) queue.fail(job);
      const isPoisoned = cause instanceof ProgressError && cause.code !== 'UNAVAILABLE';
      if (isPoisoned && batch.length > 1) {
        for (const entry of batch) await writeBatch([entry]);
      } else if (isPoisoned) {
        for (const { projectId, queue, job } of batch) {
          logger.error(
            { projectId, ingestionId: job.record.progress.id, cause },
            'progress cannot be stored',
          );
          queue.drop(job);
          afterJob(projectId, queue);
        }
      } else {
        failures += 1;
        failure = cause instanceof Error ? cause : new Error(String(cause));
        // The store may be slow rather than away: a smaller batch may be done in time.
        batchSize = Math.max(1, Math.floor(batchSize / 2));
        // Or only the node that holds these projects is away: the others get their turn.
        for (const { projectId, queue } of batch) moveToEnd(projectId, queue);
        if (failures === 1)
          logger.warn({ cause, projects: queues.size }, 'store unavailable; writes are queued');
      }
    }
  };

  const pump = async (): Promise<void> => {
    if (isPumping) return;
    isPumping = true;
    cancelTimer?.();
    cancelTimer = null;
    wakeAt = Number.POSITIVE_INFINITY;
    for (;;) {
      const batch = nextBatch(clock.monotonicNow());
      if (batch.length === 0) break;
      const before = failures;
      await writeBatch(batch);
      if (failures > before || isStopped) break;
    }
    isPumping = false;
    scheduleNext();
  };

  /** Pumps no later than `dueAt`; while the store is away, after its backoff. */
  const schedule = (dueAt: number) => {
    if (isStopped || isPumping || dueAt >= wakeAt) return;
    wakeAt = dueAt;
    cancelTimer?.();
    cancelTimer = null;
    const delayMs = Math.max(0, backoffDelayMs(RETRY_BACKOFF, failures), dueAt - clock.monotonicNow());
    if (delayMs === 0) queueMicrotask(() => void pump());
    else cancelTimer = clock.setTimer(delayMs, () => void pump());
  };

  const scheduleNext = () => {
    let next = Number.POSITIVE_INFINITY;
    for (const { head } of queues.values()) {
      if (head !== null) next = Math.min(next, isClosing ? 0 : head.dueAt);
    }
    if (next < Number.POSITIVE_INFINITY) schedule(next);
    else {
      for (const done of onIdle) done();
      onIdle = [];
    }
  };

  return {
    enqueue: (change, events, isUrgent) => {
      const queue = queueOf(change.record.progress.projectId);
      const now = clock.monotonicNow();
      const dueAt = isUrgent ? now : Math.max(now, queue.lastDueAt + snapshotIntervalMs);
      schedule(queue.add(change, events, dueAt));
    },
    write: (write, deadlineAt) =>
      new Promise((resolve) => {
        const queue = queueOf(write.record.progress.projectId);
        const now = clock.monotonicNow();
        const job = queue.addAwaited(write, now);
        const timeoutMs = deadlineAt === null ? callTimeoutMs : Math.max(1, deadlineAt - now);
        const cancelDeadline = clock.setTimer(timeoutMs, () => queue.giveUp(job));
        job.settle = (outcome) => {
          cancelDeadline();
          job.settle = null;
          resolve(outcome);
        };
        schedule(now);
      }),
    flush: (mustFollowOurs) => {
      const now = clock.monotonicNow();
      for (const queue of queues.values()) queue.flush(now, mustFollowOurs);
      scheduleNext();
    },
    flushProject: async (projectId, deadlineAt) => {
      const isPending = () => (queues.get(projectId)?.size ?? 0) > 0;
      queues.get(projectId)?.flush(clock.monotonicNow(), false);
      scheduleNext();
      while (isPending() && clock.monotonicNow() < deadlineAt) await sleep(clock, FLUSH_POLL_MS);
      return !isPending();
    },
    isPending: (projectId) => (queues.get(projectId)?.size ?? 0) > 0,
    get pendingProjects() {
      let count = 0;
      for (const queue of queues.values()) if (queue.size > 0) count += 1;
      return count;
    },
    get isFailing() {
      return failures > 0;
    },
    get failure() {
      return failure;
    },
    unstored: () => [...queues.values()].flatMap((queue) => queue.unstored()),
    close: (timeoutMs) =>
      new Promise((resolve) => {
        isClosing = true;
        const cancelTimeout = clock.setTimer(timeoutMs, () => {
          // The store is closed next, and would be retried for ever.
          isStopped = true;
          cancelTimer?.();
          resolve(false);
        });
        onIdle.push(() => {
          cancelTimeout();
          cancelTimer?.();
          resolve(true);
        });
        scheduleNext();
      }),
  };
}

/**
 * True if the store rejected a job because an earlier attempt, whose answer was lost, has stored this very state. The
 * revision alone does not prove it: another server may have given the same one in the same millisecond.
 */
const isOwnWrite = (job: WriteJob, current: IngestionRecord | null): boolean =>
  job.attempts > 1 && isDeepStrictEqual(current, job.record);
