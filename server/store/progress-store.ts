/** The port to durable storage: one document a project (its latest ingestion), a history, an event log, leases. */
import type { IngestionListStatus, RecordedEvent } from '@ingestion-progress/schema';
import type { ListPlace } from '../progress/list-place.js';
import type { OpenIngestion, OpenList } from '../progress/open-ingestion.js';
import type { ProblemSeverity, ProblemTotal, StoredProblem } from '../progress/problem.js';
import type { IngestionRecord } from '../progress/record.js';

/** What a write may replace (invariant: compare-and-set). */
export type WriteGuard =
  /**
   * Begins an ingestion: the stored one is absent, or has another id, is not RUNNING, and its revision is smaller. What
   * it replaces is copied into the history first. The caller has checked that the id is not in the history.
   */
  | { readonly kind: 'start' }
  /** Changes the stored ingestion: same id, not ended, its revision smaller. */
  | { readonly kind: 'change' }
  /** As `change`, and the stored revision is exactly this one (compare-and-set without Redis). */
  | { readonly kind: 'change-from'; readonly revision: number };

/** One guarded write, with the log entries that belong to it. */
export interface StoreWrite {
  readonly record: IngestionRecord;
  readonly guard: WriteGuard;
  /** Written in the same batch; idempotent by `id`. */
  readonly events: readonly RecordedEvent[];
}

/** `written: false` comes with what is stored instead; null if nothing is. */
export type WriteOutcome =
  | { readonly written: true }
  | {
      readonly written: false;
      readonly current: IngestionRecord | null;
      /** Present if the stored document does not parse, so that `current` is null: `INTERNAL_SERVER_ERROR` for this project. */
      readonly unreadable?: true;
    };

/** One page of a list; `after` is the cursor of the last item of the page before. */
export interface PageRequest {
  readonly first: number;
  readonly after: string | null;
}

/** Items with their cursors. */
export interface Page<T> {
  readonly items: readonly { readonly cursor: string; readonly node: T }[];
  readonly hasNextPage: boolean;
}

/** What `appendProblems` did. */
export interface ProblemsAppended {
  /** New ones that are kept. */
  readonly added: number;
  /** New ones that are only counted, since the store keeps its most already. */
  readonly counted: number;
  /** All of the attempt by code, the counted ones among them. A repeat is none; so it is the truth, however often it is asked. */
  readonly totals: readonly ProblemTotal[];
}

/** Which problems of an ingestion. */
export interface ProblemFilter {
  readonly attempt: number;
  /** Null: both. */
  readonly severity: ProblemSeverity | null;
  /** Null: every code. */
  readonly code: string | null;
}

/** Which of the latest ingestions that have not ended. */
export type OpenQuery =
  /** Those due before this moment (ms since the epoch) by their `dueKeyOf`, the longest due first. */
  | { readonly list: OpenList; readonly before: number; readonly after: string | null }
  /** Those that run in the process of a server that is none of these, in any order. */
  | { readonly list: 'owned'; readonly exceptBy: readonly string[] };

/** A page of open ingestions. */
export interface OpenPage {
  readonly items: readonly OpenIngestion[];
  /** The `after` of the next page; null if this one is the last. */
  readonly next: string | null;
}

/** Which ingestions of many projects, the latest and earlier ones. */
export interface ListQuery {
  readonly status: IngestionListStatus;
  /** Of these, at most 50; null for all. */
  readonly projectIds: readonly string[] | null;
  /** Started at this time or later (ms since the epoch); null for any time. */
  readonly startedSince: number | null;
  /** Those behind this place; null for the first. */
  readonly after: ListPlace | null;
}

/** Some ingestions of a list. */
export interface ListPage {
  /** The newest start first. One that does not parse is left out. */
  readonly records: readonly IngestionRecord[];
  /** The `after` of the next page; null if this one is the last. */
  readonly next: ListPlace | null;
}

/** What one call of `deleteBefore` did. */
export interface Deletion {
  /** Ingestions deleted. */
  readonly deleted: number;
  /** True if more may be due: call again. */
  readonly hasMore: boolean;
}

/** A server's heartbeat. */
export interface Lease {
  readonly serverId: string;
  /** Milliseconds since the Unix epoch, by that server's clock at the heartbeat. */
  readonly renewedAt: number;
  /** Milliseconds after `renewedAt` at which it expires. */
  readonly ttlMs: number;
}

/**
 * Durable storage of progress. Every call rejects within its driver's timeout; none hangs. Rejects with
 * `ProgressError` `UNAVAILABLE` if the store cannot be reached, `INTERNAL_SERVER_ERROR` if a document does not parse (that
 * one only).
 */
export interface ProgressStore {
  /** For logs; nothing is decided by it. */
  readonly name: string;
  /** True if only one process can have this store open at a time: opening it proves that every lease in it has expired. */
  readonly exclusive: boolean;
  /** Connects, creates indexes, takes locks. Rejects with a sentence that says how to fix it. */
  open(): Promise<void>;
  /** Finishes what was begun. A second call does no harm. */
  close(): Promise<void>;
  /** Resolves if the store takes writes: it makes one where states are written. */
  ping(): Promise<void>;
  /**
   * The time of the machine that keeps it, in milliseconds since the epoch; null if it does not tell. Absent if that is
   * this machine.
   */
  readTime?(): Promise<number | null>;

  /** The project's latest ingestion; null if it never ingested. */
  read(projectId: string): Promise<IngestionRecord | null>;
  /** The latest ingestions of at most 50 projects, those that exist; a document that does not parse is left out and logged. */
  readMany(projectIds: readonly string[]): Promise<ReadonlyMap<string, IngestionRecord>>;
  /** One ingestion, the latest or from the history. */
  readIngestion(projectId: string, ingestionId: string): Promise<IngestionRecord | null>;
  /** A project's ingestions, newest start first, the latest among them. */
  listIngestions(projectId: string, page: PageRequest): Promise<Page<IngestionRecord>>;
  /** At most `limit` ingestions of a list, found by an index; as they are stored, which may be seconds behind. */
  listByStatus(query: ListQuery, limit: number): Promise<ListPage>;
  /** The log of an ingestion, oldest first. */
  listEvents(projectId: string, ingestionId: string, page: PageRequest): Promise<Page<RecordedEvent>>;

  /** Guarded writes, each judged by itself, at most 50; outcomes in the same order. A batch has at most one of a project. */
  write(writes: readonly StoreWrite[]): Promise<readonly WriteOutcome[]>;
  /** Log entries with no change of state (commands). */
  appendEvents(projectId: string, ingestionId: string, events: readonly RecordedEvent[]): Promise<void>;

  /**
   * Keeps problems of one attempt, at most 100, each once by attempt, phase, item and code. Of an ingestion at most `most`
   * are kept: those of earlier attempts make room, and what is beyond is only counted.
   */
  appendProblems(
    projectId: string,
    ingestionId: string,
    problems: readonly StoredProblem[],
    most: number,
  ): Promise<ProblemsAppended>;
  /** Problems that are kept of an ingestion, in the order of their reports. */
  listProblems(
    projectId: string,
    ingestionId: string,
    filter: ProblemFilter,
    page: PageRequest,
  ): Promise<Page<StoredProblem>>;

  /** At most `limit` open ingestions, found by an index and without reading their records. May be behind the records by seconds. */
  listOpen(query: OpenQuery, limit: number): Promise<OpenPage>;

  /** Writes this server's heartbeat. */
  renewLease(lease: Lease): Promise<void>;
  /** Every lease, expired or not; one that does not parse is logged and deleted. */
  listLeases(): Promise<readonly Lease[]>;
  /** Deletes a lease; a second call does no harm. */
  dropLease(serverId: string): Promise<void>;

  /**
   * Deletes history, logs and problems of ingestions that have ended and were last touched before this moment (ms since the
   * epoch), at most `limit` of them, and leases that had expired by then. A project's latest state stays.
   */
  deleteBefore(cutoffMs: number, limit: number): Promise<Deletion>;
}
