/** A way for a job to report its progress, once for each item that it did. */

/** One subject of the bench `emit`. */
export interface Emitter {
  open(): Promise<void>;
  /**
   * Reports so many items, one call each, from the sequence on; resolves when the calls have returned (and, for a queue,
   * were answered).
   */
  report(calls: number, firstSequence: number): Promise<void> | void;
  /** What was reported last, read back from where watchers would find it. Null where nothing is kept. */
  lastReported(): Promise<number | null>;
}

/** Names of the subjects, in the order of the table. */
export const EMITTERS = ['ingestion-progress', 'zod alone', 'BullMQ'] as const;

/** One of them. */
export type EmitterName = (typeof EMITTERS)[number];

/** The object that a job reuses for each call. */
export function reusableMetrics() {
  return { itemsTotal: 1_000_000_000, itemsProcessed: 0, itemsFailed: 0, bytesProcessed: 0 };
}
