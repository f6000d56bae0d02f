/**
 * The newest state of one project that this server knows, and the ways of committing the next one: through the bus,
 * through the store first while another server may not hear the bus, and endings and starts always stored first.
 */
import { isEnded, type RecordedEvent } from '@ingestion-progress/schema';
import type { CancelTimer } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import { changeOf, seal, type Manner } from '../progress/change.js';
import { endingPayload } from '../progress/endings.js';
import { joinMarks } from '../progress/merge.js';
import type { ProjectContext } from './project-context.js';
import { recordedEvent } from '../progress/log-entry.js';
import type { IngestionChange, IngestionRecord } from '../progress/record.js';
import type { WriteGuard } from '../store/progress-store.js';

/** What came of a commit. */
export type Committed =
  | { readonly kind: 'committed' }
  /** Another state stands: fold again. `agoMs` is how long ago another server's event was, where that is known. */
  | { readonly kind: 'newer'; readonly agoMs: number | null }
  /** The deadline passed. */
  | { readonly kind: 'given-up' };

/** How long a project's key stays closed while an ending is stored, in milliseconds. */
const CLOSED_FOR_MS = 35_000;
/** How long to wait before looking again whether another server's ending is stored, in milliseconds. */
const CLOSING_POLL_MS = 200;
/** How long between attempts to read back a write whose answer never came, in milliseconds. */
const READ_BACK_EVERY_MS = 500;

/** The state of one project, and its commits. Used by one caller at a time. */
export class ProjectState {
  /** The newest state known; null where none is, or none was read yet. */
  live: IngestionRecord | null = null;
  private isKnown = false;
  /** Revision that the store is known to hold; null where that is not known. */
  private storedRevision: number | null = null;
  private readBack: CancelTimer | null = null;
  private disposed = false;

  constructor(
    private readonly projectId: string,
    private readonly context: ProjectContext,
    readonly onCommitted: (change: IngestionChange, manner: Manner) => void,
  ) {}

  /** True where the bus carries to every other server. */
  private isCarried(): boolean {
    const { bus } = this.context;
    return bus.kind === 'redis' && bus.state === 'connected';
  }

  /** True where every event must be stored before it is told: others may not hear the bus. */
  private storeFirst(): boolean {
    return !this.isCarried() && this.context.othersStand();
  }

  /** What is known may be old: the next change reads first. */
  forget(): void {
    this.isKnown = false;
    this.storedRevision = null;
  }

  /** The newest state that can be read. */
  async newest(): Promise<IngestionRecord | null> {
    if (!this.isKnown || (this.storeFirst() && this.storedRevision === null)) await this.load();
    return this.live;
  }

  /** True where other servers may have gone on without this one having heard. */
  mayBeOld(): boolean {
    return this.context.bus.kind === 'redis' || this.context.othersStand();
  }

  /** Reads bus and store, and takes over what is newer than what is known; with `confirm` one of them has to answer. */
  async load(confirm = false): Promise<IngestionRecord | null> {
    const { bus, store } = this.context;
    if (!this.isCarried() && !this.context.isHeard()) {
      // They may hold what is not stored yet, and go on from there.
      throw new ProgressError('UNAVAILABLE', 'The other servers have not heard of this one yet.');
    }
    // With the bus lost, nobody else may know any more what went no further than to watchers.
    this.take(this.context.told(this.projectId));
    const [onBus, stored] = await Promise.allSettled([bus.read(this.projectId), store.read(this.projectId)]);
    const heard = onBus.status === 'fulfilled' ? onBus.value : null;
    if (stored.status === 'rejected') {
      const isSilent = confirm && onBus.status === 'rejected';
      // Without having read there is nothing to compare with.
      if (this.storeFirst() || isSilent || (heard === null && this.live === null)) throw stored.reason;
      this.take(heard);
      this.isKnown = true;
      return this.live;
    }
    const before = Math.max(heard?.progress.revision ?? 0, this.live?.progress.revision ?? 0);
    this.take(heard);
    this.storedRevision = stored.value?.progress.revision ?? 0;
    await this.adopt(stored.value, before > 0);
    this.isKnown = true;
    return this.live;
  }

  private ago(other: IngestionRecord): number {
    return Math.max(0, this.context.clock.now() - other.progress.updatedAt);
  }

  /** Takes over what is newer, and keeps what only this server knows of the same ingestion. */
  private take(record: IngestionRecord | null): void {
    if (record === null) return;
    const { live } = this;
    if (live === null) {
      this.live = record;
      return;
    }
    const newer = record.progress.revision > live.progress.revision ? record : live;
    const joined = joinMarks(live, record);
    const isSame = JSON.stringify(joined.progress.phases) === JSON.stringify(newer.progress.phases);
    // Known to nobody in this form yet: it must not stand under a revision that others know.
    this.live = isSame
      ? newer
      : seal({ record: joined, payload: { type: 'snapshot' } }, newer.progress.revision, 0).record;
  }

  /** Takes over what the store holds where that is the truth, and tells it. (invariant: ending-is-final) */
  async adopt(stored: IngestionRecord | null, tell = true): Promise<void> {
    if (stored === null) return;
    const { live } = this;
    if (live !== null && stored.progress.revision <= live.progress.revision) {
      const overrules =
        stored.progress.id === live.progress.id
          ? isEnded(stored.progress) && !isEnded(live.progress)
          : stored.progress.startedAt > live.progress.startedAt;
      if (overrules) {
        // Marks that died unstored went further than the revision of the ending: it is told above them.
        const draft = { record: stored, payload: endingPayload(stored) };
        const change = seal(draft, live.progress.revision, this.context.clock.now());
        this.live = change.record;
        await this.tell(change);
      } else this.take(stored);
      return;
    }
    this.take(stored);
    const newest = this.live ?? stored;
    if (tell) await this.tell(changeOf(newest, endingPayload(newest), newest.progress.updatedAt));
  }

  /** What this server held was refused by the store for this. What it alone knew is stored all the same: nobody else has it. */
  async refused(stored: IngestionRecord): Promise<void> {
    await this.adopt(stored);
    const { live } = this;
    const { writer } = this.context;
    if (live === null || live.progress.id !== stored.progress.id || isEnded(stored.progress)) return;
    const isMore = live.progress.revision > stored.progress.revision;
    if (isMore && !writer.isWaiting(this.projectId)) writer.enqueue({ record: live }, null, true);
  }

  /** Publishes what is stored; a bus that is away is no reason to fail, watchers elsewhere read the store. */
  async tell(change: IngestionChange): Promise<void> {
    try {
      await this.context.bus.publishStored(change);
    } catch (cause) {
      const { projectId, id: ingestionId } = change.record.progress;
      // Said once where the bus was lost, and not for each event.
      const level = this.context.bus.state === 'connected' ? 'warn' : 'debug';
      this.context.logger[level](
        { projectId, ingestionId, cause },
        'a stored state was told on this server only',
      );
    }
  }

  /**
   * Commits a change that was folded from `base`. Rejects with `UNAVAILABLE` where it should be tried again.
   * (invariant: compare-and-set)
   */
  async commit(
    change: IngestionChange,
    base: IngestionRecord,
    manner: Manner,
    deadlineAt: number | null,
  ): Promise<Committed> {
    // Another server came since this was folded.
    if (this.storeFirst() && this.storedRevision === null) return { kind: 'newer', agoMs: null };
    const event = recordedEvent(change);
    const events = event === null ? [] : [event];
    const outcome =
      manner === 'ending'
        ? await this.commitEnding(change, base, events, deadlineAt)
        : this.storeFirst()
          ? await this.commitStored(change, events, this.changeGuard(), deadlineAt)
          : await this.commitOnBus(change, base, event, manner);
    if (outcome.kind === 'committed') this.onCommitted(change, manner);
    return outcome;
  }

  private async commitOnBus(
    change: IngestionChange,
    base: IngestionRecord,
    event: RecordedEvent | null,
    manner: Manner,
  ): Promise<Committed> {
    const { bus, writer } = this.context;
    if (bus.state !== 'connected') await this.tell(change);
    else {
      const outcome = await bus.commit(change, base.progress.revision);
      if (!outcome.committed) {
        if (outcome.reason === 'stale') {
          this.take(outcome.current);
          return { kind: 'newer', agoMs: this.ago(outcome.current) };
        }
        await this.pause(CLOSING_POLL_MS);
        this.forget();
        return { kind: 'newer', agoMs: null };
      }
    }
    this.live = change.record;
    writer.enqueue(change, event, manner !== 'merge');
    return { kind: 'committed' };
  }

  private changeGuard(): WriteGuard {
    if (!this.storeFirst() || this.storedRevision === null) return { kind: 'change' };
    return { kind: 'change-from', revision: this.storedRevision };
  }

  /** Stores a change, then tells it. */
  async commitStored(
    change: IngestionChange,
    events: readonly RecordedEvent[],
    guard: WriteGuard,
    deadlineAt: number | null,
  ): Promise<Committed> {
    const outcome = await this.storeOnly(change, events, guard, deadlineAt);
    if (outcome.kind === 'committed') await this.tell(change);
    return outcome;
  }

  private async storeOnly(
    change: IngestionChange,
    events: readonly RecordedEvent[],
    guard: WriteGuard,
    deadlineAt: number | null,
  ): Promise<Committed> {
    const { clock, writer, deadlineMs } = this.context;
    const left = deadlineAt === null ? deadlineMs : Math.max(1, deadlineAt - clock.monotonicNow());
    const outcome = await writer.writeNow({ ...change, guard, events }, left);
    if (outcome.written === 'given-up') {
      this.forget();
      this.readBackLater();
      return { kind: 'given-up' };
    }
    if (!outcome.written) {
      // Of another version, or damaged: folding again would meet it again.
      if (outcome.unreadable === true) {
        throw new ProgressError('INTERNAL_SERVER_ERROR', 'What is stored of this project does not parse.');
      }
      this.storedRevision = outcome.current?.progress.revision ?? 0;
      await this.adopt(outcome.current);
      return { kind: 'newer', agoMs: outcome.current === null ? null : this.ago(outcome.current) };
    }
    this.live = change.record;
    this.storedRevision = change.record.progress.revision;
    return { kind: 'committed' };
  }

  /**
   * Stores an ending while no other report of the ingestion can commit, on any server; then tells it.
   * (invariant: store-first-ending)
   */
  private async commitEnding(
    change: IngestionChange,
    base: IngestionRecord,
    events: readonly RecordedEvent[],
    deadlineAt: number | null,
  ): Promise<Committed> {
    const outcome = await this.storeEnding(change, base, events, deadlineAt);
    if (outcome.kind === 'committed') await this.tell(change);
    return outcome;
  }

  /** As far as the store goes: a start that takes over from this ingestion is told in its place. */
  async storeEnding(
    change: IngestionChange,
    base: IngestionRecord,
    events: readonly RecordedEvent[],
    deadlineAt: number | null,
  ): Promise<Committed> {
    const closed = await this.close(change, base);
    if (closed.kind !== 'committed') return closed;
    let isStored = false;
    try {
      const outcome = await this.storeOnly(change, events, this.changeGuard(), deadlineAt);
      isStored = outcome.kind === 'committed';
      return outcome;
    } finally {
      if (!isStored) await this.reopen(change);
    }
  }

  /** Closes the project's key for an ending. Without a bus that others hear there is nothing to close. */
  private async close(change: IngestionChange, base: IngestionRecord): Promise<Committed> {
    const { bus } = this.context;
    if (bus.state !== 'connected') return { kind: 'committed' };
    const outcome = await bus.closeForEnding(this.projectId, change, base.progress.revision, CLOSED_FOR_MS);
    if (outcome.committed) return { kind: 'committed' };
    if (outcome.reason === 'stale') {
      this.take(outcome.current);
      return { kind: 'newer', agoMs: this.ago(outcome.current) };
    }
    await this.pause(CLOSING_POLL_MS);
    this.forget();
    return { kind: 'newer', agoMs: null };
  }

  /** Takes the closing mark of an ending away. */
  private async reopen(change: IngestionChange): Promise<void> {
    try {
      await this.context.bus.reopen(this.projectId, change.record.progress.revision);
    } catch (cause) {
      this.context.logger.warn(
        { projectId: this.projectId, cause },
        'the closing mark of an ending stays until it expires',
      );
    }
  }

  /** A write whose answer never came may stand in the store: it is read, and told if it does. */
  private readBackLater(): void {
    if (this.disposed || this.readBack !== null) return;
    this.readBack = this.context.clock.setTimer(READ_BACK_EVERY_MS, () => {
      this.readBack = null;
      this.context.store.read(this.projectId).then(
        (stored) => this.adopt(stored),
        () => this.readBackLater(),
      );
    });
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.context.clock.setTimer(delayMs, resolve));
  }

  /** Stops timers. */
  dispose(): void {
    this.disposed = true;
    this.readBack?.();
    this.readBack = null;
  }
}
