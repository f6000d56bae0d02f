/**
 * Commits while there are other servers that the bus does not reach: several servers without Redis, or with Redis away.
 * Every change is stored by compare-and-set before it is published, and the others read it from there
 * (invariant: compare-and-set) (invariant: outage-stays-behind).
 */
import { changeEntries } from '../progress/log-entry.js';
import type { IngestionChange, IngestionRecord } from '../progress/record.js';
import type { Committer, CommitResult } from './committer.js';
import type { ProjectState } from './project-state.js';

/** See the file's head. */
export class CommitToStore implements Committer {
  constructor(private readonly state: ProjectState) {}

  async commit(
    change: IngestionChange,
    base: IngestionRecord,
    _delivery: 'coalesced' | 'immediate',
    deadlineAt: number | null,
  ): Promise<CommitResult> {
    const result = await this.storeEnding(change, base, deadlineAt);
    if (result.kind === 'committed') await this.state.publish(change);
    return result;
  }

  async storeEnding(
    change: IngestionChange,
    _base: IngestionRecord,
    deadlineAt: number | null,
  ): Promise<CommitResult> {
    // A server joined since this was reduced: there is no stored revision to compare with.
    if (this.state.storedRevision === null) return { kind: 'stale', ageMs: null };
    return this.state.store(change, changeEntries(change), this.state.changeGuard(), deadlineAt);
  }
}
