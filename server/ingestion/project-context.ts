/** What every project of a server shares: ports, limits and counts. */
import type { EventBus } from '../bus/event-bus.js';
import type { Clock } from '../shared/clock.js';
import type { Logger } from '../observability/logger.js';
import type { ProgressStore } from '../store/progress-store.js';
import type { IngestionRecord } from '../progress/record.js';
import type { StoreWriter } from '../write-behind/writer.js';

/** What happened since the server started; for metrics. */
export interface IngestionCounts {
  starts: number;
  /** Events committed, by their type. */
  events: Record<string, number>;
  /** Reports that went out merged into one event with a newer one. */
  coalesced: number;
  /** Reports for an earlier phase. */
  ignored: number;
  /** Reports answered `CONFLICT`. */
  conflicts: number;
  /** Reports answered `RATE_LIMITED`. */
  rateLimited: number;
  /** Commits that met a newer state and were folded again. */
  refolds: number;
}

/** Counts of a server that just started. */
export const noCounts = (): IngestionCounts => ({
  starts: 0,
  events: {},
  coalesced: 0,
  ignored: 0,
  conflicts: 0,
  rateLimited: 0,
  refolds: 0,
});

/** Shared by the projects of a server. */
export interface ProjectContext {
  readonly store: ProgressStore;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly writer: StoreWriter;
  readonly serverId: string;
  /** How long an awaited call waits for store or bus, in milliseconds. */
  readonly deadlineMs: number;
  readonly counts: IngestionCounts;
  /** True while another server's lease stands: states elsewhere may be newer than ours. */
  readonly othersStand: () => boolean;
  /** The newest state that this server's watchers were told; null where nobody watches. */
  readonly told: (projectId: string) => IngestionRecord | null;
  /** True once the servers that were there before this one store what they commit before they tell it. */
  readonly isHeard: () => boolean;
}
