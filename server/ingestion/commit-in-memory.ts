/**
 * Commits while this server is alone: no other server can change the project, so that the state in memory is the newest
 * one. Covers a single server without Redis, and one whose Redis is away. The store is written behind.
 */
import { changeEntries } from '../progress/log-entry.js';
import type { IngestionChange, IngestionRecord } from '../progress/record.js';
import type { StoreWriter } from '../write-behind/writer.js';
import type { Committer, CommitResult } from './committer.js';
import type { ProjectState } from './project-state.js';

/** See the file's head. */
export class CommitInMemory implements Committer {
  constructor(
    private readonly state: ProjectState,
    private readonly writer: StoreWriter,
  ) {}

  async commit(
    change: IngestionChange,
    base: IngestionRecord,
    delivery: 'coalesced' | 'immediate',
  ): Promise<CommitResult> {
    if (this.isStale(base)) return { kind: 'stale', ageMs: null };
    this.state.live = change.record;
    await this.state.publish(change);
    this.writer.enqueue(change, changeEntries(change), delivery === 'immediate');
    return { kind: 'committed' };
  }

  async storeEnding(
    change: IngestionChange,
    base: IngestionRecord,
    deadlineAt: number | null,
  ): Promise<CommitResult> {
    if (this.isStale(base)) return { kind: 'stale', ageMs: null };
    return this.state.store(change, changeEntries(change), this.state.changeGuard(), deadlineAt);
  }

  /** True if a stored state was adopted since `base` was read. */
  private isStale(base: IngestionRecord): boolean {
    return this.state.live?.progress.revision !== base.progress.revision;
  }
}
