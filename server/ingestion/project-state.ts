/**
 * The newest state of one project that this server knows: read from bus and store, merged, stored and published. How a
 * change is committed is the committers' business.
 */
import { isEnded, type RecordedEvent } from '@ingestion-progress/schema';
import type { EventBus } from '../bus/event-bus.js';
import type { Peers } from '../cluster/leases.js';
import type { Logger } from '../observability/logger.js';
import { mergeStates, stampRevision, withEvent } from '../progress/change.js';
import { currentPayload } from '../progress/endings.js';
import type { IngestionChange, IngestionRecord } from '../progress/record.js';
import type { CancelTimer, Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import type { ProgressStore, WriteGuard } from '../store/progress-store.js';
import type { StoreWriter } from '../write-behind/writer.js';
import type { CommitResult } from './committer.js';

/** How long between attempts to read back a write whose answer never came, in milliseconds. */
const READ_BACK_INTERVAL_MS = 500;

/** What it works with. */
export interface ProjectStateOptions {
  readonly store: ProgressStore;
  readonly bus: EventBus;
  readonly writer: StoreWriter;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The newest state that was published to this server's watchers; null if nobody watches. */
  readonly lastPublished: (projectId: string) => IngestionRecord | null;
  /** Shows what stopped servers kept; to be awaited before the store is read. (invariant: kept-at-stop) */
  readonly recall: () => Promise<void> | undefined;
}

/** The state of one project. Used by one caller at a time. */
export class ProjectState {
  /** The newest state known; null if there is none, or none was read yet. */
  live: IngestionRecord | null = null;
  /** Revision that the store is known to hold; null if not known. */
  storedRevision: number | null = null;
  /** Greatest revision that the store was seen to hold; null if it was not seen. */
  storedAtLeast: number | null = null;
  private isCurrent = false;
  private readonly noted: IngestionRecord[] = [];
  private cancelReadBack: CancelTimer | null = null;
  private isDisposed = false;

  constructor(
    readonly projectId: string,
    private readonly options: ProjectStateOptions,
  ) {}

  /** Others may have committed: the next change reads first. */
  invalidate(): void {
    this.isCurrent = false;
    this.storedRevision = null;
  }

  /** The store holds this revision. */
  recordStored(revision: number): void {
    if (revision > (this.storedAtLeast ?? 0)) this.storedAtLeast = revision;
  }

  /** The newest state that can be read. */
  async newest(): Promise<IngestionRecord | null> {
    if (!this.isCurrent || (this.mustStoreFirst() && this.storedRevision === null)) await this.load();
    return this.live;
  }

  /** True if other servers may have committed without this one having noticed. */
  mayBeStale(): boolean {
    return this.options.bus.sharedBetweenServers || this.options.peers.hasPeers();
  }

  /** Reads bus and store and merges what is newer than what is known; with `mustConfirm` one of them has to answer. */
  async load(mustConfirm = false): Promise<IngestionRecord | null> {
    const { projectId } = this;
    const { bus, store, peers } = this.options;
    if (!peers.busReachesAllPeers() && !peers.isAcknowledged()) {
      // They may hold what is not stored yet, and go on from there.
      throw new ProgressError('UNAVAILABLE', 'Other servers have not acknowledged this one yet; retry.');
    }
    await this.options.recall();
    this.showNoted();
    // If the bus was lost, an update that only watchers received is known to nobody else.
    this.merge(this.options.lastPublished(projectId));
    const [fromBus, stored] = await Promise.allSettled([bus.read(projectId), store.read(projectId)]);
    const onBus = fromBus.status === 'fulfilled' ? fromBus.value : null;
    if (stored.status === 'rejected') {
      const isUnconfirmed = mustConfirm && fromBus.status === 'rejected';
      // Without a read there is nothing to compare with.
      if (this.mustStoreFirst() || isUnconfirmed || (onBus === null && this.live === null))
        throw stored.reason;
      this.merge(onBus);
      this.isCurrent = true;
      return this.live;
    }
    const wasKnown = Math.max(onBus?.progress.revision ?? 0, this.live?.progress.revision ?? 0) > 0;
    this.merge(onBus);
    this.storedRevision = stored.value?.progress.revision ?? 0;
    this.recordStored(this.storedRevision);
    await this.adopt(stored.value, wasKnown);
    this.isCurrent = true;
    return this.live;
  }

  /** Milliseconds since that state was reported. */
  ageMs(record: IngestionRecord): number {
    return Math.max(0, this.options.clock.now() - record.progress.updatedAt);
  }

  /** Takes over what is newer, and keeps what only this server knows of the same ingestion. */
  merge(record: IngestionRecord | null): void {
    if (record === null) return;
    const { live } = this;
    if (live === null) {
      this.live = record;
      return;
    }
    const newer = record.progress.revision > live.progress.revision ? record : live;
    const merged = mergeStates(live, record);
    const isSame = JSON.stringify(merged.progress.phases) === JSON.stringify(newer.progress.phases);
    // Nobody else knows the merged state yet: it must not have a revision that others know.
    this.live = isSame
      ? newer
      : stampRevision({ record: merged, payload: { type: 'snapshot' } }, newer.progress.revision, 0).record;
  }

  /** Takes over the stored state if it prevails, and publishes it. (invariant: ending-is-final) */
  async adopt(stored: IngestionRecord | null, mustPublish = true): Promise<void> {
    if (stored === null) return;
    const { live } = this;
    if (live !== null && stored.progress.revision <= live.progress.revision) {
      const prevails =
        stored.progress.id === live.progress.id
          ? isEnded(stored.progress) && !isEnded(live.progress)
          : stored.progress.startedAt > live.progress.startedAt;
      if (!prevails) {
        this.merge(stored);
        return;
      }
      // Updates that were never stored went beyond the ending's revision: it is published above them.
      const change = stampRevision(
        { record: stored, payload: currentPayload(stored) },
        live.progress.revision,
        this.options.clock.now(),
      );
      this.live = change.record;
      await this.publish(change);
      return;
    }
    this.merge(stored);
    const newest = this.live ?? stored;
    if (mustPublish) await this.publish(withEvent(newest, currentPayload(newest), newest.progress.updatedAt));
  }

  /** The store rejected a write in favour of `stored`. What only this server knows is stored nevertheless: nobody else has it. */
  async adoptAfterConflict(stored: IngestionRecord): Promise<void> {
    await this.adopt(stored);
    const { live } = this;
    const { writer } = this.options;
    if (live === null || live.progress.id !== stored.progress.id || isEnded(stored.progress)) return;
    const isAhead = live.progress.revision > stored.progress.revision;
    if (isAhead && !writer.isPending(this.projectId)) writer.enqueue({ record: live }, [], true);
  }

  /** Notes what a stopped server kept, until it can be shown: nothing may change the state while a change is committed. */
  noteSpilled(spilled: IngestionRecord): void {
    this.noted.push(spilled);
  }

  /** Shows what was noted. */
  showNoted(): void {
    for (const spilled of this.noted.splice(0)) this.showSpilled(spilled);
  }

  /** Shows what a server acknowledged and could not store before it stopped: its watchers have seen it. */
  private showSpilled(spilled: IngestionRecord): void {
    const { live } = this;
    if (live === null || (live.progress.id === spilled.progress.id && !isEnded(live.progress)))
      this.merge(spilled);
  }

  /**
   * Merges what a stopped server had acknowledged onto the newest state, whose ending or successor prevails. False if the
   * store holds the result already. (invariant: kept-at-stop)
   */
  async takeBack(spilled: IngestionRecord): Promise<boolean> {
    // It can only be committed once the store is there, and every other server knows this one.
    this.showSpilled(spilled);
    await this.load(true);
    // The bus alone may hold an earlier ingestion.
    if (this.storedRevision === null) throw new ProgressError('UNAVAILABLE', 'Store unavailable; retry.');
    return this.live?.progress.revision !== this.storedRevision;
  }

  /** Publishes a change. If the bus is away only this server's watchers receive it; those elsewhere read the store. */
  async publish(change: IngestionChange): Promise<void> {
    const { bus, logger } = this.options;
    try {
      await bus.publishStored(change);
    } catch (cause) {
      const { projectId, id: ingestionId } = change.record.progress;
      // The loss of the bus was logged once, and is not for each event.
      const level = bus.state === 'connected' ? 'warn' : 'debug';
      logger[level]({ projectId, ingestionId, cause }, 'progress published on this server only');
    }
  }

  /** What a write of a change may replace. */
  changeGuard(): WriteGuard {
    if (!this.mustStoreFirst() || this.storedRevision === null) return { kind: 'change' };
    return { kind: 'change-from', revision: this.storedRevision };
  }

  /** Stores a change, and waits for it. */
  async store(
    change: IngestionChange,
    events: readonly RecordedEvent[],
    guard: WriteGuard,
    deadlineAt: number | null,
  ): Promise<CommitResult> {
    const outcome = await this.options.writer.write({ ...change, guard, events }, deadlineAt);
    if (outcome.written === 'given-up') {
      this.invalidate();
      this.readBackLater();
      return { kind: 'given-up' };
    }
    if (!outcome.written) {
      // Of another version, or damaged: reducing again would meet it again.
      if (outcome.unreadable === true) {
        throw new ProgressError('INTERNAL_SERVER_ERROR', 'The stored state of this project does not parse.');
      }
      this.storedRevision = outcome.current?.progress.revision ?? 0;
      await this.adopt(outcome.current);
      return { kind: 'stale', ageMs: outcome.current === null ? null : this.ageMs(outcome.current) };
    }
    this.live = change.record;
    this.storedRevision = change.record.progress.revision;
    return { kind: 'committed' };
  }

  /** True if every change must be stored before it is published: other servers may not receive it from the bus. */
  private mustStoreFirst(): boolean {
    const { peers } = this.options;
    return !peers.busReachesAllPeers() && peers.hasPeers();
  }

  /** A write whose answer never came may have succeeded: the state is read, and published if so. */
  private readBackLater(): void {
    if (this.isDisposed || this.cancelReadBack !== null) return;
    this.cancelReadBack = this.options.clock.setTimer(READ_BACK_INTERVAL_MS, () => {
      this.cancelReadBack = null;
      this.options.store.read(this.projectId).then(
        (stored) => this.adopt(stored),
        () => this.readBackLater(),
      );
    });
  }

  /** Stops timers. */
  dispose(): void {
    this.isDisposed = true;
    this.cancelReadBack?.();
    this.cancelReadBack = null;
  }
}
