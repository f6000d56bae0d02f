/**
 * All watched projects of one server: a project watch for each, created with its first watcher and removed with its
 * last, and the polling of all of them while the bus does not reach every server. Leaves order and conflation to the
 * watchers. (invariant: outage-stays-behind)
 */
import type { EventBus, Unsubscribe } from '../bus/event-bus.js';
import type { CancelTimer, Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import type { IngestionRecord } from '../progress/record.js';
import type { Logger } from '../observability/logger.js';
import { createFanOut, createProjectWatch } from './project-watch.js';
import type { OnPublished, ProjectWatch, ReadRecord } from './project-watch.js';
import type { Watch, WatchReader, WatchTarget, Watcher } from './watcher.js';

/** Options of the hub. */
export interface WatchHubOptions {
  readonly bus: EventBus;
  /** Latest of live state and store. */
  readonly read: ReadRecord;
  /** Latest stored states of at most 50 projects. */
  readonly readMany: (projectIds: readonly string[]) => Promise<ReadonlyMap<string, IngestionRecord>>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** False if other servers may write to the store without this bus hearing of it: then the store is polled. @default always true */
  readonly busReachesAllPeers?: (() => boolean) | undefined;
  readonly onPublished?: OnPublished | undefined;
  /** Registers a listener for changes of what `busReachesAllPeers` returns. */
  readonly onPeersChange?: ((listener: () => void) => Unsubscribe) | undefined;
}

/** See the file's head. */
export interface WatchHub {
  /** Begins to watch; resolves with the snapshot queued. */
  watch(target: WatchTarget, reader: WatchReader): Promise<Watch>;
  /** The newest state that was published to a project's watchers; null if it is not watched. */
  latest(projectId: string): IngestionRecord | null;
  readonly watchedProjects: number;
  readonly watchers: number;
  /** Events not yet delivered to watchers, or not yet taken by their transports. */
  readonly queued: number;
  /** Queued updates that newer ones replaced, since the start. */
  readonly conflated: number;
  /** Ends every watch as closed. */
  close(): void;
}

/** How often watched projects are read while the bus does not reach every server, in milliseconds. */
const POLL_INTERVAL_MS = 2_000;
/** How often they are compared with the store while it does, in milliseconds. */
const RECONCILE_INTERVAL_MS = 30_000;
/** Projects per read; some stores hang on more. */
const BATCH_SIZE = 50;

/** Creates a hub. It holds one timer while anything is watched. */
export function createWatchHub(options: WatchHubOptions): WatchHub {
  const {
    bus,
    read,
    readMany,
    clock,
    logger,
    busReachesAllPeers = () => true,
    onPeersChange,
    onPublished,
  } = options;
  const projects = new Map<string, ProjectWatch>();
  let conflated = 0;
  const draining = new Set<Watcher>();
  const fanOut = createFanOut(clock);
  let timer: CancelTimer | null = null;
  let polling: 'no' | 'yes' | 'and-again' = 'no';
  let closed = false;

  const busReachesAll = () => bus.state === 'connected' && busReachesAllPeers();

  function armTimer(isComplete = true): void {
    timer?.();
    timer = null;
    if (projects.size === 0 || closed) return;
    timer = clock.setTimer(
      busReachesAll() && isComplete ? RECONCILE_INTERVAL_MS : POLL_INTERVAL_MS,
      () => void pollAll(),
    );
  }

  /** Reads some projects from store and bus and publishes what is newer; false if one of both did not answer. */
  async function readBatch(batch: readonly ProjectWatch[]): Promise<boolean> {
    const ids = batch.map((project) => project.projectId);
    const readLive = async (id: string) => (bus.state === 'connected' ? bus.read(id) : null);
    const [stored, live] = await Promise.allSettled([readMany(ids), Promise.all(ids.map(readLive))]);
    batch.forEach((project, index) => {
      const onStore = stored.status === 'fulfilled' ? (stored.value.get(project.projectId) ?? null) : null;
      const onBus = live.status === 'fulfilled' ? (live.value[index] ?? null) : null;
      const isBusNewer = (onBus?.progress.revision ?? 0) > (onStore?.progress.revision ?? 0);
      const newest = isBusNewer ? onBus : onStore;
      if (newest !== null) project.reconcile(newest);
    });
    for (const outcome of [stored, live]) {
      if (outcome.status === 'fulfilled') continue;
      logger.warn({ error: String(outcome.reason), projects: ids.length }, 'reading watched projects failed');
      return false;
    }
    return true;
  }

  /** Reads everything watched, one round at a time. */
  async function pollAll(): Promise<void> {
    if (polling !== 'no') polling = 'and-again';
    if (polling !== 'no' || closed) return;
    polling = 'yes';
    const all = [...projects.values()];
    if (bus.state === 'connected') await Promise.all(all.map((project) => project.attach()));
    let isComplete = true;
    for (let start = 0; start < all.length && isComplete; start += BATCH_SIZE) {
      isComplete = await readBatch(all.slice(start, start + BATCH_SIZE));
    }
    const again = isPollRequested();
    polling = 'no';
    if (again) await pollAll();
    else armTimer(isComplete);
  }

  const isPollRequested = () => polling === 'and-again';

  const unsubscribe = bus.onStateChange((state) => {
    logger.info({ projects: projects.size }, `event bus ${state}`);
    if (state === 'connected') void pollAll();
    else armTimer();
  });
  const removePeersListener = onPeersChange?.(() => void pollAll());

  function projectOf(projectId: string): ProjectWatch {
    const known = projects.get(projectId);
    if (known !== undefined) return known;
    const project: ProjectWatch = createProjectWatch({
      projectId,
      bus,
      read,
      fanOut,
      clock,
      logger,
      draining,
      onPublished,
      onConflated: () => {
        conflated += 1;
      },
      onEmpty: () => {
        if (projects.get(projectId) === project) projects.delete(projectId);
        if (projects.size === 0) armTimer();
      },
    });
    projects.set(projectId, project);
    if (projects.size === 1) armTimer();
    return project;
  }

  return {
    watch: (target, reader) =>
      closed
        ? Promise.reject(new ProgressError('UNAVAILABLE', 'Server shutting down; retry.'))
        : projectOf(target.projectId).join(target, reader),
    latest: (projectId) => projects.get(projectId)?.latest ?? null,
    get watchedProjects() {
      return projects.size;
    },
    get watchers() {
      let count = 0;
      for (const project of projects.values()) count += project.watchers;
      return count;
    },
    get queued() {
      let count = 0;
      for (const project of projects.values()) count += project.queued;
      for (const watcher of draining) count += watcher.queued;
      return count;
    },
    get conflated() {
      return conflated;
    },
    close: () => {
      closed = true;
      unsubscribe();
      removePeersListener?.();
      timer?.();
      for (const project of [...projects.values()]) project.close();
    },
  };
}
