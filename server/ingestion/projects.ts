/**
 * The projects that this server works on. Each takes its changes one after the other, reduces them onto the newest state
 * that can be read, and commits the result; an idle one is let go. Leaves the ways of committing to the committers, the
 * rules to `reduce.ts`.
 */
import { isEnded, LIMITS } from '@ingestion-progress/schema';
import {
  stampRevision,
  withRequestId,
  type Change,
  type ChangeResult,
  type Delivery,
} from '../progress/change.js';
import type { IngestionChange, IngestionRecord } from '../progress/record.js';
import { reduce, type Reducer, type ReduceResult } from '../progress/reduce.js';
import type { Report } from '../progress/report.js';
import { backoffDelayMs } from '../shared/backoff.js';
import type { CancelTimer } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import { sleep } from '../shared/sleep.js';
import { CommitInMemory } from './commit-in-memory.js';
import { CommitOnBus } from './commit-on-bus.js';
import { CommitToStore } from './commit-to-store.js';
import type { Committer, CommitResult } from './committer.js';
import type { IngestionCounts } from './counts.js';
import { PendingQueue, reduceBatch, Throttle } from './pending-changes.js';
import type { Batch, PendingChange, ProducerHandle } from './pending-changes.js';
import { ProjectState, type ProjectStateOptions } from './project-state.js';
import { RATE_LIMIT, RateLimiter } from './rate-limiter.js';
import { UpdateBuffer } from './update-buffer.js';

/** Most changes that wait for one project, in order or for the window; endings beyond it are still accepted. */
const MAX_PENDING = 256;
/** How often coalesced changes give way to another server's events before they are published beside them. */
const MAX_DEFERRALS = 2;
/** Waits before asking store or bus again. */
const RETRY_BACKOFF = Object.freeze({ minMs: 50, maxMs: 800 });
/** How often idle projects are looked for, in milliseconds. */
const REAP_INTERVAL_MS = 10_000;
/** How long an idle project is kept while its ingestion runs, in milliseconds. */
const IDLE_RUNNING_MS = 60_000;

/** What the projects work with. */
export interface ProjectOptions extends ProjectStateOptions {
  readonly counts: IngestionCounts;
}

/** One project, its changes in order. */
export class Project {
  readonly state: ProjectState;
  private readonly inMemory: Committer;
  private readonly onBus: Committer;
  private readonly toStore: Committer;
  private readonly throttle: Throttle;
  private readonly startLimiter: RateLimiter;
  private eventLimiter: RateLimiter;
  /** The ingestion that `eventLimiter` counts for. */
  private limitedId: string | null = null;
  private problems: { readonly ingestionId: string; readonly limiter: RateLimiter } | null = null;
  /** Updates that were taken from elsewhere, by attempt key; of one ingestion. */
  private remote: { readonly ingestionId: string; readonly byKey: Map<string | null, UpdateBuffer> } | null =
    null;
  private readonly queue: PendingQueue;
  private readonly tasks: (() => Promise<void>)[] = [];
  private isRunning = false;
  /** What is being processed. */
  private processing: readonly PendingChange[] = [];
  /** How often in a row coalesced changes gave way to another server's event. */
  private deferrals = 0;
  private readonly rateLimited = new WeakSet<PendingChange>();
  private idleSince: number;
  private isDisposed = false;

  constructor(
    readonly projectId: string,
    private readonly options: ProjectOptions,
  ) {
    const { bus, writer, clock, logger } = options;
    this.state = new ProjectState(projectId, options);
    this.inMemory = new CommitInMemory(this.state, writer);
    this.onBus = new CommitOnBus({ state: this.state, bus, writer, clock, logger });
    this.toStore = new CommitToStore(this.state);
    this.throttle = new Throttle(clock, () => this.flush());
    this.startLimiter = new RateLimiter(clock, RATE_LIMIT.maxStarts);
    this.eventLimiter = new RateLimiter(clock, RATE_LIMIT.maxEvents);
    // A job that ignores rejections gets them at the pace of events.
    this.queue = new PendingQueue(projectId, () => this.throttle.recordEvent());
    this.idleSince = clock.monotonicNow();
  }

  /** The way to commit, by what the other servers can receive. */
  private committer(): Committer {
    const { peers } = this.options;
    if (peers.busReachesAllPeers()) return this.onBus;
    return peers.hasPeers() ? this.toStore : this.inMemory;
  }

  /** Queues the updates of a producer whose buffer is no longer empty. */
  enqueueUpdates(producer: ProducerHandle, phase: number): void {
    this.queue.addProducer(producer);
    this.requestFlush(phase);
  }

  /**
   * Checks an update, a heartbeat or problems from elsewhere and takes it (problems are only checked): resolves without waiting for the window. It can only be
   * refused later if another server ended the ingestion meanwhile; its job learns that with its next report.
   */
  takeReport(report: RemoteReport, deadlineAt: number, requestId: string | undefined): Promise<ChangeResult> {
    if (this.tasks.length >= MAX_PENDING) return Promise.reject(tooMany());
    return new Promise((resolve, reject) => {
      this.addTask(async () => {
        try {
          resolve(await this.take(report, deadlineAt, requestId));
        } catch (cause) {
          reject(asProgressError(cause));
        }
      });
    });
  }

  private async take(
    given: RemoteReport,
    deadlineAt: number,
    requestId: string | undefined,
  ): Promise<ChangeResult> {
    const { clock, counts } = this.options;
    const check = (base: IngestionRecord | null) => reduce(base, given, clock.now());
    let base = await this.readUntil(deadlineAt, () => this.state.newest());
    let result = check(base);
    if (result.kind !== 'changed' && this.state.mayBeStale()) {
      base = await this.readUntil(deadlineAt, () => this.state.load(true));
      result = check(base);
    }
    if (result.kind === 'rejected' || base === null) throw this.rejection(result);
    if (result.kind === 'changed' && given.type === 'heartbeat') {
      // Whatever waits is a sign of life as well.
      const reducer: Reducer = (record, nowMs) => reduce(record, given, nowMs);
      if (this.queue.isEmpty) this.queue.add(this.unawaited(reducer));
      this.throttle.requestFlush();
      return { accepted: true, record: base };
    }
    if (result.kind === 'changed' && given.type === 'problems') return { accepted: true, record: base };
    if (result.kind === 'changed' && given.type === 'progress_update') {
      const { report } = given;
      const buffer = this.remoteBuffer(report.ingestionId, report.attemptKey ?? null);
      const waiting = buffer.waitingSequence(report.part ?? null);
      const { sequence = null } = report;
      const isRepeated = sequence !== null && waiting !== null && sequence <= waiting;
      if (!isRepeated) {
        if (result.ignored === true) counts.ignored += 1;
        buffer.putChecked({ ...report, requestId });
        return { accepted: true, record: base };
      }
    }
    return { accepted: false, record: base };
  }

  /** Counts a report of problems; throws `RATE_LIMITED` if there were too many. */
  acquireProblemRate(ingestionId: string): void {
    const { clock, counts } = this.options;
    if (this.problems?.ingestionId !== ingestionId) {
      const { maxProblemReports, problemSpanMs } = RATE_LIMIT;
      this.problems = { ingestionId, limiter: new RateLimiter(clock, maxProblemReports, problemSpanMs) };
    }
    if (this.problems.limiter.tryAcquire()) return;
    counts.rateLimited += 1;
    throw new ProgressError(
      'RATE_LIMITED',
      `At most ${RATE_LIMIT.maxProblemReports} reports of problems a second; send up to ${LIMITS.problems} in each.`,
    );
  }

  /** Queues counts of problems for the window. */
  enqueueCounts(reducer: Reducer): void {
    this.queue.add(this.unawaited(reducer));
    this.throttle.requestFlush();
  }

  /** Reads the state, again and again while store and bus are away, until the deadline. */
  private async readUntil(
    deadlineAt: number,
    read: () => Promise<IngestionRecord | null>,
  ): Promise<IngestionRecord | null> {
    const { clock } = this.options;
    for (let failures = 1; ; failures += 1) {
      try {
        return await read();
      } catch (cause) {
        const error = asProgressError(cause);
        if (error.code !== 'UNAVAILABLE' || clock.monotonicNow() >= deadlineAt || this.isDisposed)
          throw error;
        await sleep(clock, backoffDelayMs(RETRY_BACKOFF, failures));
      }
    }
  }

  /** A change of which nobody waits for the result. */
  private unawaited(reducer: Reducer): PendingChange {
    const { counts } = this.options;
    return {
      reducer,
      resolve: () => undefined,
      reject: () => (counts.conflicts += 1),
      deadlineAt: null,
      isSettled: () => false,
      order: this.queue.nextOrder(),
    };
  }

  private remoteBuffer(ingestionId: string, attemptKey: string | null): UpdateBuffer {
    if (this.remote?.ingestionId !== ingestionId) this.remote = { ingestionId, byKey: new Map() };
    const { byKey } = this.remote;
    let buffer = byKey.get(attemptKey);
    if (buffer === undefined) {
      const { projectId } = this;
      const { logger } = this.options;
      buffer = new UpdateBuffer({
        projectId,
        ingestionId,
        attemptKey,
        enqueue: (producer, phase) => this.enqueueUpdates(producer, phase),
        onRejected: ({ code, message: reason }) =>
          logger.info({ projectId, ingestionId, code, reason }, 'taken update rejected'),
      });
      // Reports of an ingestion have one key, or none.
      if (byKey.size >= 2) byKey.clear();
      byKey.set(attemptKey, buffer);
    }
    return buffer;
  }

  /** Queues a change that is not held for the window; what waits goes before it. */
  enqueue(pending: PendingChange, isEnding: boolean): void {
    if (this.tasks.length + this.queue.size >= MAX_PENDING && !isEnding) {
      this.options.counts.rateLimited += 1;
      pending.reject(tooMany());
      return;
    }
    const earlier = this.queue.drain();
    pending.order = this.queue.nextOrder();
    this.addTask(() => this.process([...this.queue.upTo(pending.order, earlier), pending], false));
  }

  /** Runs a task in order with the project's changes, after what waits. */
  async runInOrder<T>(task: () => Promise<T>): Promise<T> {
    if (this.tasks.length >= MAX_PENDING) throw tooMany();
    return this.afterPending(task);
  }

  /** Shows what a stopped server kept: at once, or with the next read of a project that is busy. */
  showSpilled(spilled: IngestionRecord): void {
    this.state.noteSpilled(spilled);
    if (!this.isRunning) this.state.showNoted();
  }

  /** Resolves once nothing waits any more. */
  async drain(): Promise<void> {
    await this.afterPending(() => Promise.resolve());
  }

  /** Counts a start; throws `RATE_LIMITED` if there were too many. */
  acquireRate(): void {
    if (this.startLimiter.tryAcquire()) return;
    this.options.counts.rateLimited += 1;
    throw tooMany();
  }

  /** Milliseconds without anything to do; 0 while there is something. */
  idleMs(): number {
    const isBusy =
      this.isRunning ||
      !this.queue.isEmpty ||
      !this.throttle.isOpen() ||
      this.startLimiter.isCounting() ||
      this.eventLimiter.isCounting() ||
      this.problems?.limiter.isCounting() === true ||
      this.options.writer.isPending(this.projectId);
    return isBusy ? 0 : this.options.clock.monotonicNow() - this.idleSince;
  }

  /** Notes that a change was committed. */
  recordCommit({ event, requestId }: IngestionChange, delivery: Delivery): void {
    this.throttle.recordEvent();
    const { projectId, ingestionId, revision, payload } = event;
    const { counts, logger } = this.options;
    counts.events[payload.type] = (counts.events[payload.type] ?? 0) + 1;
    const fields = { projectId, ingestionId, revision, type: payload.type, requestId };
    logger[delivery === 'coalesced' ? 'debug' : 'info'](fields, 'progress committed');
  }

  /** The state with every update that was taken and could not be committed; null if there is none. */
  unstored(): IngestionRecord | null {
    const base = this.state.live;
    let taken = [...this.processing, ...this.queue.drain()].filter(({ deadlineAt }) => deadlineAt === null);
    let record = base;
    while (taken.length > 0) {
      const batch = reduceBatch(record, taken, this.options.clock.now());
      record = batch.change?.record ?? record;
      taken = taken.slice(batch.size);
    }
    if (base === null || record === null || record === base) return null;
    const change: Change = { record, payload: { type: 'snapshot' } };
    return stampRevision(change, base.progress.revision, this.options.clock.now()).record;
  }

  /** Stops timers; what waits is dropped. */
  dispose(): void {
    this.isDisposed = true;
    this.throttle.dispose();
    this.state.dispose();
  }

  /** An update for a later phase starts it, which does not wait for the window. */
  private requestFlush(phase: number): void {
    const progress = this.state.live?.progress;
    const isStart = progress !== undefined && !isEnded(progress) && phase > progress.currentPhase;
    if (isStart) this.flush();
    else this.throttle.requestFlush();
  }

  /** Processes what waits for the window. */
  private flush(): void {
    if (this.queue.isEmpty) return;
    const { drains } = this.queue;
    this.addTask(async () => {
      // A change that came since drained the queue before it; what came after has a flush of its own.
      if (drains === this.queue.drains) await this.process(this.queue.drain(), false);
    });
  }

  private afterPending<T>(task: () => Promise<T>): Promise<T> {
    const earlier = this.queue.drain();
    const order = this.queue.nextOrder();
    return new Promise<T>((resolve, reject) => {
      this.addTask(async () => {
        await this.process(this.queue.upTo(order, earlier), true);
        await task().then(resolve, reject);
      });
    });
  }

  private addTask(task: () => Promise<void>): void {
    this.tasks.push(task);
    if (!this.isRunning) void this.runTasks();
  }

  private async runTasks(): Promise<void> {
    this.isRunning = true;
    for (let task = this.tasks.shift(); task !== undefined; task = this.tasks.shift()) {
      await task().catch((cause: unknown) =>
        this.options.logger.error({ projectId: this.projectId, cause }, 'project task failed'),
      );
      this.processing = [];
    }
    this.isRunning = false;
    this.idleSince = this.options.clock.monotonicNow();
  }

  /** Reduces and commits a list; what may still be coalesced goes back to the queue unless `force`. */
  private async process(all: readonly PendingChange[], force: boolean): Promise<void> {
    const { clock, counts, logger } = this.options;
    let list = all;
    let failures = 0;
    let isConfirmed = false;
    while (list.length > 0 && !this.isDisposed) {
      list = list.filter((pending) => !pending.isSettled());
      this.processing = list;
      try {
        const base = await this.state.newest();
        const batch = reduceBatch(base, list, clock.now());
        // A change is confirmed by its compare-and-set; what changes nothing has to be confirmed by a read.
        const hasUnchanged = batch.results.some(({ kind }) => kind !== 'changed');
        if (hasUnchanged && !isConfirmed && this.state.mayBeStale()) {
          await this.state.load(true);
          isConfirmed = true;
          continue;
        }
        if (batch.change === null || base === null) {
          this.settleBatch(list, batch, base);
          list = list.slice(batch.size);
          continue;
        }
        const mayWait = !force && batch.delivery === 'coalesced' && batch.size === list.length;
        if (mayWait && !this.throttle.isOpen()) return this.putBack(list, batch);
        if (batch.delivery === 'immediate' && !this.tryAcquireRate(list, batch)) {
          counts.rateLimited += 1;
          list = this.rejectLast(list, batch, tooMany());
          continue;
        }
        const stamped = stampRevision(batch.change, base.progress.revision, clock.now());
        const change = withRequestId(stamped, lastRequestId(list, batch));
        const result = await this.commit(change, base, batch.delivery, deadlineOf(list, batch));
        if (result.kind === 'committed') {
          counts.coalesced += coalescedIn(list, batch);
          this.settleBatch(list, batch, change.record);
          list = list.slice(batch.size);
          this.deferrals = 0;
        } else if (result.kind === 'given-up') {
          // Other callers are rejected by their own timeout.
          if (batch.delivery === 'store-first')
            list = this.rejectLast(
              list,
              batch,
              new ProgressError('UNAVAILABLE', 'Store unavailable; retry.'),
            );
        } else {
          counts.retries += 1;
          // Another server was first in this window: the next event is due after it.
          if (result.ageMs !== null) this.throttle.recordEvent(result.ageMs);
          if (mayWait && this.deferrals < MAX_DEFERRALS && !this.throttle.isOpen()) {
            this.deferrals += 1;
            return this.putBack(list, batch);
          }
        }
        failures = 0;
      } catch (cause) {
        const error = asProgressError(cause);
        if (error.code !== 'UNAVAILABLE') {
          for (const pending of list) pending.reject(error);
          logger.error({ projectId: this.projectId, cause }, 'report could not be reduced');
          return;
        }
        failures += 1;
        await sleep(clock, backoffDelayMs(RETRY_BACKOFF, failures));
      }
    }
  }

  private async commit(
    change: IngestionChange,
    base: IngestionRecord,
    delivery: Delivery,
    deadlineAt: number | null,
  ): Promise<CommitResult> {
    const committer = this.committer();
    const isEnding = delivery === 'store-first';
    const result = isEnding
      ? await committer.storeEnding(change, base, deadlineAt)
      : await committer.commit(change, base, delivery, deadlineAt);
    if (result.kind !== 'committed') return result;
    if (isEnding) await this.state.publish(change);
    this.recordCommit(change, delivery);
    return result;
  }

  /** Commits the start of a further attempt at once; a start is not counted against the events of its ingestion. */
  commitAttempt(change: IngestionChange, base: IngestionRecord, deadlineAt: number): Promise<CommitResult> {
    return this.commit(change, base, 'immediate', deadlineAt);
  }

  /** Stores the ending of an ingestion that a start replaces; the start is published in its place. */
  storeReplacedEnding(
    change: IngestionChange,
    base: IngestionRecord,
    deadlineAt: number,
  ): Promise<CommitResult> {
    return this.committer().storeEnding(change, base, deadlineAt);
  }

  /** Back to the queue, except for rejected changes: those results are final. */
  private putBack(list: readonly PendingChange[], batch: Batch): void {
    const isRejected = (index: number) => batch.results[index]?.kind === 'rejected';
    for (const [index, pending] of list.entries()) {
      const result = batch.results[index];
      if (result !== undefined && isRejected(index)) this.settle(pending, result, null);
    }
    this.queue.add(...list.filter((_, index) => !isRejected(index)));
    this.throttle.requestFlush();
  }

  /** A change is counted once, however often it is reduced. */
  private tryAcquireRate(list: readonly PendingChange[], batch: Batch): boolean {
    const pending = list[batch.size - 1];
    if (pending === undefined || this.rateLimited.has(pending)) return true;
    const ingestionId = this.state.live?.progress.id ?? null;
    if (ingestionId !== this.limitedId) {
      this.eventLimiter = new RateLimiter(this.options.clock, RATE_LIMIT.maxEvents);
      this.limitedId = ingestionId;
    }
    if (!this.eventLimiter.tryAcquire()) return false;
    this.rateLimited.add(pending);
    return true;
  }

  /** Rejects the change that a batch ends with; the others stay in the list. */
  private rejectLast(list: readonly PendingChange[], batch: Batch, error: ProgressError): PendingChange[] {
    list[batch.size - 1]?.reject(error);
    return list.filter((_, index) => index !== batch.size - 1);
  }

  private settleBatch(list: readonly PendingChange[], batch: Batch, record: IngestionRecord | null): void {
    for (const [index, result] of batch.results.entries()) {
      const pending = list[index];
      if (pending !== undefined) this.settle(pending, result, record);
    }
  }

  private settle(pending: PendingChange, result: ReduceResult, record: IngestionRecord | null): void {
    const { counts } = this.options;
    if (result.kind === 'rejected' || record === null) {
      pending.reject(this.rejection(result));
      return;
    }
    if (result.kind === 'changed' && result.ignored === true) counts.ignored += 1;
    const answer: ChangeResult = { accepted: result.kind === 'changed', record };
    pending.resolve(answer);
  }

  /** The error of a change that was refused, counted. */
  private rejection(result: ReduceResult): ProgressError {
    this.options.counts.conflicts += 1;
    if (result.kind !== 'rejected')
      return new ProgressError('CONFLICT', 'This project has no ingestion; start one.');
    return new ProgressError(result.code ?? 'CONFLICT', result.message);
  }
}

/** An update, a heartbeat or problems of a job elsewhere, checked. */
export type RemoteReport = Extract<Report, { type: 'progress_update' | 'heartbeat' | 'problems' }> & {
  readonly report: { readonly ingestionId: string };
};

const tooMany = () =>
  new ProgressError(
    'RATE_LIMITED',
    'Too many starts, phase changes or errors of this project; retry in a few seconds.',
  );

function deadlineOf(list: readonly PendingChange[], batch: Batch): number | null {
  return list[batch.size - 1]?.deadlineAt ?? null;
}

/** How many reports a batch's one event is made of, beyond the first. */
function coalescedIn(list: readonly PendingChange[], batch: Batch): number {
  const changes = list.filter((_, index) => batch.results[index]?.kind === 'changed');
  return changes.reduce((sum, { merges = 1 }) => sum + merges, -1);
}

/** The request of the last report that a batch is made of; those before it are not named. */
function lastRequestId(list: readonly PendingChange[], batch: Batch): string | undefined {
  for (let index = batch.size - 1; index >= 0; index -= 1) {
    if (batch.results[index]?.kind === 'changed') return list[index]?.requestId;
  }
  return undefined;
}

/** Drivers reject with `ProgressError`; anything else they throw is a fault of ours. */
function asProgressError(cause: unknown): ProgressError {
  if (cause instanceof ProgressError) return cause;
  return new ProgressError('INTERNAL_SERVER_ERROR', 'The report could not be reduced.', { cause });
}

/** Why nothing is accepted any more. */
export const shuttingDown = () => new ProgressError('UNAVAILABLE', 'The server is shutting down.');

/** The projects of a server. */
export interface Projects {
  readonly size: number;
  /** The project, created if there is none. */
  get(projectId: string): Project;
  /** Queues the updates of a producer whose buffer is no longer empty. */
  enqueueUpdates(projectId: string, producer: ProducerHandle, phase: number): void;
  /** Rejects updates from now on; a job does not fail because its server is shutting down. */
  stop(): void;
  /** The state that this server holds; null if it holds none. */
  live(projectId: string): IngestionRecord | null;
  /** Others may have committed: the next change of each project reads first. */
  invalidate(): void;
  /** The store rejected a write of this project in favour of a newer state. */
  adoptAfterConflict(projectId: string, stored: IngestionRecord): void;
  /** The store holds this revision of a project. */
  recordStored(projectId: string, revision: number): void;
  /** Resolves once nothing waits any more. */
  drain(): Promise<void>;
  /** States with what was taken and could not be committed; what waits is gone then. */
  unstored(): readonly IngestionRecord[];
  dispose(): void;
}

/** Creates the projects of a server; none yet. */
export function createProjects(options: ProjectOptions): Projects {
  const { clock, logger } = options;
  const projects = new Map<string, Project>();
  let cancelReaper: CancelTimer | null = null;
  let isStopped = false;
  let isDisposed = false;

  const get = (projectId: string): Project => {
    const known = projects.get(projectId);
    if (known !== undefined) return known;
    const created = new Project(projectId, options);
    projects.set(projectId, created);
    if (!isDisposed) cancelReaper ??= clock.setTimer(REAP_INTERVAL_MS, reap);
    return created;
  };

  const reap = () => {
    cancelReaper = null;
    for (const [projectId, project] of projects) {
      const isRunning = project.state.live?.progress.status === 'RUNNING';
      const idleMs = project.idleMs();
      if (idleMs === 0 || (isRunning && idleMs < IDLE_RUNNING_MS)) continue;
      project.dispose();
      projects.delete(projectId);
    }
    if (projects.size > 0) cancelReaper = clock.setTimer(REAP_INTERVAL_MS, reap);
  };

  return {
    get size() {
      return projects.size;
    },
    get,
    enqueueUpdates: (projectId, producer, phase) => {
      if (isStopped) producer.onRejected(shuttingDown());
      else get(projectId).enqueueUpdates(producer, phase);
    },
    stop: () => {
      isStopped = true;
    },
    live: (projectId) => projects.get(projectId)?.state.live ?? null,
    invalidate: () => {
      for (const project of projects.values()) project.state.invalidate();
    },
    adoptAfterConflict: (projectId, stored) => {
      const project = projects.get(projectId);
      project
        ?.runInOrder(() => project.state.adoptAfterConflict(stored))
        .catch((cause: unknown) => logger.error({ projectId, cause }, 'newer stored state not adopted'));
    },
    recordStored: (projectId, revision) => projects.get(projectId)?.state.recordStored(revision),
    drain: async () => {
      await Promise.all([...projects.values()].map((project) => project.drain()));
    },
    unstored: () => [...projects.values()].flatMap((project) => project.unstored() ?? []),
    dispose: () => {
      isDisposed = true;
      cancelReaper?.();
      cancelReaper = null;
      for (const project of projects.values()) project.dispose();
      projects.clear();
    },
  };
}
