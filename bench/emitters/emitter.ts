/** A way for a job to report its progress, once per item. */

/** One subject of the bench `emit`. */
export interface Emitter {
  open(): Promise<void>;
  /**
   * Reports items, one call each, starting with a sequence; resolves when the calls have returned (and, with a queue,
   * were answered).
   */
  report(calls: number, firstSequence: number): Promise<void> | void;
  /** The last report, read back from where watchers would find it; null if nothing is stored. */
  lastReported(): Promise<number | null>;
}

/** Names of the subjects, in the order of the table. */
export const EMITTERS = ['ingestion-progress', 'zod alone', 'BullMQ'] as const;

/** One of them. */
export type EmitterName = (typeof EMITTERS)[number];

/** The object that a job reuses for every call. */
export function reusableMetrics() {
  return { itemsTotal: 1_000_000_000, itemsProcessed: 0, itemsFailed: 0, bytesProcessed: 0 };
}
