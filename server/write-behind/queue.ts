/**
 * What of one project is still to be stored, in order: the newest state of an ingestion in one job, its log entries with
 * it. Only data; `writer.ts` decides when a job is written.
 */
import { isEnded, type RecordedEvent } from '@ingestion-progress/schema';
import type { IngestionChange, IngestionRecord } from '../progress/record.js';
import type { StoreWrite, WriteGuard, WriteOutcome } from '../store/progress-store.js';

/** Most log entries that wait for one project while the store is away; the oldest are dropped first. */
const MAX_PENDING_EVENTS = 500;

/** `given-up`: the deadline passed. The write may still arrive; the caller reads it back. */
export type AwaitedOutcome = WriteOutcome | { readonly written: 'given-up' };

/** A record, with the request that caused it if there was one. */
export type TracedRecord = Pick<IngestionChange, 'record' | 'requestId'>;
/** A write of one. */
export type TracedWrite = StoreWrite & TracedRecord;

/** One state that waits. */
export interface WriteJob {
  record: IngestionRecord;
  guard: WriteGuard;
  events: readonly RecordedEvent[];
  /** The log entry of the newest update; only the one that a snapshot persists is kept. */
  update: RecordedEvent | null;
  /** Monotonic. */
  dueAt: number;
  isInFlight: boolean;
  attempts: number;
  /** The request that caused the state, for the log. */
  requestId: string | undefined;
  /** Resolves the call that awaits it; null if none does, or it was resolved. */
  settle: ((outcome: AwaitedOutcome) => void) | null;
  /** The job that this awaited one replaced; restored if this one is given up. */
  readonly replaced: WriteJob | null;
}

/** Log entries of a job, in order. */
export const eventsOf = (job: WriteJob): readonly RecordedEvent[] =>
  job.update === null ? job.events : [...job.events, job.update];

/** The jobs of one project. */
export class WriteQueue {
  private jobs: WriteJob[] = [];
  /** When the newest job was or is due, monotonic. */
  lastDueAt = Number.NEGATIVE_INFINITY;
  /** What this server stored last; null before that. */
  private stored: { readonly id: string; readonly revision: number } | null = null;

  get size(): number {
    return this.jobs.length;
  }

  /** The job to write next; null if there is none. */
  get head(): WriteJob | null {
    return this.jobs[0] ?? null;
  }

  /** Adds a committed state, or updates the job of an older one; returns when it is due. */
  add({ record, requestId }: TracedRecord, events: readonly RecordedEvent[], dueAt: number): number {
    const update = events.find(({ type }) => type === 'progress_update') ?? null;
    const job = this.replaceable(record);
    if (job === null) {
      const others = update === null ? events : [];
      this.push({
        record,
        requestId,
        guard: { kind: 'change' },
        events: others,
        update,
        dueAt,
        replaced: null,
      });
      return dueAt;
    }
    job.record = record;
    job.requestId = requestId;
    job.dueAt = Math.min(job.dueAt, dueAt);
    this.lastDueAt = job.dueAt;
    if (update !== null) job.update = update;
    else if (events.length > 0) {
      job.events = [...eventsOf(job), ...events].slice(-MAX_PENDING_EVENTS);
      job.update = null;
    }
    return job.dueAt;
  }

  /** Adds a state whose write is awaited; it replaces the job of an older one of its ingestion. */
  addAwaited({ record, requestId, guard, events }: TracedWrite, dueAt: number): WriteJob {
    const replaced = this.replaceable(record);
    if (replaced !== null) this.jobs.pop();
    const earlier = replaced === null ? [] : eventsOf(replaced);
    return this.push({
      ...{ record, requestId, guard, dueAt, replaced },
      events: [...earlier, ...events],
      update: null,
    });
  }

  /** A write of the job begins. */
  begin(job: WriteJob): StoreWrite {
    job.isInFlight = true;
    job.attempts += 1;
    return { record: job.record, guard: job.guard, events: eventsOf(job) };
  }

  /** The job is stored. */
  succeed(job: WriteJob): void {
    const { id, revision } = job.record.progress;
    this.stored = { id, revision };
    this.remove(job);
    job.settle?.({ written: true });
  }

  /** The store holds something else, and the job cannot be written any more. */
  conflict(job: WriteJob, outcome: Extract<WriteOutcome, { written: false }>): void {
    this.remove(job);
    job.settle?.(outcome);
  }

  /** The write failed; the job stays, to be tried again. */
  fail(job: WriteJob): void {
    job.isInFlight = false;
  }

  /** The store has lost the project's document: the job holds the only copy, and creates it anew. */
  recreate(job: WriteJob): void {
    job.isInFlight = false;
    job.guard = { kind: 'start' };
  }

  /** The store will never take the job. */
  drop(job: WriteJob): void {
    this.remove(job);
    job.settle?.({ written: 'given-up' });
  }

  /** The deadline of an awaited job passed; the job that it replaced comes back. */
  giveUp(job: WriteJob): void {
    const isPending = this.jobs.includes(job);
    this.remove(job);
    if (isPending && job.replaced !== null) this.jobs.unshift(job.replaced);
    job.settle?.({ written: 'given-up' });
  }

  /**
   * What is lost if the process ends now. A start or an ending that is awaited was not acknowledged; what it replaced was.
   */
  unstored(): StoreWrite[] {
    const kept = this.jobs.map((job) => {
      const { settle, guard, record, replaced } = job;
      const isAnswered = settle === null || (guard.kind !== 'start' && !isEnded(record.progress));
      return isAnswered ? job : replaced;
    });
    return kept
      .filter((job) => job !== null)
      .map((job) => ({ record: job.record, guard: job.guard, events: eventsOf(job) }));
  }

  /** Makes everything due; with `mustFollowOurs` a job may replace only what this server stored last. */
  flush(now: number, mustFollowOurs: boolean): void {
    for (const job of this.jobs) {
      job.dueAt = Math.min(job.dueAt, now);
      const isOurs = this.stored?.id === job.record.progress.id && job.settle === null;
      if (mustFollowOurs && isOurs && this.stored !== null) {
        job.guard = { kind: 'change-from', revision: this.stored.revision };
      }
    }
  }

  private remove(job: WriteJob): void {
    job.isInFlight = false;
    this.jobs = this.jobs.filter((other) => other !== job);
  }

  private push(job: Omit<WriteJob, 'isInFlight' | 'attempts' | 'settle'>): WriteJob {
    const added: WriteJob = { ...job, isInFlight: false, attempts: 0, settle: null };
    this.jobs.push(added);
    this.lastDueAt = job.dueAt;
    return added;
  }

  /** The last job, if a newer state of this ingestion may replace it. */
  private replaceable(record: IngestionRecord): WriteJob | null {
    const last = this.jobs.at(-1);
    if (last === undefined || last.isInFlight || last.settle !== null) return null;
    return last.record.progress.id === record.progress.id ? last : null;
  }
}
