/**
 * The progress service over store and bus: what is reported goes to its project's actor, a writer stands behind them,
 * leases, sweep and commands beside them. The rules themselves are theirs.
 */
import { randomUUID } from 'node:crypto';
import {
  describeIssues,
  reportSchemas,
  startReportSchema,
  type StartReport,
} from '@ingestion-progress/schema';
import type { EventBus, Unsubscribe } from '../bus/event-bus.js';
import { systemClock, type Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import { silentLogger, type Logger } from '../observability/logger.js';
import type { ProgressStore } from '../store/progress-store.js';
import { createCommandDesk } from '../commands/command-service.js';
import { createLeases } from '../cluster/leases.js';
import type { Lane } from './pending-changes.js';
import { noCounts, type IngestionCounts, type ProjectContext } from './project-context.js';
import { createProjectTable } from './projects.js';
import { createReader } from './reader.js';
import type { IngestionRecord } from '../progress/record.js';
import type { JobPlace, Report } from '../progress/report.js';
import type { ProgressService, ReportOutcome, StartOutcome } from './service-port.js';
import { startOn } from './start-ingestion.js';
import { createStoreWriter } from '../write-behind/writer.js';
import { createSweep, SWEEP_DEFAULTS } from './reaper.js';
import { createWaiting, foldOf, type Settled, type Waiting } from './batch.js';

export type * from './service-port.js';

/** Options of the service. */
export interface ProgressServiceOptions {
  readonly store: ProgressStore;
  readonly bus: EventBus;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default says nothing */
  readonly logger?: Logger;
  /** The newest state of a project that this server's watchers were told: nothing is committed that holds less. @default knows of none */
  readonly told?: (projectId: string) => IngestionRecord | null;
  /** Names this server's lease; must differ from every other server's, also from those before it. @default a random id */
  readonly serverId?: string;
  /** Least time between two snapshots of a project that carry only updates, in milliseconds. @default 5_000 */
  readonly snapshotEveryMs?: number;
  /** How long an awaited call waits for store or bus before `UNAVAILABLE`, in milliseconds. @default 30_000 */
  readonly deadlineMs?: number;
  /** How long a read waits for the store before it falls back to the live state, in milliseconds. @default 3_000 */
  readonly readDeadlineMs?: number;
  /** How often silent jobs are looked for, in milliseconds. @default 5_000 */
  readonly sweepEveryMs?: number;
  /** How long a recoverable failure may wait for its job before it is an ending, in milliseconds. @default 86_400_000 */
  readonly recoverableForMs?: number;
  /** How long ended ingestions and logs are kept, in milliseconds. @default 2_592_000_000 (30 days) */
  readonly retentionMs?: number;
}

/** Defaults of the service. */
export const SERVICE_DEFAULTS = Object.freeze({
  snapshotEveryMs: 5_000,
  deadlineMs: 30_000,
  readDeadlineMs: 3_000,
  ...SWEEP_DEFAULTS,
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
  /** True while another server's lease stands in the store. */
  readonly othersStand: boolean;
  /** Told when the first other server came, and when the last one went. */
  onCompanyChange(listener: () => void): Unsubscribe;
  /**
   * Takes the first lease, ends what died with an earlier process, begins to sweep. Store and bus are open already.
   * Rejects where the store is away; may then be called again.
   */
  open(): Promise<void>;
  /** Finishes what was begun, at most so many ms (10,000); false where something was left unstored. */
  close(deadlineMs?: number): Promise<boolean>;
  /** The state that this server holds; null where it holds none. Reads nothing. */
  live(projectId: string): IngestionRecord | null;
  /** Tells that an update was put into a lane. */
  touch(projectId: string, lane: Lane, phase: number): void;
  /** Folds a report whose ingestion is the one that runs, or a change of the server's own. */
  change(projectId: string, fold: Waiting['fold'], isEnding: boolean): Promise<Settled>;
}

function checkOptions(options: ProgressServiceOptions): void {
  for (const name of Object.keys(SERVICE_DEFAULTS) as (keyof typeof SERVICE_DEFAULTS)[]) {
    const value = options[name];
    if (value !== undefined && !(Number.isFinite(value) && value > 0)) {
      throw new RangeError(`${name} must be a number of milliseconds above 0, not ${value}.`);
    }
  }
}

/** Makes the service. */
export function createProgressService(options: ProgressServiceOptions): IngestionService {
  checkOptions(options);
  const settings = { clock: systemClock, logger: silentLogger, ...SERVICE_DEFAULTS, ...options };
  const { store, bus, clock, logger, deadlineMs } = settings;
  const serverId = options.serverId ?? randomUUID();
  const counts = noCounts();
  const leases = createLeases({ store, clock, logger, serverId, onCompany: () => changeCompany() });
  const writer = createStoreWriter({
    store,
    clock,
    logger,
    snapshotEveryMs: settings.snapshotEveryMs,
    onRefused: (projectId, current) => projects.refused(projectId, current),
  });
  const { othersStand, isHeard } = leases;
  const context: ProjectContext = {
    store,
    bus,
    clock,
    logger,
    writer,
    serverId,
    deadlineMs,
    counts,
    othersStand,
    isHeard,
    told: options.told ?? (() => null),
  };
  const projects = createProjectTable(context);
  let isClosed = false;

  const stopListening = bus.onStateChange((state) => {
    // Lost: others may go on without us. Back: others may have gone on. Either way what we know may be old.
    projects.forget();
    if (state === 'disconnected') writer.hurry(othersStand());
  });

  const companyListeners = new Set<() => void>();
  const changeCompany = () => {
    // Others may go on from what is stored, or have gone on: what we know may be old, and what we hold must not undo theirs.
    projects.forget();
    if (othersStand()) writer.hurry(true);
    for (const listener of companyListeners) listener();
  };

  const checkOpen = () => {
    if (isClosed) throw goingDown();
  };

  /** Logs a refusal with what was known of the report by then. */
  const logged = async <T>(fields: Record<string, unknown>, task: () => Promise<T>): Promise<T> => {
    try {
      return await task();
    } catch (cause) {
      if (cause instanceof ProgressError) {
        logger.info({ ...fields, code: cause.code, reason: cause.message }, 'a report was refused');
      }
      throw cause;
    }
  };

  const change = (projectId: string, fold: Waiting['fold'], isEnding: boolean): Promise<Settled> =>
    logged({ projectId }, () => {
      checkOpen();
      const { waiting, settled } = createWaiting(clock, fold, deadlineMs);
      projects.get(projectId).call(waiting, isEnding);
      return settled;
    });

  const report = (given: Report, requestId?: string): Promise<ReportOutcome> => {
    const fields: Record<string, unknown> = { type: given.type, requestId };
    return logged(fields, async () => {
      checkOpen();
      const parsed = checkReport(given);
      const { projectId, ingestionId, sequence } = parsed.report;
      Object.assign(fields, { projectId, ingestionId, sequence });
      const { waiting, settled } = createWaiting(clock, foldOf(parsed, true), deadlineMs, requestId);
      if (parsed.type === 'progress_update') projects.get(projectId).update(waiting, parsed.report.phase);
      else projects.get(projectId).call(waiting, isEndingReport(parsed));
      const { accepted, record } = await settled;
      return { accepted, progress: record.progress };
    });
  };

  const start = (given: StartReport, place: JobPlace, requestId?: string): Promise<StartOutcome> => {
    const fields: Record<string, unknown> = { type: 'ingestion_started', requestId };
    return logged(fields, async () => {
      checkOpen();
      const checked = startReportSchema.safeParse(given);
      if (!checked.success) throw new ProgressError('BAD_USER_INPUT', describeIssues(checked.error));
      const { projectId, ingestionId = null } = checked.data;
      Object.assign(fields, { projectId, ingestionId });
      const actor = projects.get(projectId);
      const id = ingestionId ?? randomUUID();
      const circumstances = { place, ingestionId: id, requestId };
      const { progress, lastSequence } = await actor.inOrder(() =>
        startOn(actor, context, checked.data, circumstances),
      );
      return { progress, lastSequence };
    });
  };

  const reader = createReader({
    store,
    bus,
    clock,
    readDeadlineMs: settings.readDeadlineMs,
    othersStand,
    live: projects.live,
  });
  const desk = createCommandDesk({ store, bus, clock, logger, read: reader.read, change });
  const sweep = createSweep({
    ...settings,
    serverId,
    change,
    isVoid: leases.isVoid,
    isStoreFailing: () => writer.failing,
  });

  return {
    serverId,
    counts,
    get liveProjects() {
      return projects.size;
    },
    get unstoredProjects() {
      return writer.waiting;
    },
    get isStoreFailing() {
      return writer.failing;
    },
    get othersStand() {
      return othersStand();
    },
    onCompanyChange: (listener) => {
      companyListeners.add(listener);
      return () => void companyListeners.delete(listener);
    },
    open: async () => {
      await leases.open();
      // Its lock proves that whoever ran a job is gone.
      if (store.exclusive) while ((await sweep.look()) > 0);
      sweep.begin();
    },
    start,
    report,
    change,
    read: reader.read,
    ingestions: reader.ingestions,
    ingestionEvents: (projectId, ingestionId, page) => store.listEvents(projectId, ingestionId, page),
    requestCommand: desk.request,
    acknowledgeCommand: desk.acknowledge,
    watchCommands: desk.watch,
    live: projects.live,
    touch: (projectId, lane, phase) => {
      // A job is not made to fail because the server goes down beneath it.
      if (isClosed) lane.onRejected(goingDown());
      else projects.get(projectId).touch(lane, phase);
    },
    close: async (closeDeadlineMs = 10_000) => {
      isClosed = true;
      stopListening();
      sweep.dispose();
      desk.dispose();
      const until = clock.monotonicNow() + closeDeadlineMs;
      let stopTimer = () => {};
      const deadline = new Promise<void>((resolve) => (stopTimer = clock.setTimer(closeDeadlineMs, resolve)));
      await Promise.race([projects.drain(), deadline]);
      stopTimer();
      const isStored = await writer.close(Math.max(1, until - clock.monotonicNow()));
      if (!isStored) logger.error({ projects: writer.waiting }, 'states were left unstored');
      projects.dispose();
      await leases.close();
      return isStored;
    },
  };
}

function checkReport({ type, report }: Report): Report {
  const checked = reportSchemas[type].safeParse(report);
  if (!checked.success) throw new ProgressError('BAD_USER_INPUT', describeIssues(checked.error));
  return { type, report: checked.data } as Report;
}

const goingDown = () => new ProgressError('UNAVAILABLE', 'The server is going down.');

const isEndingReport = (report: Report) =>
  report.type === 'ingestion_complete' ||
  report.type === 'cancelled' ||
  (report.type === 'error' && !report.report.recoverable);
