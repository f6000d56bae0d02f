/**
 * All that one server watches: a project's watch for each, made with its first watcher and gone with its last, and the
 * reading again of all of them where the bus does not carry. Leaves order and conflation to the watchers.
 * (invariant: outage-stays-behind)
 */
import type { EventBus, Unsubscribe } from '../bus/event-bus.js';
import type { CancelTimer, Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import type { IngestionRecord } from '../progress/record.js';
import type { Logger } from '../observability/logger.js';
import { createFanOut } from './fan-out.js';
import { createProjectWatch } from './project-watch.js';
import type { OnTold, ProjectWatch, ReadRecord } from './project-watch.js';
import type { Watch, WatchReader, Watcher } from './watcher.js';
import type { WatchTarget } from './watch-rule.js';

/** What the hub stands on. */
export interface WatchHubOptions {
  readonly bus: EventBus;
  /** Latest of live state and store. */
  readonly read: ReadRecord;
  /** Latest stored states of at most 50 projects. */
  readonly readMany: (projectIds: readonly string[]) => Promise<ReadonlyMap<string, IngestionRecord>>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** True where other servers may write to the store without this bus telling: read again as if it were away. */
  readonly isAlone?: (() => boolean) | undefined;
  /** @default tells nobody */
  readonly onTold?: OnTold | undefined;
  /** Told whenever `isAlone` answers anew. */
  readonly onAloneChange?: ((listener: () => void) => Unsubscribe) | undefined;
}

/** See the file's head. */
export interface WatchHub {
  /** Begins to watch; resolves with the snapshot waiting. */
  watch(target: WatchTarget, reader: WatchReader): Promise<Watch>;
  /** The newest state that a project's watchers were told; null where nobody watches it. */
  latest(projectId: string): IngestionRecord | null;
  readonly watchedProjects: number;
  readonly watchers: number;
  /** Events that wait to be told to watchers, or to be taken by their transport. */
  readonly waiting: number;
  /** Updates that newer ones replaced while they waited, since the start. */
  readonly conflated: number;
  /** Lets go of everything; every watch ends as closed. */
  close(): void;
}

/** How often watched projects are read again while the bus does not carry, in milliseconds. */
const REREAD_MS = 2_000;
/** How often they are compared with what is stored while it does, in milliseconds. */
const COMPARE_MS = 30_000;
/** Projects a read; some stores hang on more. */
const BATCH = 50;

/** Makes a hub. It holds one timer while anything is watched. */
export function createWatchHub(options: WatchHubOptions): WatchHub {
  const { bus, read, readMany, clock, logger, isAlone = () => true, onAloneChange, onTold } = options;
  const projects = new Map<string, ProjectWatch>();
  let conflated = 0;
  const leaving = new Set<Watcher>();
  const fanOut = createFanOut(clock);
  let timer: CancelTimer | null = null;
  let rereading: 'no' | 'yes' | 'and-again' = 'no';
  let closed = false;

  const isCarried = () => bus.state === 'connected' && isAlone();

  function arm(isComplete = true): void {
    timer?.();
    timer = null;
    if (projects.size === 0 || closed) return;
    timer = clock.setTimer(isCarried() && isComplete ? COMPARE_MS : REREAD_MS, () => void reread());
  }

  /** Reads some projects from store and bus, as far as they answer, and tells the newest; false where one did not. */
  async function readBatch(batch: readonly ProjectWatch[]): Promise<boolean> {
    const ids = batch.map((project) => project.projectId);
    const readLive = async (id: string) => (bus.state === 'connected' ? bus.read(id) : null);
    const [stored, live] = await Promise.allSettled([readMany(ids), Promise.all(ids.map(readLive))]);
    batch.forEach((project, index) => {
      const ofStore = stored.status === 'fulfilled' ? (stored.value.get(project.projectId) ?? null) : null;
      const ofBus = live.status === 'fulfilled' ? (live.value[index] ?? null) : null;
      const isBusNewer = (ofBus?.progress.revision ?? 0) > (ofStore?.progress.revision ?? 0);
      const newest = isBusNewer ? ofBus : ofStore;
      if (newest !== null) project.heal(newest);
    });
    for (const outcome of [stored, live]) {
      if (outcome.status === 'fulfilled') continue;
      logger.warn(
        { error: String(outcome.reason), projects: ids.length },
        'watched projects could not all be read again',
      );
      return false;
    }
    return true;
  }

  /** Reads everything watched again, one round at a time. */
  async function reread(): Promise<void> {
    if (rereading !== 'no') rereading = 'and-again';
    if (rereading !== 'no' || closed) return;
    rereading = 'yes';
    const all = [...projects.values()];
    if (bus.state === 'connected') await Promise.all(all.map((project) => project.attach()));
    let isComplete = true;
    for (let start = 0; start < all.length && isComplete; start += BATCH) {
      isComplete = await readBatch(all.slice(start, start + BATCH));
    }
    const again = isAskedAgain();
    rereading = 'no';
    if (again) await reread();
    else arm(isComplete);
  }

  const isAskedAgain = () => rereading === 'and-again';

  const unsubscribe = bus.onStateChange((state) => {
    logger.info({ state, projects: projects.size }, 'bus');
    if (state === 'connected') void reread();
    else arm();
  });
  const stopAsking = onAloneChange?.(() => void reread());

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
      leaving,
      onTold,
      onConflated: () => {
        conflated += 1;
      },
      onEmpty: () => {
        if (projects.get(projectId) === project) projects.delete(projectId);
        if (projects.size === 0) arm();
      },
    });
    projects.set(projectId, project);
    if (projects.size === 1) arm();
    return project;
  }

  return {
    watch: (target, reader) =>
      closed
        ? Promise.reject(new ProgressError('UNAVAILABLE', 'The server is going down.'))
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
    get waiting() {
      let count = 0;
      for (const project of projects.values()) count += project.waiting;
      for (const watcher of leaving) count += watcher.waiting;
      return count;
    },
    get conflated() {
      return conflated;
    },
    close: () => {
      closed = true;
      unsubscribe();
      stopAsking?.();
      timer?.();
      for (const project of [...projects.values()]) project.close();
    },
  };
}
