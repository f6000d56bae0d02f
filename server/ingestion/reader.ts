/** Reads for watchers and pollers: the latest of live state, bus and store, one read per project however many ask. */
import { isEnded, type IngestionProgress } from '@ingestion-progress/schema';
import type { EventBus } from '../bus/event-bus.js';
import type { IngestionRecord } from '../progress/record.js';
import type { Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import { withTimeout } from '../shared/sleep.js';
import type { Page, PageRequest, ProgressStore } from '../store/progress-store.js';

/** Options of the reader. */
export interface ReaderOptions {
  readonly store: ProgressStore;
  readonly bus: EventBus;
  readonly clock: Clock;
  /** How long store and bus may take before the live state has to do, in milliseconds. */
  readonly readTimeoutMs: number;
  readonly hasPeers: () => boolean;
  /** The state that this server holds of a project. */
  readonly live: (projectId: string) => IngestionRecord | null;
  /** Shows what stopped servers kept; to be awaited before the store is read. (invariant: kept-at-stop) */
  readonly recall: () => Promise<void> | undefined;
  /** Stores a state that the bus has, and the store should have had for long. */
  readonly storeOrphan: (record: IngestionRecord) => void;
}

/**
 * Age from which a state that is on the bus and not in the store counts as an orphan, in milliseconds: the server that
 * committed it stores it within seconds, unless it was killed before.
 */
const ORPHANED_AFTER_MS = 15_000;

/** Reads states. */
export interface Reader {
  read(projectId: string, ingestionId?: string | null): Promise<IngestionRecord | null>;
  ingestions(projectId: string, page: PageRequest): Promise<Page<IngestionProgress>>;
  /** The state that this server holds of an ingestion if it is newer than the stored one. */
  newest(stored: IngestionRecord): IngestionRecord;
}

/** One read of a project, shared by all who asked before it began. (invariant: one-upstream-per-project) */
interface SharedRead {
  hasBegun: boolean;
  result: Promise<IngestionRecord | null>;
}

/** Creates a reader. */
export function createReader(options: ReaderOptions): Reader {
  const { store, bus, clock, readTimeoutMs, hasPeers, live, recall, storeOrphan } = options;
  const reads = new Map<string, SharedRead>();

  const inTime = <T>(reading: Promise<T>): Promise<T> =>
    withTimeout(
      clock,
      reading,
      readTimeoutMs,
      () => new ProgressError('UNAVAILABLE', 'The store did not answer in time.'),
    );

  const readLatest = async (projectId: string): Promise<IngestionRecord | null> => {
    await recall();
    const [fromBus, stored] = await Promise.allSettled([
      inTime(bus.read(projectId)),
      inTime(store.read(projectId)),
    ]);
    const unstored = newer(live(projectId), fromBus.status === 'fulfilled' ? fromBus.value : null);
    if (stored.status === 'rejected') {
      const isUnreadable = stored.reason instanceof ProgressError && stored.reason.code !== 'UNAVAILABLE';
      if (unstored === null || isUnreadable) throw stored.reason;
      return unstored;
    }
    const newest = newerOrEnded(unstored, stored.value);
    const isUnstored = newest !== null && newest !== stored.value;
    const isSame = newest?.progress.id === stored.value?.progress.id;
    if (isUnstored && isSame && clock.now() - newest.progress.updatedAt > ORPHANED_AFTER_MS)
      storeOrphan(newest);
    return newest;
  };

  const latest = (projectId: string): Promise<IngestionRecord | null> => {
    const held = live(projectId);
    // If this server is alone, its own state is never older than the stored one.
    if (held !== null && !bus.sharedBetweenServers && !hasPeers()) return Promise.resolve(held);
    // A read already in flight may predate the subscription; join the next one instead. (invariant: subscribe-before-read)
    const current = reads.get(projectId);
    if (current !== undefined && !current.hasBegun) return current.result;
    const read: SharedRead = { hasBegun: false, result: Promise.resolve(null) };
    read.result = (current?.result ?? Promise.resolve(null))
      .catch(() => null)
      .then(() => {
        read.hasBegun = true;
        return readLatest(projectId);
      })
      .finally(() => {
        if (reads.get(projectId) === read) reads.delete(projectId);
      });
    reads.set(projectId, read);
    return read.result;
  };

  const newest = (stored: IngestionRecord): IngestionRecord => {
    const held = live(stored.progress.projectId);
    if (held?.progress.id !== stored.progress.id) return stored;
    return newerOrEnded(held, stored) ?? stored;
  };

  return {
    newest,
    read: async (projectId, ingestionId) => {
      const newest = await latest(projectId);
      if (ingestionId === undefined || ingestionId === null || newest?.progress.id === ingestionId)
        return newest;
      return inTime(store.readIngestion(projectId, ingestionId));
    },
    ingestions: async (projectId, page) => {
      const { items, hasNextPage } = await store.listIngestions(projectId, page);
      const nodes = items.map(({ cursor, node }) => ({ cursor, node: newest(node).progress }));
      return { items: nodes, hasNextPage };
    },
  };
}

function newer(a: IngestionRecord | null, b: IngestionRecord | null): IngestionRecord | null {
  if (a === null || b === null) return a ?? b;
  return a.progress.revision >= b.progress.revision ? a : b;
}

/** The newer of both, except that a stored ending prevails over unstored updates of its ingestion. */
function newerOrEnded(
  unstored: IngestionRecord | null,
  stored: IngestionRecord | null,
): IngestionRecord | null {
  const newest = newer(unstored, stored);
  if (unstored === null || stored === null || newest === stored) return newest;
  const isSameIngestion = unstored.progress.id === stored.progress.id;
  return isSameIngestion && isEnded(stored.progress) && !isEnded(unstored.progress) ? stored : newest;
}
