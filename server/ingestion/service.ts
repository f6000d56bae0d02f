/**
 * The progress service over store and bus: start, report, read, history and commands, as GraphQL, REST and the emitter
 * call them. A project's changes are the business of `projects.ts`; writer, reaper, leases and commands work beside it.
 */
import { randomUUID } from 'node:crypto';
import {
  describeIssues,
  isEnded,
  startReportSchema,
  type IngestionCommand,
  type IngestionProblem,
  type IngestionProgress,
  type RecordedEvent,
  type StartReport,
} from '@ingestion-progress/schema';
import type { EventBus } from '../bus/event-bus.js';
import { createPeers } from '../cluster/leases.js';
import {
  createCommandService,
  type CommandAnswer,
  type CommandRequest,
} from '../commands/command-service.js';
import { silentLogger, type Logger } from '../observability/logger.js';
import type { ChangeResult } from '../progress/change.js';
import type { IngestionRecord } from '../progress/record.js';
import { reduce, type Reducer } from '../progress/reduce.js';
import { isEndingReport, parseReport, type JobLocation, type Report } from '../progress/report.js';
import { systemClock, type CancelTimer, type Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import { sleep } from '../shared/sleep.js';
import type { Unsubscribe } from '../shared/unsubscribe.js';
import type { Page, PageRequest, ProgressStore } from '../store/progress-store.js';
import type { SpillFolder, UnstoredState } from '../write-behind/spill.js';
import { createStoreWriter } from '../write-behind/writer.js';
import { createCounts, type IngestionCounts } from './counts.js';
import { createPendingChange } from './pending-changes.js';
import { createProjects, shuttingDown, type Project, type Projects, type RemoteReport } from './projects.js';
import {
  createProblemReports,
  DEFAULT_MAX_PROBLEMS,
  type ProblemQuery,
  type ProblemReport,
} from './problem-reports.js';
import { createReader } from './reader.js';
import { createReaper, REAPER_DEFAULTS } from './reaper.js';
import { startIngestion } from './start-ingestion.js';

export type { CommandAnswer, CommandRequest } from '../commands/command-service.js';
export type { ProblemQuery } from './problem-reports.js';
export type { JobLocation, Report } from '../progress/report.js';

/** Answer to a report. */
export interface ReportOutcome {
  /** False if this sequence, or the same ending, is committed already. */
  readonly accepted: boolean;
  readonly progress: IngestionProgress;
  /** Greatest revision of the project known to be stored; null if not known. */
  readonly storedRevision: number | null;
  /** What was cut, normalised or dropped, a sentence each. */
  readonly adjustments: readonly string[];
}

/** Answer to a start. */
export interface StartOutcome {
  readonly progress: IngestionProgress;
  readonly lastSequence: number | null;
}

/**
 * What may be asked of ingestions. Every method rejects with `ProgressError`: `BAD_USER_INPUT` (path and rule),
 * `CONFLICT`, `RATE_LIMITED`, `UNAVAILABLE`. The caller has checked access.
 */
export interface ProgressService {
  /** `requestId` names the request that brought it, for the log. */
  start(report: StartReport, location: JobLocation, requestId?: string): Promise<StartOutcome>;
  /** Resolves once the report is committed; an update or a heartbeat, once it is checked and taken. */
  report(report: Report, requestId?: string): Promise<ReportOutcome>;
  /** Resolves once everything that was taken of the ingestion is stored; `UNAVAILABLE` after `callTimeoutMs`. */
  flushReports(projectId: string, ingestionId: string): Promise<ReportOutcome>;
  /** Latest of live state and store; `ingestionId` may name one from the history. Single flight per project. */
  read(projectId: string, ingestionId?: string | null): Promise<IngestionRecord | null>;
  ingestions(projectId: string, page: PageRequest): Promise<Page<IngestionProgress>>;
  ingestionEvents(projectId: string, ingestionId: string, page: PageRequest): Promise<Page<RecordedEvent>>;
  /** Problems of one attempt, in the order of their reports. */
  ingestionProblems(
    projectId: string,
    ingestionId: string,
    query: ProblemQuery,
    page: PageRequest,
  ): Promise<Page<IngestionProblem>>;
  /** Resolves once ACCEPTED, REJECTED or, after 5 s, NO_RECEIVER. */
  requestCommand(request: CommandRequest): Promise<IngestionCommand>;
  acknowledgeCommand(answer: CommandAnswer): Promise<IngestionCommand>;
  /** Pending commands of a project, for its jobs. Resolves once attached. */
  watchCommands(projectId: string, listener: (command: IngestionCommand) => void): Promise<Unsubscribe>;
}

/** Options of the service. */
export interface ProgressServiceOptions {
  readonly store: ProgressStore;
  readonly bus: EventBus;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default logs nothing */
  readonly logger?: Logger;
  /** The newest state of a project that was published to this server's watchers: nothing behind it is committed. @default null for all */
  readonly lastPublished?: (projectId: string) => IngestionRecord | null;
  /** Names this server's lease; must differ from every other server's, also from earlier ones. @default a random id */
  readonly serverId?: string;
  /** Least time between two snapshots of a project that carry only updates, in milliseconds. @default 5_000 */
  readonly snapshotIntervalMs?: number;
  /** How long an awaited call waits for store or bus before `UNAVAILABLE`, in milliseconds. @default 30_000 */
  readonly callTimeoutMs?: number;
  /** How long a read waits for the store before it falls back to the live state, in milliseconds. @default 3_000 */
  readonly readTimeoutMs?: number;
  /** How often silent jobs are looked for, in milliseconds. @default 5_000 */
  readonly reapIntervalMs?: number;
  /** How long a recoverable failure may wait for its job before it is an ending, in milliseconds. @default 86_400_000 */
  readonly failureGraceMs?: number;
  /** How long ended ingestions and logs are kept, in milliseconds. @default 2_592_000_000 (30 days) */
  readonly retentionMs?: number;
  /** Keeps what is unstored when the server closes, and what servers before it have kept. @default null: it is lost */
  readonly spill?: SpillFolder | null;
  /** Problems kept per ingestion; those beyond are only counted. @default 1_000 */
  readonly maxProblems?: number;
}

/** How often files of stopped servers are looked for, and how long a start waits for them at most, in milliseconds. */
const SPILL_INTERVAL_MS = 5_000;
const SPILL_WAIT_MS = 3_000;

/** Defaults of the service. */
export const SERVICE_DEFAULTS = Object.freeze({
  snapshotIntervalMs: 5_000,
  callTimeoutMs: 30_000,
  readTimeoutMs: 3_000,
  ...REAPER_DEFAULTS,
});

/** The service, with what only this process may use: its emitter, its metrics, its composition root. */
export interface IngestionService extends ProgressService {
  readonly serverId: string;
  readonly counts: IngestionCounts;
  /** Projects of which this server holds state. */
  readonly liveProjects: number;
  /** Projects with something not stored yet. */
  readonly unstoredProjects: number;
  /** True while store writes fail. */
  readonly isStoreFailing: boolean;
  /** Why store writes fail; null while they do not. */
  readonly storeFailure: Error | null;
  /** True while another server has a lease in the store. */
  readonly hasPeers: boolean;
  /** Calls the listener when the first peer appears, and when the last one is gone. */
  onPeersChange(listener: () => void): Unsubscribe;
  /** Shows what stopped servers have kept; before anybody reads. Needs neither store nor bus. */
  recall(): Promise<void>;
  /**
   * Takes the first lease, ends what died with an earlier process, starts the reaper. Store and bus are open already.
   * Rejects if the store is unavailable; may then be called again.
   */
  open(): Promise<void>;
  /** Finishes what was begun within so many milliseconds (10,000); false if something is neither stored nor kept. */
  close(timeoutMs?: number): Promise<boolean>;
  /** The state that this server holds; null if it holds none. Reads nothing. */
  live(projectId: string): IngestionRecord | null;
  /** The state that this server holds of an ingestion if it is newer than the stored one. */
  newest(stored: IngestionRecord): IngestionRecord;
  /** Takes the updates of producers in this process. */
  readonly updates: Pick<Projects, 'enqueueUpdates'>;
  /** Commits a change of this process: a report to the running ingestion, or one of the server's own. */
  submit(projectId: string, reducer: Reducer, isEnding: boolean): Promise<ChangeResult>;
}

function checkOptions(options: ProgressServiceOptions): void {
  for (const name of Object.keys(SERVICE_DEFAULTS) as (keyof typeof SERVICE_DEFAULTS)[]) {
    const value = options[name];
    if (value !== undefined && !(Number.isFinite(value) && value > 0)) {
      throw new RangeError(`${name} must be a number of milliseconds above 0, not ${value}.`);
    }
  }
}

/** Of the attempt, and of its parts, which count on their own: a worker that starts again goes on above both. */
function greatestSequence({ lastSequence, work = [] }: IngestionRecord): number | null {
  const ofParts = work.flatMap(({ parts = {} }) => Object.values(parts).map(([sequence]) => sequence));
  const known = [lastSequence, ...ofParts].filter((sequence) => sequence !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function outcomeOf(
  { accepted, record }: ChangeResult,
  project: Project,
  adjustments: readonly string[],
): ReportOutcome {
  const { storedAtLeast } = project.state;
  return { accepted, progress: record.progress, storedRevision: storedAtLeast, adjustments };
}

/** Creates the service. */
export function createProgressService(options: ProgressServiceOptions): IngestionService {
  checkOptions(options);
  const settings = { clock: systemClock, logger: silentLogger, ...SERVICE_DEFAULTS, ...options };
  const { store, bus, clock, logger, callTimeoutMs } = settings;
  const spill = options.spill ?? null;
  const serverId = options.serverId ?? randomUUID();
  const counts = createCounts();
  const peersListeners = new Set<() => void>();
  const peers = createPeers({ store, bus, clock, logger, serverId, onChange: () => onPeersChange() });
  const { hasPeers } = peers;
  const writer = createStoreWriter({
    ...{ store, clock, logger, callTimeoutMs },
    snapshotIntervalMs: settings.snapshotIntervalMs,
    onConflict: (projectId, current) => projects.adoptAfterConflict(projectId, current),
    onStored: (projectId, revision) => projects.recordStored(projectId, revision),
  });
  const lastPublished = options.lastPublished ?? (() => null);
  let recalling: Promise<void> | undefined;
  let nextRecall: Promise<void> | undefined;
  const recallNow = (): Promise<void> | undefined => {
    nextRecall = undefined;
    recalling = spill?.peek(({ record }) => projects.get(record.progress.projectId).showSpilled(record));
    return recalling;
  };
  /** A reading of the folder may be earlier than a file of it: who comes meanwhile joins the next one. */
  const recall = (): Promise<void> | undefined => {
    if (spill === null) return undefined;
    nextRecall ??= (recalling ?? Promise.resolve()).then(recallNow);
    return nextRecall;
  };
  const projects = createProjects({
    store,
    bus,
    writer,
    peers,
    clock,
    logger,
    counts,
    lastPublished,
    recall,
  });
  let isClosed = false;
  let cancelSpill: CancelTimer | null = null;

  const stopListening = bus.onStateChange((state) => {
    // Lost: others may go on without this server. Back: others may have gone on. Either way what it knows may be stale.
    projects.invalidate();
    if (state === 'disconnected') writer.flush(hasPeers());
  });

  const onPeersChange = () => {
    // As above; and what this server has not stored yet must not overwrite what its peers store.
    projects.invalidate();
    if (hasPeers()) writer.flush(true);
    for (const listener of peersListeners) listener();
  };

  const checkOpen = () => {
    if (isClosed) throw shuttingDown();
  };

  /** Logs a rejection with what was known of the report by then. */
  const logRejection = async <T>(fields: Record<string, unknown>, task: () => Promise<T>): Promise<T> => {
    try {
      return await task();
    } catch (cause) {
      if (cause instanceof ProgressError) {
        logger.info({ ...fields, code: cause.code, reason: cause.message }, 'report rejected');
      }
      throw cause;
    }
  };

  const submit = (projectId: string, reducer: Reducer, isEnding: boolean): Promise<ChangeResult> =>
    logRejection({ projectId }, () => {
      checkOpen();
      const { pending, result } = createPendingChange(clock, reducer, callTimeoutMs);
      projects.get(projectId).enqueue(pending, isEnding);
      return result;
    });

  const report = (given: Report, requestId?: string): Promise<ReportOutcome> => {
    const fields: Record<string, unknown> = { type: given.type, requestId };
    return logRejection(fields, async () => {
      checkOpen();
      const { report: parsed, adjustments } = parseReport(given, 'elsewhere');
      const { projectId, ingestionId } = parsed.report;
      const sequence = 'sequence' in parsed.report ? parsed.report.sequence : undefined;
      Object.assign(fields, { projectId, ingestionId, sequence });
      if (adjustments.length > 0) logger.warn({ ...fields, adjustments }, 'report adjusted');
      const project = projects.get(projectId);
      if (parsed.type === 'problems') {
        const problems = { report: parsed as ProblemReport, adjustments };
        const taken = await problemReports.take(project, problems, requestId);
        return outcomeOf(taken.result, project, taken.adjustments);
      }
      if (parsed.type === 'progress_update' || parsed.type === 'heartbeat') {
        const deadlineAt = clock.monotonicNow() + callTimeoutMs;
        const taken = await project.takeReport(parsed as RemoteReport, deadlineAt, requestId);
        return outcomeOf(taken, project, adjustments);
      }
      const reducer: Reducer = (base, nowMs) => reduce(base, parsed, nowMs);
      const { pending, result } = createPendingChange(clock, reducer, callTimeoutMs, requestId);
      project.enqueue(pending, isEndingReport(parsed));
      return outcomeOf(await result, project, adjustments);
    });
  };

  const flushReports = async (projectId: string, ingestionId: string): Promise<ReportOutcome> => {
    checkOpen();
    const project = projects.get(projectId);
    const deadlineAt = clock.monotonicNow() + callTimeoutMs;
    await project.drain();
    const record = await project.runInOrder(() => project.state.newest());
    if (record?.progress.id !== ingestionId) {
      throw new ProgressError('CONFLICT', `Ingestion ${ingestionId} is not this project's latest.`);
    }
    if (!(await writer.flushProject(projectId, deadlineAt))) {
      throw new ProgressError(
        'UNAVAILABLE',
        'The store is away; what was reported is kept and stored later.',
      );
    }
    return outcomeOf({ accepted: true, record }, project, []);
  };

  const start = (given: StartReport, location: JobLocation, requestId?: string): Promise<StartOutcome> => {
    const fields: Record<string, unknown> = { type: 'ingestion_started', requestId };
    return logRejection(fields, async () => {
      checkOpen();
      const parsed = startReportSchema.safeParse(given);
      if (!parsed.success) throw new ProgressError('BAD_USER_INPUT', describeIssues(parsed.error));
      const { projectId, ingestionId = null } = parsed.data;
      Object.assign(fields, { projectId, ingestionId });
      const project = projects.get(projectId);
      const request = {
        report: parsed.data,
        ingestionId: ingestionId ?? randomUUID(),
        ownerServerId: location === 'in-process' ? serverId : null,
        requestId,
      };
      const record = await project.runInOrder(() =>
        startIngestion(project, request, { store, clock, counts, timeoutMs: callTimeoutMs }),
      );
      return { progress: record.progress, lastSequence: greatestSequence(record) };
    });
  };

  const { live } = projects;
  const reader = createReader({
    ...{ store, bus, clock, hasPeers, live, recall },
    readTimeoutMs: settings.readTimeoutMs,
    storeOrphan: (record) => {
      if (!writer.isPending(record.progress.projectId)) writer.enqueue({ record }, [], true);
    },
  });
  const problemReports = createProblemReports({
    ...{ store, clock, timeoutMs: callTimeoutMs, read: reader.read },
    maxProblems: options.maxProblems ?? DEFAULT_MAX_PROBLEMS,
  });
  const commands = createCommandService({ store, bus, clock, logger, read: reader.read, submit });
  const reaper = createReaper({
    ...settings,
    serverId,
    submit,
    isExpired: peers.isExpired,
    validServers: peers.validServers,
    isStoreFailing: () => writer.isFailing,
  });

  /** Commits above all what a stopped server had acknowledged, and stores it. May be repeated. (invariant: kept-at-stop) */
  const takeBack = async ({ record, events }: UnstoredState): Promise<void> => {
    const { projectId, id } = record.progress;
    const project = projects.get(projectId);
    if (await project.runInOrder(() => project.state.takeBack(record))) {
      const reducer: Reducer = (base) =>
        base?.progress.id !== id || isEnded(base.progress)
          ? { kind: 'duplicate' }
          : {
              kind: 'changed',
              delivery: 'coalesced',
              change: { record: base, payload: { type: 'snapshot' } },
            };
      await submit(projectId, reducer, false);
      await project.drain();
      if (!(await writer.flushProject(projectId, clock.monotonicNow() + callTimeoutMs))) {
        throw new ProgressError('UNAVAILABLE', 'Store unavailable; retry.');
      }
    }
    await store.appendEvents(projectId, id, events);
  };

  /** Never rejects; one after the other. */
  const takeUpSpilled = async (folder: SpillFolder): Promise<void> => {
    await folder.takeUp(takeBack);
    if (!isClosed) cancelSpill = clock.setTimer(SPILL_INTERVAL_MS, () => void takeUpSpilled(folder));
  };

  /** False if something is lost. */
  const keepUnstored = async (): Promise<boolean> => {
    const taken = projects.unstored().map((record) => ({ record, events: [] }));
    const states = [...writer.unstored(), ...taken];
    if (states.length === 0) return true;
    if (spill !== null) return spill.keep(serverId, states);
    logger.error({ states: states.length }, 'progress left unstored');
    return false;
  };

  return {
    serverId,
    counts,
    get liveProjects() {
      return projects.size;
    },
    get unstoredProjects() {
      return writer.pendingProjects;
    },
    get isStoreFailing() {
      return writer.isFailing;
    },
    get storeFailure() {
      return writer.failure;
    },
    get hasPeers() {
      return hasPeers();
    },
    onPeersChange: (listener) => {
      peersListeners.add(listener);
      return () => void peersListeners.delete(listener);
    },
    recall: async () => recall(),
    open: async () => {
      // Also those that were written since.
      await recall();
      await peers.open();
      if (spill !== null && cancelSpill === null) {
        // Before anybody reads: a watcher has seen it already.
        cancelSpill = () => undefined;
        const done = new AbortController();
        const takingUp = takeUpSpilled(spill).finally(() => done.abort());
        await Promise.race([takingUp, sleep(clock, SPILL_WAIT_MS, done.signal)]);
      }
      // The lock of an exclusive store proves that the owners of running jobs are gone. What one tick leaves, the next
      // ones do behind the listening server.
      if (store.exclusive) await reaper.tick();
      reaper.start();
    },
    start,
    report,
    flushReports,
    submit,
    read: reader.read,
    ingestions: reader.ingestions,
    ingestionEvents: (projectId, ingestionId, page) => store.listEvents(projectId, ingestionId, page),
    ingestionProblems: problemReports.list,
    requestCommand: commands.request,
    acknowledgeCommand: commands.acknowledge,
    watchCommands: commands.watch,
    live,
    newest: reader.newest,
    updates: projects,
    close: async (timeoutMs = 10_000) => {
      isClosed = true;
      projects.stop();
      stopListening();
      reaper.dispose();
      cancelSpill?.();
      commands.dispose();
      const deadlineAt = clock.monotonicNow() + timeoutMs;
      const drained = new AbortController();
      await Promise.race([
        projects.drain().finally(() => drained.abort()),
        sleep(clock, timeoutMs, drained.signal),
      ]);
      const isStored = await writer.close(Math.max(1, deadlineAt - clock.monotonicNow()));
      const isKept = await keepUnstored();
      projects.dispose();
      await peers.close();
      return isStored || isKept;
    },
  };
}
