/**
 * The event log in MongoDB. Entries are written in one with the state, into the state's own document, and moved from
 * there into the log afterwards, so that neither is ever without the other and nobody waits for the move.
 */
import type { Collection } from 'mongodb';
import type { RecordedEvent } from '@ingestion-progress/schema';
import type { Logger } from '../observability/logger.js';
import { entriesToDrop } from './event-bound.js';
import { eventDocument, eventOf, type EventDocument, type IngestionDocument } from './mongo-documents.js';
import { decodeCursor, eventPlace, pageOf, sortKey } from './paging.js';
import type { Page, PageRequest } from './progress-store.js';
import { orLogged } from './record-codec.js';
import { MOST_PER_BATCH } from './write-guard.js';

/** The log of a store. */
export interface MongoLog {
  /** Moves what was written with these projects' states, in the background. */
  moveSoon(projectIds: readonly string[]): void;
  /** Resolves when what `moveSoon` was told is moved, or could not be. */
  settled(): Promise<void>;
  append(projectId: string, ingestionId: string, events: readonly RecordedEvent[]): Promise<void>;
  list(projectId: string, ingestionId: string, page: PageRequest): Promise<Page<RecordedEvent>>;
  delete(projectId: string, ingestionId: string): Promise<void>;
}

/** What the log stands on. */
export interface MongoLogOptions {
  readonly states: Collection<IngestionDocument>;
  readonly events: Collection<EventDocument>;
  readonly eventsPerIngestion: number;
  readonly logger: Logger;
  /** Runs one exchange with the server under the store's deadline. */
  readonly call: <T>(task: () => Promise<T>) => Promise<T>;
}

function inBatches<T>(items: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / MOST_PER_BATCH);
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * MOST_PER_BATCH, (index + 1) * MOST_PER_BATCH),
  );
}

/** Makes the log over its collections. */
export function createMongoLog({
  states,
  events,
  eventsPerIngestion,
  logger,
  call,
}: MongoLogOptions): MongoLog {
  const waiting = new Set<string>();
  let moving: Promise<void> | null = null;

  const insert = async (documents: readonly EventDocument[]) => {
    for (const batch of inBatches(documents)) {
      const upserts = batch.map(({ _id, ...fields }) => ({
        updateOne: { filter: { _id }, update: { $setOnInsert: fields }, upsert: true },
      }));
      await call(() => events.bulkWrite(upserts, { ordered: false }));
    }
  };

  const trim = async (projectId: string, ingestionId: string) => {
    const filter = { projectId, ingestionId };
    const count = await call(() => events.countDocuments(filter));
    if (count <= eventsPerIngestion) return;
    const entries = await call(() =>
      events
        .find(filter, { projection: { type: 1 } })
        .sort({ place: 1 })
        .toArray(),
    );
    const dropped = entriesToDrop(entries, eventsPerIngestion).map(({ _id }) => _id);
    for (const batch of inBatches(dropped)) await call(() => events.deleteMany({ _id: { $in: [...batch] } }));
  };

  const trimAll = async (documents: readonly EventDocument[]) => {
    const touched = new Map(
      documents.map((document) => [`${document.projectId}!${document.ingestionId}`, document]),
    );
    for (const { projectId, ingestionId } of touched.values()) await trim(projectId, ingestionId);
  };

  const move = async (projectIds: readonly string[]) => {
    const found = await call(() =>
      states
        .find(
          { _id: { $in: [...projectIds] }, 'unlogged.0': { $exists: true } },
          { projection: { unlogged: 1, revision: 1 } },
        )
        .toArray(),
    );
    if (found.length === 0) return;
    const documents = found.flatMap((state) => state.unlogged ?? []);
    await insert(documents);
    // Whoever wrote since has another revision, and moves what is there then.
    const clear = found.map(({ _id, revision }) => ({
      updateOne: { filter: { _id, revision }, update: { $set: { unlogged: [] } } },
    }));
    await call(() => states.bulkWrite(clear, { ordered: false }));
    await trimAll(documents);
  };

  const moveAll = async () => {
    while (waiting.size > 0) {
      const batch = [...waiting].slice(0, MOST_PER_BATCH);
      for (const projectId of batch) waiting.delete(projectId);
      try {
        await move(batch);
      } catch (error) {
        // Nothing is lost: the entries stay with the state until its next write, or until somebody asks for the log.
        logger.warn({ projectIds: batch, error: String(error) }, 'log entries could not be moved yet');
      }
    }
    moving = null;
  };

  return {
    moveSoon: (projectIds) => {
      for (const projectId of projectIds) waiting.add(projectId);
      if (waiting.size > 0) moving ??= moveAll();
    },
    settled: async () => {
      await moving;
    },
    append: async (projectId, ingestionId, entries) => {
      const documents = entries.map((event) => eventDocument(projectId, ingestionId, event));
      await insert(documents);
      await trimAll(documents);
    },
    list: async (projectId, ingestionId, page) => {
      await move([projectId]);
      const after = page.after === null ? {} : { place: { $gt: sortKey(decodeCursor(page.after)) } };
      const found = await call(() =>
        events
          .find({ projectId, ingestionId, ...after })
          .sort({ place: 1 })
          .limit(page.first + 1)
          .toArray(),
      );
      const entries = found.flatMap((document) =>
        orLogged(logger, document._id, [], () => [eventOf(document)]),
      );
      return { ...pageOf(entries, page.first, eventPlace), hasNextPage: found.length > page.first };
    },
    delete: async (projectId, ingestionId) => {
      await call(() => events.deleteMany({ projectId, ingestionId }));
    },
  };
}
