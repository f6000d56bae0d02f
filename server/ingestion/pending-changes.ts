/**
 * What of one project waits to be folded: updates in their lanes, and merged changes held back for the window; taken out
 * in order of arrival. Knows no time; when it is emptied is its project's business. (invariant: last-update-delivered)
 */
import type { ProgressError } from '../shared/errors.js';
import type { MergedUpdate, UpdateSlots } from '../emitter/update-slots.js';
import { foldOf, type Waiting } from './batch.js';

/** Updates of one handle that wait, and who is told when they are refused. */
export interface Lane {
  readonly slots: UpdateSlots;
  /** Null: the ingestion that runs. */
  readonly ingestionId: string | null;
  readonly onRejected: (error: ProgressError) => void;
  /** True while the lane stands among its project's dirty ones. */
  isDirty: boolean;
}

/** Where the changes of a project wait. */
export class WaitingRoom {
  private readonly dirty: Lane[] = [];
  private held: Waiting[] = [];
  private arrivals = 0;
  /** Counts how often it was emptied. */
  epoch = 0;

  constructor(
    private readonly projectId: string,
    /** Told before each refusal of an update that nobody awaits. */
    private readonly onRefusal: () => void,
  ) {}

  /** Changes held back. */
  get size(): number {
    return this.held.length;
  }

  get isEmpty(): boolean {
    return this.held.length === 0 && this.dirty.length === 0;
  }

  /** A place in the order of arrival. */
  arrive(): number {
    this.arrivals += 1;
    return this.arrivals;
  }

  /** Takes notice of a lane into which an update was put. */
  touch(lane: Lane): void {
    if (lane.isDirty) return;
    lane.isDirty = true;
    this.dirty.push(lane);
  }

  /** Takes changes, or takes them back, each at its place. */
  hold(...changes: readonly Waiting[]): void {
    this.held = [...this.held, ...changes].sort((a, b) => a.order - b.order);
  }

  /** Empties it. */
  takeAll(): Waiting[] {
    this.epoch += 1;
    // What was taken out before and held back is older than what the lanes have gathered since.
    const taken = this.held;
    this.held = [];
    for (const lane of this.dirty.splice(0)) {
      lane.isDirty = false;
      for (const update of lane.slots.take()) taken.push(this.waitingOf(lane, update));
    }
    return taken;
  }

  /** What was taken out by a call at this place, and what was held back since of that which arrived before it. */
  upTo(order: number, taken: readonly Waiting[]): Waiting[] {
    const earlier = this.held.filter((waiting) => waiting.order < order);
    this.held = this.held.filter((waiting) => waiting.order >= order);
    return [...earlier, ...taken].sort((a, b) => a.order - b.order);
  }

  private waitingOf(lane: Lane, { merges, ...update }: MergedUpdate): Waiting {
    const report = { ...update, projectId: this.projectId, ingestionId: lane.ingestionId ?? '' };
    return {
      fold: foldOf({ type: 'progress_update', report }, lane.ingestionId !== null),
      resolve: () => undefined,
      reject: (error) => {
        this.onRefusal();
        lane.onRejected(error);
      },
      deadlineAt: null,
      merges,
      isSettled: () => false,
      order: this.arrive(),
    };
  }
}
