/** What happened since the server started; for metrics. */
export interface IngestionCounts {
  starts: number;
  /** Events committed, by their type. */
  events: Record<string, number>;
  /** Reports that were coalesced into one event with a newer one. */
  coalesced: number;
  /** Reports for an earlier phase. */
  ignored: number;
  /** Reports answered `CONFLICT`. */
  conflicts: number;
  /** Reports answered `RATE_LIMITED`. */
  rateLimited: number;
  /** Commits that met a newer state and were reduced again. */
  retries: number;
}

/** Counts of a server that just started. */
export const createCounts = (): IngestionCounts => ({
  starts: 0,
  events: {},
  coalesced: 0,
  ignored: 0,
  conflicts: 0,
  rateLimited: 0,
  retries: 0,
});
