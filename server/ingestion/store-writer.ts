/**
 * What is still to be stored: per project in order, the newest state of an ingestion in one place, batches across
 * projects, repeated with backoff while the store is away. Leaves what a refusal means to whoever is told of it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { RecordedEvent } from '@ingestion-progress/schema';
import type { CancelTimer, Clock } from '../clock.js';
import { ProgressError } from '../errors.js';
import type { Logger } from '../observability/logger.js';
import type { ProgressStore, StoreWrite, WriteGuard, WriteOutcome } from '../store/progress-store.js';
import type { IngestionRecord } from './record.js';

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

/** Most log entries that wait for one project while the store is away; the oldest go first. */
const MOST_WAITING_EVENTS = 500;
/** Most writes in one batch; the port's bound. */
const BATCH = 50;
/** Waits between attempts while the store is away, in milliseconds; the last one repeats. */
const BACKOFF_MS = [100, 200, 400, 800, 1_000];

/** `given-up`: the deadline passed. The write may still arrive; the caller reads it back. */
export type AwaitedOutcome = WriteOutcome | { readonly written: 'given-up' };

interface Job {
  record: IngestionRecord;
  guard: WriteGuard;
  events: RecordedEvent[];
  /** The log's entry for the newest update; only the one that a snapshot persists is kept. */
  update: RecordedEvent | null;
  dueAt: number;
  inFlight: boolean;
  attempts: number;
  settle: ((outcome: AwaitedOutcome) => void) | null;
  /** What waited before this awaited write took its place; comes back if that is given up. */
  readonly absorbed: Job | null;
}

interface Waiting {
  jobs: Job[];
  /** When the project's last write was made due, monotonic. */
  lastDueAt: number;
  /** What this server stored last, while that is remembered. */
  stored: { readonly id: string; readonly revision: number } | null;
}

/** Writes states behind or before their publication. */
export interface StoreWriter {
  /** Stores a committed state: at once where urgent, else with the project's next snapshot. */
  enqueue(record: IngestionRecord, event: RecordedEvent | null, urgent: boolean): void;
  /** Stores a state before it is published; resolves at the deadline at latest, in milliseconds from now. */
  writeNow(write: StoreWrite, deadlineMs: number): Promise<AwaitedOutcome>;
  /**
   * Makes everything due now. With `strict` a state may replace only the one that this server stored last: others may
   * have gone on from there (law 16).
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
  const projects = new Map<string, Waiting>();
  let pumping = false;
  let failures = 0;
  let timer: CancelTimer | null = null;
  let idle: (() => void)[] = [];
  let closing = false;

  const waitingOf = (projectId: string): Waiting => {
    const known = projects.get(projectId);
    if (known !== undefined) return known;
    const made: Waiting = { jobs: [], lastDueAt: Number.NEGATIVE_INFINITY, stored: null };
    projects.set(projectId, made);
    return made;
  };

  /** The job at the end of the queue, if a newer state of this ingestion may take its place. */
  const replaceable = (waiting: Waiting, record: IngestionRecord): Job | null => {
    const last = waiting.jobs.at(-1);
    if (last === undefined || last.inFlight || last.settle !== null) return null;
    return last.record.progress.id === record.progress.id ? last : null;
  };

  const eventsOf = (job: Job) => (job.update === null ? job.events : [...job.events, job.update]);

  const finish = (projectId: string, waiting: Waiting, job: Job) => {
    waiting.jobs = waiting.jobs.filter((other) => other !== job);
    if (waiting.jobs.length === 0 && clock.monotonicNow() - waiting.lastDueAt >= snapshotEveryMs) {
      projects.delete(projectId);
    }
  };

  const settle = async (projectId: string, waiting: Waiting, job: Job, outcome: WriteOutcome) => {
    job.inFlight = false;
    // The answer to an earlier attempt was lost, where what stands there is this very state. The revision alone does
    // not tell: another server may have given the same one in the same millisecond.
    const ours = !outcome.written && job.attempts > 1 && isDeepStrictEqual(outcome.current, job.record);
    if (outcome.written || ours) {
      const { id, revision } = job.record.progress;
      waiting.stored = { id, revision };
      finish(projectId, waiting, job);
      job.settle?.({ written: true });
      return;
    }
    if (outcome.current === null && job.guard.kind !== 'start') {
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
    const batch: { projectId: string; waiting: Waiting; job: Job }[] = [];
    for (const [projectId, waiting] of projects) {
      const job = waiting.jobs[0];
      if (job === undefined) {
        if (now - waiting.lastDueAt >= snapshotEveryMs) projects.delete(projectId);
        continue;
      }
      if (closing || job.dueAt <= now) batch.push({ projectId, waiting, job });
      if (batch.length === BATCH) break;
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
        if (failures === 1) logger.warn({ cause, waiting: projects.size }, 'the store is away; writes wait');
      }
    }
  };

  const pump = async (): Promise<void> => {
    if (pumping) return;
    pumping = true;
    timer?.();
    timer = null;
    for (;;) {
      const batch = dueBatch(clock.monotonicNow());
      if (batch.length === 0) break;
      const before = failures;
      await writeBatch(batch);
      if (failures > before) break;
    }
    pumping = false;
    schedule();
  };

  const schedule = () => {
    if (pumping) return;
    timer?.();
    timer = null;
    let next = Number.POSITIVE_INFINITY;
    let jobs = 0;
    for (const waiting of projects.values()) {
      const job = waiting.jobs[0];
      jobs += waiting.jobs.length;
      if (job !== undefined) next = Math.min(next, closing ? 0 : job.dueAt);
    }
    if (jobs === 0) {
      for (const done of idle) done();
      idle = [];
      return;
    }
    const backoff = failures === 0 ? 0 : (BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1] ?? 0);
    const delay = Math.max(0, backoff, next - clock.monotonicNow());
    if (delay === 0) queueMicrotask(() => void pump());
    else timer = clock.setTimer(delay, () => void pump());
  };

  return {
    enqueue: (record, event, urgent) => {
      const { projectId } = record.progress;
      const waiting = waitingOf(projectId);
      const now = clock.monotonicNow();
      const dueAt = urgent ? now : Math.max(now, waiting.lastDueAt + snapshotEveryMs);
      const isUpdate = event?.type === 'progress_update';
      const last = replaceable(waiting, record);
      if (last === null) {
        const job = {
          record,
          guard: { kind: 'change' } as const,
          inFlight: false,
          attempts: 0,
          settle: null,
          absorbed: null,
        };
        const isUrgentEvent = event !== null && !isUpdate;
        waiting.jobs.push({
          ...job,
          dueAt,
          events: isUrgentEvent ? [event] : [],
          update: isUpdate ? event : null,
        });
        waiting.lastDueAt = dueAt;
      } else {
        last.record = record;
        last.dueAt = Math.min(last.dueAt, dueAt);
        waiting.lastDueAt = last.dueAt;
        if (isUpdate) last.update = event;
        else if (event !== null) {
          last.events = [...eventsOf(last), event].slice(-MOST_WAITING_EVENTS);
          last.update = null;
        }
      }
      schedule();
    },
    writeNow: (write, deadlineMs) =>
      new Promise((resolve) => {
        const { projectId } = write.record.progress;
        const waiting = waitingOf(projectId);
        const absorbed = replaceable(waiting, write.record);
        if (absorbed !== null) waiting.jobs.pop();
        const now = clock.monotonicNow();
        const job: Job = {
          record: write.record,
          guard: write.guard,
          events: [...(absorbed === null ? [] : eventsOf(absorbed)), ...write.events],
          update: null,
          dueAt: now,
          inFlight: false,
          attempts: 0,
          settle: null,
          absorbed,
        };
        const stopDeadline = clock.setTimer(deadlineMs, () => {
          job.settle?.({ written: 'given-up' });
        });
        job.settle = (outcome) => {
          stopDeadline();
          job.settle = null;
          if (outcome.written === 'given-up') {
            const at = waiting.jobs.indexOf(job);
            waiting.jobs = waiting.jobs.filter((other) => other !== job);
            if (absorbed !== null && at >= 0) waiting.jobs.unshift(absorbed);
            schedule();
          }
          resolve(outcome);
        };
        waiting.jobs.push(job);
        waiting.lastDueAt = now;
        schedule();
      }),
    hurry: (strict) => {
      const now = clock.monotonicNow();
      for (const { jobs, stored } of projects.values()) {
        for (const job of jobs) {
          job.dueAt = Math.min(job.dueAt, now);
          const isOurs = stored !== null && stored.id === job.record.progress.id && job.settle === null;
          if (strict && isOurs) job.guard = { kind: 'change-from', revision: stored.revision };
        }
      }
      schedule();
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
        const stop = clock.setTimer(deadlineMs, () => resolve(false));
        idle.push(() => {
          stop();
          timer?.();
          resolve(true);
        });
        schedule();
      }),
  };
}
