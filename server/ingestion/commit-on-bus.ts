/**
 * Commits while the bus reaches every other server: the bus compares, sets and publishes in one step, and the store is
 * written behind. For an ending the bus first closes the project's key to other commits.
 * (invariant: compare-and-set) (invariant: store-first-ending)
 */
import type { CommitOutcome, EventBus } from '../bus/event-bus.js';
import type { Logger } from '../observability/logger.js';
import { changeEntries } from '../progress/log-entry.js';
import type { IngestionChange, IngestionRecord } from '../progress/record.js';
import type { Clock } from '../shared/clock.js';
import { sleep } from '../shared/sleep.js';
import type { StoreWriter } from '../write-behind/writer.js';
import type { Committer, CommitResult } from './committer.js';
import type { ProjectState } from './project-state.js';

/** How long a project's key stays closed while an ending is stored, in milliseconds (invariant: store-first-ending). */
const CLOSED_FOR_MS = 35_000;
/** How long to wait before trying again while another server's ending is being stored, in milliseconds. */
const CLOSING_POLL_MS = 200;

/** What it works with. */
export interface CommitOnBusOptions {
  readonly state: ProjectState;
  readonly bus: EventBus;
  readonly writer: StoreWriter;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** See the file's head. */
export class CommitOnBus implements Committer {
  constructor(private readonly options: CommitOnBusOptions) {}

  async commit(
    change: IngestionChange,
    base: IngestionRecord,
    delivery: 'coalesced' | 'immediate',
  ): Promise<CommitResult> {
    const { bus, state, writer } = this.options;
    const outcome = await bus.commit(change, base.progress.revision);
    if (!outcome.committed) return this.afterConflict(outcome);
    state.live = change.record;
    writer.enqueue(change, changeEntries(change), delivery === 'immediate');
    return { kind: 'committed' };
  }

  async storeEnding(
    change: IngestionChange,
    base: IngestionRecord,
    deadlineAt: number | null,
  ): Promise<CommitResult> {
    const { bus, state } = this.options;
    const { projectId } = state;
    const closed = await bus.closeForEnding(projectId, change, base.progress.revision, CLOSED_FOR_MS);
    if (!closed.committed) return this.afterConflict(closed);
    let isStored = false;
    try {
      const result = await state.store(change, changeEntries(change), state.changeGuard(), deadlineAt);
      isStored = result.kind === 'committed';
      return result;
    } finally {
      if (!isStored) await this.reopen(change);
    }
  }

  private async afterConflict(outcome: Extract<CommitOutcome, { committed: false }>): Promise<CommitResult> {
    const { state, clock } = this.options;
    if (outcome.reason === 'stale') {
      state.merge(outcome.current);
      return { kind: 'stale', ageMs: state.ageMs(outcome.current) };
    }
    await sleep(clock, CLOSING_POLL_MS);
    state.invalidate();
    return { kind: 'stale', ageMs: null };
  }

  /** Lets others commit again after an ending was given up. */
  private async reopen(change: IngestionChange): Promise<void> {
    const { bus, state, logger } = this.options;
    const { projectId } = state;
    try {
      await bus.reopen(projectId, change.record.progress.revision);
    } catch (cause) {
      logger.warn({ projectId, cause }, 'closing mark not removed; it expires on its own');
    }
  }
}
