/**
 * What is still to be stored: per project in order, the newest state of an ingestion in one place, batches across
 * projects, repeated with backoff while the store is away. Leaves what a refusal means to whoever is told of it.
 * (invariant: outage-stays-behind)
 */
import { isDeepStrictEqual } from 'node:util';
import type { RecordedEvent } from '@ingestion-progress/schema';
import type { CancelTimer, Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import type { Logger } from '../observability/logger.js';
import type { ProgressStore, WriteOutcome } from '../store/progress-store.js';
import { eventsOf, ProjectWrites } from './queue.js';
import type { AwaitedOutcome, TracedRecord, TracedWrite, WriteJob } from './queue.js';
import type { IngestionRecord } from '../progress/record.js';

/** Options of the writer. */
export interface StoreWriterOptions {
  readonly store: ProgressStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Least time between two snapshots of a project that carry only updates, in milliseconds. */
  readonly snapshotEveryMs: number;
  /** A state that nobody waits for was refused, because this stands in the store instead. */
  readonly onRefused: (projectId: string, current: IngestionRecord) => void;
}

/** Most writes in one batch; the port's bound. A store that does not answer in time is given half as many, down to one. */
const BATCH = 50;
/** Waits between attempts while the store is away, in milliseconds; the last one repeats. */
const BACKOFF_MS = [100, 200, 400, 800, 1_000];

/** Writes states behind or before their publication. */
export interface StoreWriter {
  /** Stores a committed state: at once where urgent, else with the project's next snapshot. */
  enqueue(change: TracedRecord, event: RecordedEvent | null, urgent: boolean): void;
  /** Stores a state before it is published; resolves at the deadline at latest, in milliseconds from now. */
  writeNow(write: TracedWrite, deadlineMs: number): Promise<AwaitedOutcome>;
  /**
   * Makes everything due now. With `strict` a state may replace only the one that this server stored last: others may
   * have gone on from there. (invariant: compare-and-set)
   */
  hurry(strict: boolean): void;
  /** True while something of the project is not stored. */
  isWaiting(projectId: string): boolean;
  /** Number of projects with something not stored. */
  readonly waiting: number;
  /** True while the last attempt failed. */
  readonly failing: boolean;
  /** Writes everything out; false where the deadline came first. No writes are taken afterwards. */
  close(deadlineMs: number): Promise<boolean>;
}

/** Makes a writer over a store. */
export function createStoreWriter(options: StoreWriterOptions): StoreWriter {
  const { store, clock, logger, snapshotEveryMs, onRefused } = options;
  const projects = new Map<string, ProjectWrites>();
  let pumping = false;
  let failures = 0;
  let batchSize = BATCH;
  let timer: CancelTimer | null = null;
  /** When the next pump is due, monotonic; infinite where none is. */
  let wakeAt = Number.POSITIVE_INFINITY;
  let idle: (() => void)[] = [];
  let closing = false;
  let stopped = false;

  const waitingOf = (projectId: string): ProjectWrites => {
    const known = projects.get(projectId);
    if (known !== undefined) return known;
    const made = new ProjectWrites();
    projects.set(projectId, made);
    return made;
  };

  /** To the end of the line, so that everybody gets their turn. */
  const toEnd = (projectId: string, waiting: ProjectWrites) => {
    projects.delete(projectId);
    projects.set(projectId, waiting);
  };

  const finish = (projectId: string, waiting: ProjectWrites, job: WriteJob) => {
    waiting.remove(job);
    toEnd(projectId, waiting);
    if (waiting.jobs.length === 0 && clock.monotonicNow() - waiting.lastDueAt >= snapshotEveryMs) {
      projects.delete(projectId);
    }
  };

  const settle = async (projectId: string, waiting: ProjectWrites, job: WriteJob, outcome: WriteOutcome) => {
    job.inFlight = false;
    // The answer to an earlier attempt was lost, where what stands there is this very state. The revision alone does
    // not tell: another server may have given the same one in the same millisecond.
    const ours = !outcome.written && job.attempts > 1 && isDeepStrictEqual(outcome.current, job.record);
    if (outcome.written || ours) {
      const { id, revision } = job.record.progress;
      waiting.stored = { id, revision };
      const fields = { projectId, ingestionId: id, revision, requestId: job.requestId };
      // A start or an ending, which is told only now.
      logger[job.settle === null ? 'debug' : 'info'](fields, 'stored');
      finish(projectId, waiting, job);
      job.settle?.({ written: true });
      return;
    }
    if (outcome.current === null && outcome.unreadable !== true && job.guard.kind !== 'start') {
      // The store lost its document: ours is the only copy.
      job.guard = { kind: 'start' };
      return;
    }
    finish(projectId, waiting, job);
    if (job.settle !== null) job.settle(outcome);
    else if (outcome.current !== null) {
      const { current } = outcome;
      if (current.progress.id === job.record.progress.id) {
        // Its log entries are still true; the state that is newer does not have them.
        await store
          .appendEvents(projectId, job.record.progress.id, eventsOf(job))
          .catch((cause: unknown) =>
            logger.warn(
              { projectId, ingestionId: job.record.progress.id, cause },
              'log entries were not stored',
            ),
          );
      }
      onRefused(projectId, current);
    }
  };

  const dueBatch = (now: number) => {
    const batch: { projectId: string; waiting: ProjectWrites; job: WriteJob }[] = [];
    for (const [projectId, waiting] of projects) {
      const job = waiting.jobs[0];
      if (job === undefined) {
        if (now - waiting.lastDueAt >= snapshotEveryMs) projects.delete(projectId);
        continue;
      }
      if (closing || job.dueAt <= now) batch.push({ projectId, waiting, job });
      if (batch.length >= batchSize) break;
    }
    return batch;
  };

  const writeBatch = async (batch: ReturnType<typeof dueBatch>): Promise<void> => {
    for (const { job } of batch) {
      job.inFlight = true;
      job.attempts += 1;
    }
    try {
      const outcomes = await store.write(
        batch.map(({ job }) => ({ record: job.record, guard: job.guard, events: eventsOf(job) })),
      );
      failures = 0;
      batchSize = Math.min(BATCH, batchSize * 2);
      for (const [index, { projectId, waiting, job }] of batch.entries()) {
        const outcome = outcomes[index];
        if (outcome !== undefined) await settle(projectId, waiting, job, outcome);
      }
    } catch (cause) {
      for (const { job } of batch) job.inFlight = false;
      const poisoned = cause instanceof ProgressError && cause.code !== 'UNAVAILABLE';
      if (poisoned && batch.length > 1) {
        for (const one of batch) await writeBatch([one]);
      } else if (poisoned) {
        for (const { projectId, waiting, job } of batch) {
          logger.error({ projectId, ingestionId: job.record.progress.id, cause }, 'a state cannot be stored');
          finish(projectId, waiting, job);
          job.settle?.({ written: 'given-up' });
        }
      } else {
        failures += 1;
        // It may be slow and not away: so many may be more than it can do within a call's time, each time anew.
        batchSize = Math.max(1, Math.floor(batchSize / 2));
        // Or only what these projects are kept on is away: the others get their turn.
        for (const one of batch) toEnd(one.projectId, one.waiting);
        if (failures === 1) logger.warn({ cause, waiting: projects.size }, 'the store is away; writes wait');
      }
    }
  };

  const pump = async (): Promise<void> => {
    if (pumping) return;
    pumping = true;
    timer?.();
    timer = null;
    wakeAt = Number.POSITIVE_INFINITY;
    for (;;) {
      const batch = dueBatch(clock.monotonicNow());
      if (batch.length === 0) break;
      const before = failures;
      await writeBatch(batch);
      if (failures > before || stopped) break;
    }
    pumping = false;
    scheduleNext();
  };

  /** Sees to it that the next pump comes no later than `dueAt`; while the store is away, with its backoff. */
  const schedule = (dueAt: number) => {
    if (stopped || pumping || dueAt >= wakeAt) return;
    wakeAt = dueAt;
    timer?.();
    const backoff = failures === 0 ? 0 : (BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1] ?? 0);
    const delayMs = Math.max(0, backoff, dueAt - clock.monotonicNow());
    timer = null;
    if (delayMs === 0) queueMicrotask(() => void pump());
    else timer = clock.setTimer(delayMs, () => void pump());
  };

  const scheduleNext = () => {
    let next = Number.POSITIVE_INFINITY;
    let jobs = 0;
    for (const waiting of projects.values()) {
      const job = waiting.jobs[0];
      jobs += waiting.jobs.length;
      if (job !== undefined) next = Math.min(next, closing ? 0 : job.dueAt);
    }
    if (jobs > 0) schedule(next);
    else {
      for (const done of idle) done();
      idle = [];
    }
  };

  return {
    enqueue: (change, event, urgent) => {
      const waiting = waitingOf(change.record.progress.projectId);
      const now = clock.monotonicNow();
      const dueAt = urgent ? now : Math.max(now, waiting.lastDueAt + snapshotEveryMs);
      schedule(waiting.put(change, event, dueAt));
    },
    writeNow: (write, deadlineMs) =>
      new Promise((resolve) => {
        const waiting = waitingOf(write.record.progress.projectId);
        const now = clock.monotonicNow();
        const job = waiting.putAwaited(write, now);
        const stopDeadline = clock.setTimer(deadlineMs, () => job.settle?.({ written: 'given-up' }));
        job.settle = (outcome) => {
          stopDeadline();
          job.settle = null;
          if (outcome.written === 'given-up') waiting.giveUp(job);
          resolve(outcome);
        };
        schedule(now);
      }),
    hurry: (strict) => {
      const now = clock.monotonicNow();
      for (const waiting of projects.values()) waiting.hurry(now, strict);
      scheduleNext();
    },
    isWaiting: (projectId) => (projects.get(projectId)?.jobs.length ?? 0) > 0,
    get waiting() {
      let count = 0;
      for (const waiting of projects.values()) if (waiting.jobs.length > 0) count += 1;
      return count;
    },
    get failing() {
      return failures > 0;
    },
    close: (deadlineMs) =>
      new Promise((resolve) => {
        closing = true;
        const stop = clock.setTimer(deadlineMs, () => {
          // The store is closed next, and would be tried for ever.
          stopped = true;
          timer?.();
          resolve(false);
        });
        idle.push(() => {
          stop();
          timer?.();
          resolve(true);
        });
        scheduleNext();
      }),
  };
}
