/** What the server keeps of one ingestion: the state that goes over the wire, and the bookkeeping that does not. Types only. */
import type { IngestionEvent, IngestionProgress } from '@ingestion-progress/schema';
import type { RemainingTimeState } from './remaining-time.js';

/** Counts that one part of a phase reported last; null if it never gave one. */
export type PartCounts = readonly [
  /** Greatest sequence of its reports. */
  sequence: number | null,
  percent: number | null,
  itemsTotal: number | null,
  itemsProcessed: number | null,
  itemsFailed: number | null,
  bytesTotal: number | null,
  bytesProcessed: number | null,
];

/** Bookkeeping of one phase. */
export interface PhaseWork {
  /** The job's own percent; null if it never gave one, so that the shown one is worked out from counts. */
  readonly ownPercent: number | null;
  /** True once the job gave items per second itself. */
  readonly hasOwnRate: boolean;
  /** Milliseconds that it ran, pauses left out; null until it is over. */
  readonly activeMs: number | null;
  /** Estimate of the remaining time; null before the first report with a count or a percent. */
  readonly remaining: RemainingTimeState | null;
  /** Parts by name, if the job named any. */
  readonly parts?: Readonly<Record<string, PartCounts>>;
}

/** One ingestion, as stores keep it and buses carry it. JSON-serialisable, and never changed in place. */
export interface IngestionRecord {
  /** Version of this shape; a store refuses to parse a version it does not know. */
  readonly version: 1;
  readonly progress: IngestionProgress;
  /** Greatest report sequence committed in this attempt; null if there was none. */
  readonly lastSequence: number | null;
  /** Key of the process that reports in this attempt; absent if it gave none. */
  readonly attemptKey?: string | null;
  /** Id of the server whose lease guards an in-process job; null for a job in another process. */
  readonly ownerServerId: string | null;
  /** Bookkeeping by phase, in their order; absent in records of version 0.1.0. */
  readonly work?: readonly PhaseWork[];
  /** For servers of version 0.1.0, which do not read a record without it. */
  readonly rate: null;
  /** Token subject that asked to cancel; null if nobody did. */
  readonly cancelRequestedBy: string | null;
  /** True once a job accepted the cancel request; until then the server itself cancels 30 s after the request. */
  readonly cancelTaken?: boolean;
  /** True if the job gave the phases' weights, so that an overall ETA may be based on them. */
  readonly weighted?: boolean;
}

/** What a change without an event of its own adds to the ingestion's log. */
export interface LogNote {
  readonly type: 'attempt_started' | 'phase_completed' | 'paused' | 'resumed' | 'waiting';
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A committed change: the event as watchers see it, and the whole new record behind it. */
export interface IngestionChange {
  readonly event: IngestionEvent;
  readonly record: IngestionRecord;
  /** For the log; absent if the event says it all. */
  readonly note?: LogNote;
  /** The request that caused it, the last one if several were merged: for logs; watchers never see it. */
  readonly requestId?: string;
}
