/**
 * The port of committing one change of a project. Three classes implement it, chosen by the state of the cluster:
 * `commit-on-bus.ts` if the bus reaches every other server, `commit-to-store.ts` if there are servers that it does not
 * reach, `commit-in-memory.ts` if there are no others. Types only.
 */
import type { Delivery } from '../progress/change.js';
import type { IngestionChange, IngestionRecord } from '../progress/record.js';

/** Result of a commit. */
export type CommitResult =
  | { readonly kind: 'committed' }
  /** The state has changed: reduce again. `ageMs` is how long ago another server's event was, null if not known. */
  | { readonly kind: 'stale'; readonly ageMs: number | null }
  /** The deadline passed, or the store will never take it. */
  | { readonly kind: 'given-up' };

/** Commits changes of one project by compare-and-set. Rejects with `UNAVAILABLE` if it should be tried again. */
export interface Committer {
  /** Commits and publishes a change that was reduced from `base`. */
  commit(
    change: IngestionChange,
    base: IngestionRecord,
    delivery: Exclude<Delivery, 'store-first'>,
    deadlineAt: number | null,
  ): Promise<CommitResult>;
  /**
   * Stores an ending while no other report of the ingestion can commit, on any server. Does not publish it: a start that
   * replaces the ingestion is published instead. (invariant: store-first-ending)
   */
  storeEnding(
    change: IngestionChange,
    base: IngestionRecord,
    deadlineAt: number | null,
  ): Promise<CommitResult>;
}
