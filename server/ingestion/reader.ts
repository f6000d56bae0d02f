/** Reads for watchers and pollers: the latest of live state, bus and store, one flight per project however many ask. */
import type { IngestionProgress } from '@ingestion-progress/schema';
import { isEnded } from '@ingestion-progress/schema';
import type { EventBus } from '../bus/event-bus.js';
import type { Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import type { Page, PageRequest, ProgressStore } from '../store/progress-store.js';
import type { IngestionRecord } from '../progress/record.js';

/** Options of the reader. */
export interface ReaderOptions {
  readonly store: ProgressStore;
  readonly bus: EventBus;
  readonly clock: Clock;
  /** How long the store may take before the live state has to do, in milliseconds. */
  readonly readDeadlineMs: number;
  readonly othersStand: () => boolean;
  /** The state that this server holds of a project. */
  readonly live: (projectId: string) => IngestionRecord | null;
}

/** Reads states. */
export interface Reader {
  read(projectId: string, ingestionId?: string | null): Promise<IngestionRecord | null>;
  ingestions(projectId: string, page: PageRequest): Promise<Page<IngestionProgress>>;
}

/** One read of a project, shared by all who asked before it began. (invariant: one-upstream-per-project) */
interface Flight {
  hasTakenOff: boolean;
  landing: Promise<IngestionRecord | null>;
}

/** Makes a reader. */
export function createReader({
  store,
  bus,
  clock,
  readDeadlineMs,
  othersStand,
  live,
}: ReaderOptions): Reader {
  const flights = new Map<string, Flight>();

  const withDeadline = <T>(reading: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const stop = clock.setTimer(readDeadlineMs, () =>
        reject(new ProgressError('UNAVAILABLE', 'The store took too long to answer.')),
      );
      reading.then(resolve, reject).finally(stop);
    });

  const readLatest = async (projectId: string): Promise<IngestionRecord | null> => {
    const [onBus, stored] = await Promise.allSettled([
      withDeadline(bus.read(projectId)),
      withDeadline(store.read(projectId)),
    ]);
    const held = live(projectId);
    const heard = onBus.status === 'fulfilled' ? onBus.value : null;
    const marks = newer(held, heard);
    if (stored.status === 'rejected') {
      const isUnreadable = stored.reason instanceof ProgressError && stored.reason.code !== 'UNAVAILABLE';
      if (marks === null || isUnreadable) throw stored.reason;
      return marks;
    }
    return overruled(marks, stored.value);
  };

  const latest = (projectId: string): Promise<IngestionRecord | null> => {
    const held = live(projectId);
    // Alone, what this server holds is never older than what it stored.
    if (held !== null && bus.kind === 'memory' && !othersStand()) return Promise.resolve(held);
    // A read already in flight may predate the subscription; join the next one instead. (invariant: subscribe-before-read)
    const flying = flights.get(projectId);
    if (flying !== undefined && !flying.hasTakenOff) return flying.landing;
    const flight: Flight = { hasTakenOff: false, landing: Promise.resolve(null) };
    flight.landing = (flying?.landing ?? Promise.resolve(null))
      .catch(() => null)
      .then(() => {
        flight.hasTakenOff = true;
        return readLatest(projectId);
      })
      .finally(() => {
        if (flights.get(projectId) === flight) flights.delete(projectId);
      });
    flights.set(projectId, flight);
    return flight.landing;
  };

  return {
    read: async (projectId, ingestionId) => {
      const newest = await latest(projectId);
      if (ingestionId === undefined || ingestionId === null || newest?.progress.id === ingestionId)
        return newest;
      return withDeadline(store.readIngestion(projectId, ingestionId));
    },
    ingestions: async (projectId, page) => {
      const { items, hasNextPage } = await store.listIngestions(projectId, page);
      const held = live(projectId);
      const nodes = items.map(({ cursor, node }) => {
        const isHeld = held?.progress.id === node.progress.id;
        const shown = isHeld ? (overruled(held, node) ?? node) : node;
        return { cursor, node: shown.progress };
      });
      return { items: nodes, hasNextPage };
    },
  };
}

function newer(a: IngestionRecord | null, b: IngestionRecord | null): IngestionRecord | null {
  if (a === null || b === null) return a ?? b;
  return a.progress.revision >= b.progress.revision ? a : b;
}

/** The newer of both, but that a stored ending stands above marks of its ingestion that were never stored. */
function overruled(marks: IngestionRecord | null, stored: IngestionRecord | null): IngestionRecord | null {
  const newest = newer(marks, stored);
  if (marks === null || stored === null || newest === stored) return newest;
  const sameIngestion = marks.progress.id === stored.progress.id;
  return sameIngestion && isEnded(stored.progress) && !isEnded(marks.progress) ? stored : newest;
}
