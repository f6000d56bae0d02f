/** What the server keeps of one ingestion: the state that goes over the wire, and the bookkeeping that does not. */
import type { IngestionEvent, IngestionProgress, MetricsInput } from '@ingestion-progress/schema';

/** State of the rate estimate of the running phase; its meaning is `rate.ts`'s. */
export interface RateState {
  readonly phase: number;
  readonly [key: string]: unknown;
}

/** One ingestion, as stores keep it and buses carry it. JSON-serialisable, and never changed in place. */
export interface IngestionRecord {
  /** Version of this shape; a store refuses to parse what it does not know. */
  readonly version: 1;
  readonly progress: IngestionProgress;
  /** Greatest report sequence taken; null where none was. */
  readonly lastSequence: number | null;
  /** Id of the server whose lease guards an in-process job; null for a job in another process. */
  readonly ownerServerId: string | null;
  /** Rate estimate of the running phase; null before its first update. */
  readonly rate: RateState | null;
  /** Token subject that asked to cancel; null where nobody did. */
  readonly cancelRequestedBy: string | null;
  /** True once a job took the cancel request; until then the server itself cancels 30 s after the request. */
  readonly cancelTaken?: boolean;
  /** True where the job gave the phases' weights, so that an overall ETA may rest on them. */
  readonly weighted?: boolean;
}

/** One change: the event as watchers see it, and the whole new record behind it. */
export interface IngestionChange {
  readonly event: IngestionEvent;
  readonly record: IngestionRecord;
  /** The request that it came by, the last one where several were merged: for logs, and never told to watchers. */
  readonly requestId?: string;
}

/** The same change, with the request that it came by. */
export function ofRequest(change: IngestionChange, requestId: string | undefined): IngestionChange {
  return requestId === undefined ? change : { ...change, requestId };
}

export type { IngestionProgress, MetricsInput };
