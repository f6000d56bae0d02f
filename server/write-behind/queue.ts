/**
 * What of one project is still to be stored, in order: the newest state of an ingestion in one place, its log entries
 * with it. Only data; when it is written, and what came of it, is `store-writer.ts`'s.
 */
import type { RecordedEvent } from '@ingestion-progress/schema';
import type { StoreWrite, WriteGuard, WriteOutcome } from '../store/progress-store.js';
import type { IngestionChange, IngestionRecord } from '../progress/record.js';

/** Most log entries that wait for one project while the store is away; the oldest go first. */
const MOST_WAITING_EVENTS = 500;

/** `given-up`: the deadline passed. The write may still arrive; the caller reads it back. */
export type AwaitedOutcome = WriteOutcome | { readonly written: 'given-up' };

/** A state, with the request that it came by where a request brought it. */
export type TracedRecord = Pick<IngestionChange, 'record' | 'requestId'>;
/** A write of one. */
export type TracedWrite = StoreWrite & TracedRecord;

/** One state that waits. */
export interface WriteJob {
  record: IngestionRecord;
  guard: WriteGuard;
  events: RecordedEvent[];
  /** The log's entry for the newest update; only the one that a snapshot persists is kept. */
  update: RecordedEvent | null;
  /** Monotonic. */
  dueAt: number;
  inFlight: boolean;
  attempts: number;
  /** The request that its state came by, for the log. */
  requestId: string | undefined;
  /** Tells whoever awaits it; null where nobody does, or was told. */
  settle: ((outcome: AwaitedOutcome) => void) | null;
  /** What waited before this awaited write took its place; comes back if that is given up. */
  readonly absorbed: WriteJob | null;
}

/** Log entries of a job, in order. */
export const eventsOf = (job: WriteJob): RecordedEvent[] =>
  job.update === null ? job.events : [...job.events, job.update];

/** The writes of one project. */
export class ProjectWrites {
  jobs: WriteJob[] = [];
  /** When the last write was made due, monotonic. */
  lastDueAt = Number.NEGATIVE_INFINITY;
  /** What this server stored last, while that is remembered. */
  stored: { readonly id: string; readonly revision: number } | null = null;

  /** Puts a committed state in line, or in the place of an older one; returns when it is due. */
  put({ record, requestId }: TracedRecord, event: RecordedEvent | null, dueAt: number): number {
    const isUpdate = event?.type === 'progress_update';
    const last = this.replaceable(record);
    if (last === null) {
      const update = isUpdate ? event : null;
      const events = event === null || isUpdate ? [] : [event];
      this.push({ record, requestId, guard: { kind: 'change' }, events, update, dueAt, absorbed: null });
      return dueAt;
    }
    last.record = record;
    last.requestId = requestId;
    last.dueAt = Math.min(last.dueAt, dueAt);
    this.lastDueAt = last.dueAt;
    if (isUpdate) last.update = event;
    else if (event !== null) {
      last.events = [...eventsOf(last), event].slice(-MOST_WAITING_EVENTS);
      last.update = null;
    }
    return last.dueAt;
  }

  /** Puts a state in line that somebody awaits; it takes the place of an older one of its ingestion. */
  putAwaited({ record, requestId, guard, events }: TracedWrite, dueAt: number): WriteJob {
    const absorbed = this.replaceable(record);
    if (absorbed !== null) this.jobs.pop();
    const earlier = absorbed === null ? [] : eventsOf(absorbed);
    const all = [...earlier, ...events];
    return this.push({ record, requestId, guard, events: all, update: null, dueAt, absorbed });
  }

  /** Takes a job out of the line. */
  remove(job: WriteJob): void {
    this.jobs = this.jobs.filter((other) => other !== job);
  }

  /** Takes an awaited job out of the line that was given up; what it had taken the place of comes back. */
  giveUp(job: WriteJob): void {
    const isWaiting = this.jobs.includes(job);
    this.remove(job);
    if (isWaiting && job.absorbed !== null) this.jobs.unshift(job.absorbed);
  }

  /** Makes everything due; with `strict` only in the place of what this server stored last. */
  hurry(now: number, strict: boolean): void {
    for (const job of this.jobs) {
      job.dueAt = Math.min(job.dueAt, now);
      const isOurs = this.stored?.id === job.record.progress.id && job.settle === null;
      if (strict && isOurs && this.stored !== null) {
        job.guard = { kind: 'change-from', revision: this.stored.revision };
      }
    }
  }

  private push(
    job: Pick<WriteJob, 'record' | 'requestId' | 'guard' | 'events' | 'update' | 'dueAt' | 'absorbed'>,
  ): WriteJob {
    const made: WriteJob = { ...job, inFlight: false, attempts: 0, settle: null };
    this.jobs.push(made);
    this.lastDueAt = job.dueAt;
    return made;
  }

  /** The job at the end of the line, if a newer state of this ingestion may take its place. */
  private replaceable(record: IngestionRecord): WriteJob | null {
    const last = this.jobs.at(-1);
    if (last === undefined || last.inFlight || last.settle !== null) return null;
    return last.record.progress.id === record.progress.id ? last : null;
  }
}
