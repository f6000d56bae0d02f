/**
 * The port between servers: delivers changes to the watchers of a project, keeps the latest state, and commits by
 * compare-and-set.
 */
import type { IngestionCommand, IngestionRow } from '@ingestion-progress/schema';
import type { IngestionChange, IngestionRecord } from '../progress/record.js';
import type { Unsubscribe } from '../shared/unsubscribe.js';

export type { Unsubscribe } from '../shared/unsubscribe.js';

/** What a subscriber of a project receives. */
export type BusMessage =
  | { readonly kind: 'change'; readonly change: IngestionChange }
  | { readonly kind: 'command'; readonly command: IngestionCommand };

/** Rows of lists that one server committed. */
export interface RowBatch {
  /** Id of that server. */
  readonly from: string;
  /** At most one of a project. */
  readonly rows: readonly IngestionRow[];
}

/** Channels of rows; a project's rows always go to the same one. */
export const ROW_SHARDS = 16;

/** Outcome of a compare-and-set. */
export type CommitOutcome =
  | { readonly committed: true }
  /** The bus holds a newer state: reduce again onto that one, and try again. */
  | { readonly committed: false; readonly reason: 'stale'; readonly current: IngestionRecord }
  /** An ending is being stored for this ingestion: wait, at most until `untilMs` (ms since the epoch). */
  | { readonly committed: false; readonly reason: 'closing'; readonly untilMs: number };

/** Whether the bus reaches the other servers; `onStateChange` announces each change. */
export type BusState = 'connected' | 'disconnected';

/** Delivers changes between servers. Rejects with `ProgressError` `UNAVAILABLE` if it cannot be reached. */
export interface EventBus {
  /** For logs; nothing is decided by it. */
  readonly name: string;
  /**
   * True if every server with the same bus receives what one of them commits. False for a bus within one process: then
   * several servers commit through their common store.
   */
  readonly sharedBetweenServers: boolean;
  readonly state: BusState;
  open(): Promise<void>;
  close(): Promise<void>;
  ping(): Promise<void>;

  /**
   * Listens to a project. Resolves once the listener is attached (Redis has answered SUBSCRIBE), so that a read after it
   * misses nothing. Resolves also if the other servers cannot be reached: the listener then receives what this process
   * publishes, and what the others do once the state is `connected` again. Listeners must not throw.
   */
  subscribe(projectId: string, listener: (message: BusMessage) => void): Promise<Unsubscribe>;

  /** Latest state known to the bus; null if it holds none (states expire). */
  read(projectId: string): Promise<IngestionRecord | null>;
  /**
   * Commits and publishes if the bus holds no state or none with a greater revision than `baseRevision`, and no other
   * ending has closed the project. `baseRevision` is 0 if there was no state.
   */
  commit(change: IngestionChange, baseRevision: number): Promise<CommitOutcome>;
  /**
   * Closes the project at an ending's revision while the ending is being stored, for `ttlMs`: until it is published or
   * reopened, no other report of the ingestion commits, on any server. (invariant: store-first-ending)
   */
  closeForEnding(
    projectId: string,
    change: IngestionChange,
    baseRevision: number,
    ttlMs: number,
  ): Promise<CommitOutcome>;
  /** Gives an ending up: reopens the project if it was closed at that revision. */
  reopen(projectId: string, revision: number): Promise<void>;
  /**
   * Publishes what is committed elsewhere (stored, or in this server's memory): replaces an older state, and notifies. If
   * the other servers cannot be reached, this process's listeners are notified all the same before it rejects.
   */
  publishStored(change: IngestionChange): Promise<void>;
  /** Sends a command to the project's listeners; to those in this process even if it rejects. */
  publishCommand(command: IngestionCommand): Promise<void>;

  /**
   * Sends rows to those who listen to a shard, from 0 to `ROW_SHARDS` - 1. Resolves to false if it is certain that nobody
   * does. Nothing is kept.
   */
  publishRows(shard: number, batch: RowBatch): Promise<boolean>;
  /** Listens to a shard; as `subscribe` does. */
  subscribeRows(shard: number, listener: (batch: RowBatch) => void): Promise<Unsubscribe>;

  /** Calls the listener at each loss and each return of the connection; after a return everything watched must be read again. */
  onStateChange(listener: (state: BusState) => void): Unsubscribe;
}
