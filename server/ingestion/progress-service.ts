/** The progress service over store and bus: one actor per project, a writer behind them, commands and leases beside them. */
import { randomUUID } from 'node:crypto';
import {
  describeIssues,
  reportSchemas,
  startReportSchema,
  type StartReport,
} from '@ingestion-progress/schema';
import type { EventBus } from '../bus/event-bus.js';
import { systemClock, type CancelTimer, type Clock } from '../clock.js';
import { ProgressError } from '../errors.js';
import { silentLogger, type Logger } from '../observability/logger.js';
import type { ProgressStore } from '../store/progress-store.js';
import { createCommandDesk } from './command-desk.js';
import { createLeases } from './leases.js';
import { ProjectActor, type Lane } from './project-actor.js';
import { noCounts, type IngestionCounts, type ProjectContext } from './project-context.js';
import { createReader } from './reader.js';
import type { ProgressService, Report, ReportOutcome, StartOutcome } from './service-port.js';
import type { IngestionRecord } from './record.js';
import type { JobPlace } from './report.js';
import { startOn } from './starts.js';
import { createStoreWriter } from './store-writer.js';
import { createWaiting, foldOf, type Settled, type Waiting } from './waiting-report.js';

export type * from './service-port.js';

/** Options of the service. */
export interface ProgressServiceOptions {
  readonly store: ProgressStore;
  readonly bus: EventBus;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default says nothing */
  readonly logger?: Logger;
  /** Names this server's lease; must differ from every other server's, also from those before it. @default a random id */
  readonly serverId?: string;
  /** Least time between two snapshots of a project that carry only updates, in milliseconds. @default 5_000 */
  readonly snapshotEveryMs?: number;
  /** How long an awaited call waits for store or bus before `UNAVAILABLE`, in milliseconds. @default 30_000 */
  readonly deadlineMs?: number;
  /** How long a read waits for the store before it falls back to the live state, in milliseconds. @default 3_000 */
  readonly readDeadlineMs?: number;
}

/** Defaults of the service. */
export const SERVICE_DEFAULTS = Object.freeze({
  snapshotEveryMs: 5_000,
  deadlineMs: 30_000,
  readDeadlineMs: 3_000,
});

/** How often projects without anything to do are let go, and after how long, in milliseconds. */
const REAP_EVERY_MS = 10_000;
const IDLE_RUNNING_MS = 60_000;

/** The service, with what only this process may use: its emitter, its sweep, its composition root. */
export interface IngestionService extends ProgressService {
  readonly serverId: string;
  readonly counts: IngestionCounts;
  /** Projects of which this server holds state. */
  readonly liveProjects: number;
  /** Projects with something not stored yet. */
  readonly unstoredProjects: number;
  /** True while store writes fail. */
  readonly isStoreFailing: boolean;
  /** True while another server's lease stands in the store. */
  readonly othersStand: boolean;
  /** Takes the first lease. Store and bus are open already. Rejects where the store is away. */
  open(): Promise<void>;
  /** Finishes what was begun, at most `deadlineMs`; false where something was left unstored. */
  close(deadlineMs?: number): Promise<boolean>;
  /** The state that this server holds; null where it holds none. Reads nothing. */
  live(projectId: string): IngestionRecord | null;
  /** Tells that an update was put into a lane. */
  touch(projectId: string, lane: Lane, phase: number): void;
  /** Folds a report whose ingestion is the one that runs, or a change of the server's own. */
  change(projectId: string, fold: Waiting['fold'], isEnding: boolean): Promise<Settled>;
  /** True where that server's lease has run out for sure. */
  isVoid(serverId: string): boolean;
}

/** Makes the service. */
export function createProgressService(options: ProgressServiceOptions): IngestionService {
  const { store, bus } = options;
  const clock = options.clock ?? systemClock;
  const logger = options.logger ?? silentLogger;
  const serverId = options.serverId ?? randomUUID();
  const deadlineMs = options.deadlineMs ?? SERVICE_DEFAULTS.deadlineMs;
  const actors = new Map<string, ProjectActor>();
  const counts = noCounts();
  const leases = createLeases({ store, clock, logger, serverId });
  let reaper: CancelTimer | null = null;
  let isClosed = false;

  const writer = createStoreWriter({
    store,
    clock,
    logger,
    snapshotEveryMs: options.snapshotEveryMs ?? SERVICE_DEFAULTS.snapshotEveryMs,
    onRefused: (projectId, current) => {
      const actor = actors.get(projectId);
      if (actor === undefined) return;
      actor
        .inOrder(() => actor.state.adopt(current))
        .catch((cause: unknown) =>
          logger.error({ projectId, cause }, 'a newer stored state was not taken over'),
        );
    },
  });
  const context: ProjectContext = {
    store,
    bus,
    clock,
    logger,
    writer,
    serverId,
    deadlineMs,
    counts,
    othersStand: leases.othersStand,
  };

  const reap = () => {
    reaper = null;
    for (const [projectId, actor] of actors) {
      const isOpen = actor.state.live?.progress.status === 'RUNNING';
      const idleMs = actor.idleMs();
      if (idleMs === 0 || (isOpen && idleMs < IDLE_RUNNING_MS)) continue;
      actor.dispose();
      actors.delete(projectId);
    }
    if (actors.size > 0) reaper = clock.setTimer(REAP_EVERY_MS, reap);
  };

  const actorOf = (projectId: string): ProjectActor => {
    const known = actors.get(projectId);
    if (known !== undefined) return known;
    const made = new ProjectActor(projectId, context);
    actors.set(projectId, made);
    reaper ??= clock.setTimer(REAP_EVERY_MS, reap);
    return made;
  };

  const checkOpen = () => {
    if (isClosed) throw new ProgressError('UNAVAILABLE', 'The server is going down.');
  };

  const stopListening = bus.onStateChange((state) => {
    // Lost: others may go on without us. Back: others may have gone on. Either way what we know may be old.
    for (const [projectId, actor] of actors) {
      actor.state.forget();
      if (state === 'disconnected') writer.hurry(projectId);
    }
  });

  const change = async (projectId: string, fold: Waiting['fold'], isEnding: boolean): Promise<Settled> => {
    checkOpen();
    const { waiting, settled } = createWaiting(clock, fold, deadlineMs);
    actorOf(projectId).call(waiting, isEnding);
    return settled;
  };

  const report = async (given: Report): Promise<ReportOutcome> => {
    checkOpen();
    const checked = reportSchemas[given.type].safeParse(given.report);
    if (!checked.success) throw new ProgressError('BAD_USER_INPUT', describeIssues(checked.error));
    const parsed = { type: given.type, report: checked.data } as Report;
    const { projectId } = parsed.report;
    const { waiting, settled } = createWaiting(clock, foldOf(parsed, true), deadlineMs);
    if (parsed.type === 'progress_update') actorOf(projectId).update(waiting, parsed.report.phase);
    else actorOf(projectId).call(waiting, isEndingReport(parsed));
    const { accepted, record } = await settled;
    return { accepted, progress: record.progress };
  };

  const start = async (given: StartReport, place: JobPlace): Promise<StartOutcome> => {
    checkOpen();
    const checked = startReportSchema.safeParse(given);
    if (!checked.success) throw new ProgressError('BAD_USER_INPUT', describeIssues(checked.error));
    const actor = actorOf(checked.data.projectId);
    const ingestionId = checked.data.ingestionId ?? randomUUID();
    const record = await actor.inOrder(() => startOn(actor, context, checked.data, place, ingestionId));
    return { progress: record.progress, lastSequence: record.lastSequence };
  };

  const readDeadlineMs = options.readDeadlineMs ?? SERVICE_DEFAULTS.readDeadlineMs;
  const reader = createReader({
    store,
    bus,
    clock,
    readDeadlineMs,
    othersStand: leases.othersStand,
    live: (projectId) => actors.get(projectId)?.state.live ?? null,
  });
  const desk = createCommandDesk({ store, bus, clock, logger, read: reader.read, change });

  return {
    serverId,
    counts,
    get liveProjects() {
      return actors.size;
    },
    get unstoredProjects() {
      return writer.waiting;
    },
    get isStoreFailing() {
      return writer.failing;
    },
    get othersStand() {
      return leases.othersStand();
    },
    open: () => leases.open(),
    start,
    report,
    change,
    read: reader.read,
    ingestions: reader.ingestions,
    ingestionEvents: (projectId, ingestionId, page) => store.listEvents(projectId, ingestionId, page),
    requestCommand: desk.request,
    acknowledgeCommand: desk.acknowledge,
    watchCommands: desk.watch,
    live: (projectId) => actors.get(projectId)?.state.live ?? null,
    touch: (projectId, lane, phase) => {
      checkOpen();
      actorOf(projectId).touch(lane, phase);
    },
    isVoid: leases.isVoid,
    close: async (closeDeadlineMs = 10_000) => {
      isClosed = true;
      stopListening();
      reaper?.();
      desk.dispose();
      let stopTimer: CancelTimer = () => undefined;
      const deadline = new Promise<void>((resolve) => (stopTimer = clock.setTimer(closeDeadlineMs, resolve)));
      const startedAt = clock.monotonicNow();
      await Promise.race([Promise.all([...actors.values()].map((actor) => actor.drain())), deadline]);
      stopTimer();
      const left = Math.max(1, closeDeadlineMs - (clock.monotonicNow() - startedAt));
      const isStored = await writer.close(left);
      for (const actor of actors.values()) actor.dispose();
      actors.clear();
      await leases.close();
      return isStored;
    },
  };
}

const isEndingReport = (report: Report) =>
  report.type === 'ingestion_complete' ||
  report.type === 'cancelled' ||
  (report.type === 'error' && !report.report.recoverable);
