/**
 * One project on this server: takes what is reported, one after the other, folds it onto the newest state that can be
 * read and has it committed. Leaves the ways of committing to `project-state.ts`, the rules to `progress.ts`.
 */
import { isEnded } from '@ingestion-progress/schema';
import { ProgressError } from '../shared/errors.js';
import { Coalescer } from './throttle.js';
import { ProjectState } from './committer.js';
import type { ProjectContext } from './project-context.js';
import { seal } from '../progress/change.js';
import type { FoldOutcome } from '../progress/reduce.js';
import { ofRequest } from '../progress/record.js';
import type { IngestionChange, IngestionRecord } from '../progress/record.js';
import { foldRun, type FoldRun, type Waiting } from './batch.js';
import { WaitingRoom, type Lane } from './pending-changes.js';

/** Most calls that wait for one project, in order or for the window; endings beyond it are still taken. */
const MOST_TASKS = 256;
/** How often merged changes give way to other servers before they go out beside theirs. */
const MOST_DEFERRALS = 2;
/** Waits before asking store or bus again, in milliseconds; the last one repeats. */
const BACKOFF_MS = [50, 100, 200, 400, 800];

/** The rules of one project's ingestions, in order. */
export class ProjectActor {
  readonly state: ProjectState;
  private readonly coalescer: Coalescer;
  private readonly room: WaitingRoom;
  private readonly tasks: (() => Promise<void>)[] = [];
  private isRunning = false;
  /** How often in a row merged changes gave way to another server's event. */
  private deferrals = 0;
  private readonly charged = new WeakSet<Waiting>();
  private idleSince: number;
  private disposed = false;

  constructor(
    readonly projectId: string,
    private readonly context: ProjectContext,
  ) {
    this.state = new ProjectState(projectId, context, (change, manner) => this.told(change, manner));
    this.coalescer = new Coalescer(context.clock, () => this.flush());
    // A job that does not listen is told twice a second, like everybody.
    this.room = new WaitingRoom(projectId, () => this.coalescer.sent());
    this.idleSince = context.clock.monotonicNow();
  }

  /** Takes notice of a lane into which an update was put. */
  touch(lane: Lane, phase: number): void {
    this.room.touch(lane);
    this.hurry(phase);
  }

  /** Takes an update that somebody waits for. */
  update(waiting: Waiting, phase: number): void {
    if (this.room.size >= MOST_TASKS) {
      waiting.reject(tooMany());
      return;
    }
    waiting.order = this.room.arrive();
    this.room.hold(waiting);
    this.hurry(phase);
  }

  /** An update for a later phase starts it, which is not held back. */
  private hurry(phase: number): void {
    const progress = this.state.live?.progress;
    const isStart = progress !== undefined && !isEnded(progress) && phase > progress.currentPhase;
    if (isStart) this.flush();
    else this.coalescer.request();
  }

  /** Takes a change that goes in order: it flushes what waits before it. */
  call(waiting: Waiting, isEnding: boolean): void {
    if (this.tasks.length + this.room.size >= MOST_TASKS && !isEnding) {
      this.context.counts.rateLimited += 1;
      waiting.reject(tooMany());
      return;
    }
    const before = this.room.takeAll();
    waiting.order = this.room.arrive();
    this.enqueue(() => this.process([...this.room.upTo(waiting.order, before), waiting], false));
  }

  /** Runs a task in order with the project's reports, after what waits. */
  async inOrder<T>(task: () => Promise<T>): Promise<T> {
    if (this.tasks.length >= MOST_TASKS) throw tooMany();
    const before = this.room.takeAll();
    const order = this.room.arrive();
    return new Promise<T>((resolve, reject) => {
      this.enqueue(async () => {
        await this.process(this.room.upTo(order, before), true);
        await task().then(resolve, reject);
      });
    });
  }

  /** Counts an event that cannot be merged; throws where there were too many. */
  charge(): void {
    if (this.coalescer.takeUrgent()) return;
    this.context.counts.rateLimited += 1;
    throw tooMany();
  }

  /** Sends what waits for the window. */
  flush(): void {
    if (this.room.isEmpty) return;
    const { epoch } = this.room;
    this.enqueue(async () => {
      // A call that came since took with it what waited before it; what came after it has its own flush.
      if (epoch === this.room.epoch) await this.process(this.room.takeAll(), false);
    });
  }

  /** Milliseconds without anything to do; 0 while there is something. */
  idleMs(): number {
    const busy =
      this.isRunning ||
      !this.room.isEmpty ||
      this.coalescer.isWarm() ||
      this.context.writer.isWaiting(this.projectId);
    return busy ? 0 : this.context.clock.monotonicNow() - this.idleSince;
  }

  /** Resolves once nothing waits any more. */
  async drain(): Promise<void> {
    const before = this.room.takeAll();
    const order = this.room.arrive();
    await new Promise<void>((resolve) => {
      this.enqueue(async () => {
        await this.process(this.room.upTo(order, before), true);
        resolve();
      });
    });
  }

  /** Stops timers; what waits is dropped. */
  dispose(): void {
    this.disposed = true;
    this.coalescer.dispose();
    this.state.dispose();
  }

  private enqueue(task: () => Promise<void>): void {
    this.tasks.push(task);
    if (!this.isRunning) void this.run();
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    for (let task = this.tasks.shift(); task !== undefined; task = this.tasks.shift()) {
      await task().catch((cause: unknown) =>
        this.context.logger.error({ projectId: this.projectId, cause }, 'a task of a project failed'),
      );
    }
    this.isRunning = false;
    this.idleSince = this.context.clock.monotonicNow();
  }

  /** Folds and commits a list; what may still be merged goes back to the window unless `force`. */
  private async process(all: readonly Waiting[], force: boolean): Promise<void> {
    let list = all;
    let failures = 0;
    let isConfirmed = false;
    while (list.length > 0 && !this.disposed) {
      list = list.filter((waiting) => !waiting.isSettled());
      try {
        const base = await this.state.newest();
        const run = foldRun(base, list, this.context.clock.now());
        // A change is judged by compare-and-set; what changes nothing is judged by what others know as well.
        const isIdle = run.outcomes.some(({ kind }) => kind !== 'changed');
        if (isIdle && !isConfirmed && this.state.mayBeOld()) {
          await this.state.load(true);
          isConfirmed = true;
          continue;
        }
        if (run.draft === null || base === null) {
          this.settle(list, run, base);
          list = list.slice(run.taken);
          continue;
        }
        const mayWait = !force && run.manner === 'merge' && run.taken === list.length;
        if (mayWait && !this.coalescer.isOpen()) return this.hold(list, run);
        if (run.manner === 'now' && !this.mayCharge(list, run)) {
          list = this.refuse(list, run, tooMany());
          continue;
        }
        const nowMs = this.context.clock.now();
        const change = ofRequest(seal(run.draft, base.progress.revision, nowMs), lastRequest(list, run));
        const outcome = await this.state.commit(change, base, run.manner, deadlineOf(list, run));
        if (outcome.kind === 'committed') {
          this.context.counts.coalesced += mergedIn(list, run);
          this.settle(list, run, change.record);
          list = list.slice(run.taken);
          this.deferrals = 0;
        } else if (outcome.kind === 'given-up') {
          // Whoever waits for something else than an ending hears from its own deadline.
          if (run.manner === 'ending')
            list = this.refuse(
              list,
              run,
              new ProgressError('UNAVAILABLE', 'The store is away; it may be repeated.'),
            );
        } else {
          this.context.counts.refolds += 1;
          // Another server was first in this window: the next event is due after it.
          if (outcome.agoMs !== null) this.coalescer.sent(outcome.agoMs);
          if (mayWait && this.deferrals < MOST_DEFERRALS && !this.coalescer.isOpen()) {
            this.deferrals += 1;
            return this.hold(list, run);
          }
        }
        failures = 0;
      } catch (cause) {
        const error = asProgressError(cause);
        if (error.code !== 'UNAVAILABLE') {
          for (const waiting of list) waiting.reject(error);
          this.context.logger.error({ projectId: this.projectId, cause }, 'a report could not be folded');
          return;
        }
        await this.pause(BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] ?? 0);
        failures += 1;
      }
    }
  }

  /** Back to the window, but for those whose answer cannot change. */
  private hold(list: readonly Waiting[], run: FoldRun): void {
    const isOpen = (_: Waiting, index: number) => run.outcomes[index]?.kind !== 'rejected';
    for (const [index, outcome] of run.outcomes.entries()) {
      const waiting = list[index];
      if (waiting !== undefined && outcome.kind === 'rejected') this.settleOne(waiting, outcome, null);
    }
    this.room.hold(...list.filter(isOpen));
    this.coalescer.request();
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.context.clock.setTimer(delayMs, resolve));
  }

  private told(change: IngestionChange, manner: 'merge' | 'now' | 'ending'): void {
    this.coalescer.sent();
    const { projectId, ingestionId, revision, payload } = change.event;
    const { counts, logger } = this.context;
    counts.events[payload.type] = (counts.events[payload.type] ?? 0) + 1;
    const { requestId } = change;
    const fields = { projectId, ingestionId, revision, type: payload.type, requestId };
    if (manner === 'merge') logger.debug(fields, 'progress');
    else logger.info(fields, 'progress');
  }

  /** A change is counted once, however often it is folded again. */
  private mayCharge(list: readonly Waiting[], run: FoldRun): boolean {
    const waiting = list[run.taken - 1];
    if (waiting === undefined || this.charged.has(waiting)) return true;
    if (!this.coalescer.takeUrgent()) return false;
    this.charged.add(waiting);
    return true;
  }

  /** Rejects the change that a run ends with; the others of the list stay. */
  private refuse(list: readonly Waiting[], run: FoldRun, error: ProgressError): Waiting[] {
    if (error.code === 'RATE_LIMITED') this.context.counts.rateLimited += 1;
    list[run.taken - 1]?.reject(error);
    return list.filter((_, index) => index !== run.taken - 1);
  }

  private settle(list: readonly Waiting[], run: FoldRun, record: IngestionRecord | null): void {
    for (const [index, outcome] of run.outcomes.entries()) {
      const waiting = list[index];
      if (waiting !== undefined) this.settleOne(waiting, outcome, record);
    }
  }

  private settleOne(waiting: Waiting, outcome: FoldOutcome, record: IngestionRecord | null): void {
    if (outcome.kind === 'rejected' || record === null) {
      this.context.counts.conflicts += 1;
      const message =
        outcome.kind === 'rejected' ? outcome.message : 'This project has no ingestion; start one.';
      waiting.reject(new ProgressError('CONFLICT', message));
      return;
    }
    if (outcome.kind === 'changed' && outcome.ignored) this.context.counts.ignored += 1;
    waiting.resolve({ accepted: outcome.kind === 'changed', record });
  }
}

const tooMany = () =>
  new ProgressError(
    'RATE_LIMITED',
    'Too many events of this project that cannot be merged; try again in some seconds.',
  );

function deadlineOf(list: readonly Waiting[], run: FoldRun): number | null {
  return list[run.taken - 1]?.deadlineAt ?? null;
}

/** How many reports a run's one event is made of, beside the one that it would be without them. */
function mergedIn(list: readonly Waiting[], run: FoldRun): number {
  const changes = list.filter((_, place) => run.outcomes[place]?.kind === 'changed');
  return changes.reduce((sum, { merges = 1 }) => sum + merges, -1);
}

/** The request of the last report that a change is made of; those that it merged are not named. */
function lastRequest(list: readonly Waiting[], run: FoldRun): string | undefined {
  for (let place = run.taken - 1; place >= 0; place -= 1) {
    if (run.outcomes[place]?.kind === 'changed') return list[place]?.requestId;
  }
  return undefined;
}

/** Drivers should reject with `ProgressError`; what they throw beside it counts as an outage of theirs. */
function asProgressError(cause: unknown): ProgressError {
  if (cause instanceof ProgressError) return cause;
  return new ProgressError('INTERNAL_SERVER_ERROR', 'A report could not be folded.', { cause });
}
