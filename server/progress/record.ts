/** What the server keeps of one ingestion: the state that goes over the wire, and the bookkeeping that does not. Types only. */
import type { IngestionEvent, IngestionProgress } from '@ingestion-progress/schema';

/** State of the rate estimate of the running phase; `eta.ts` knows what it means. */
export interface RateState {
  readonly phase: number;
  readonly [key: string]: unknown;
}

/** One ingestion, as stores keep it and buses carry it. JSON-serialisable, and never changed in place. */
export interface IngestionRecord {
  /** Version of this shape; a store refuses to parse a version it does not know. */
  readonly version: 1;
  readonly progress: IngestionProgress;
  /** Greatest report sequence committed; null if there was none. */
  readonly lastSequence: number | null;
  /** Id of the server whose lease guards an in-process job; null for a job in another process. */
  readonly ownerServerId: string | null;
  /** Rate estimate of the running phase; null before its first update. */
  readonly rate: RateState | null;
  /** Token subject that asked to cancel; null if nobody did. */
  readonly cancelRequestedBy: string | null;
  /** True once a job accepted the cancel request; until then the server itself cancels 30 s after the request. */
  readonly cancelTaken?: boolean;
  /** True if the job gave the phases' weights, so that an overall ETA may be based on them. */
  readonly weighted?: boolean;
}

/** A committed change: the event as watchers see it, and the whole new record behind it. */
export interface IngestionChange {
  readonly event: IngestionEvent;
  readonly record: IngestionRecord;
  /** The request that caused it, the last one if several were merged: for logs; watchers never see it. */
  readonly requestId?: string;
}
