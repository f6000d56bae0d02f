/**
 * The port between servers: carries changes to whoever watches a project, keeps the latest state, and commits by
 * compare-and-set. One process has the memory adapter, several have Redis.
 */
import type { IngestionCommand } from '@ingestion-progress/schema';
import type { IngestionChange, IngestionRecord } from '../progress/record.js';

/** What a subscriber of a project hears. */
export type BusMessage =
  | { readonly kind: 'change'; readonly change: IngestionChange }
  | { readonly kind: 'command'; readonly command: IngestionCommand };

/** Stops listening; a second call does no harm. */
export type Unsubscribe = () => void;

/** Outcome of a compare-and-set. */
export type CommitOutcome =
  | { readonly committed: true }
  /** A newer state stands there: take it, fold again, try again. */
  | { readonly committed: false; readonly reason: 'stale'; readonly current: IngestionRecord }
  /** An ending is being stored for this ingestion: wait, at most until `untilMs` (ms since the epoch). */
  | { readonly committed: false; readonly reason: 'closing'; readonly untilMs: number };

/** Whether the bus reaches the other servers; listeners hear of each change. */
export type BusState = 'connected' | 'disconnected';

/** Carries changes between servers. Rejects with `ProgressError` `UNAVAILABLE` where it cannot be reached. */
export interface EventBus {
  readonly kind: 'memory' | 'redis';
  readonly state: BusState;
  open(): Promise<void>;
  close(): Promise<void>;
  ping(): Promise<void>;

  /**
   * Listens to a project. Resolves once the listener is attached, for Redis after SUBSCRIBE was answered, so that what
   * is read after it misses nothing. Where the other servers cannot be reached it resolves too: the listener then hears
   * what this process publishes, and once the state is `connected` again, that of the others. Listeners must not throw.
   */
  subscribe(projectId: string, listener: (message: BusMessage) => void): Promise<Unsubscribe>;

  /** Latest state known to the bus; null where it holds none (it expires). */
  read(projectId: string): Promise<IngestionRecord | null>;
  /**
   * Commits and publishes where the key is absent or holds no greater revision than `foldedFrom`, and no other
   * ingestion's ending is closing it. `foldedFrom` is 0 where there was no state.
   */
  commit(change: IngestionChange, foldedFrom: number): Promise<CommitOutcome>;
  /**
   * Closes the project's key at an ending's revision while the ending is being stored, for `ttlMs`: until it is
   * published or reopened no other report of the ingestion commits, on any server.
   */
  closeForEnding(
    projectId: string,
    change: IngestionChange,
    foldedFrom: number,
    ttlMs: number,
  ): Promise<CommitOutcome>;
  /** Gives an ending up: takes the closing mark of that revision away. */
  reopen(projectId: string, revision: number): Promise<void>;
  /**
   * Publishes what is already stored (an ending, a start): sets the key where its revision is smaller, and tells. Where
   * the other servers cannot be reached, this process's listeners are told all the same before it rejects.
   */
  publishStored(change: IngestionChange): Promise<void>;
  /** Sends a command to whoever takes this project's commands; to this process's listeners also where it rejects. */
  publishCommand(command: IngestionCommand): Promise<void>;

  /** Told at each loss and each return of the connection; after a return everything watched must be read again. */
  onStateChange(listener: (state: BusState) => void): Unsubscribe;
}
