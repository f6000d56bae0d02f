/**
 * The event log in MongoDB. Entries are written in one with the state, at the tail of the state's own document, and
 * inserted into the log afterwards, so that neither is ever without the other and no caller waits for the log. What a
 * crash kept out of the log comes in from the tail when somebody asks for it. Leaves states to the store.
 */
import type { Collection, MongoBulkWriteError } from 'mongodb';
import type { RecordedEvent } from '@ingestion-progress/schema';
import type { Logger } from '../observability/logger.js';
import type { MongoConnection } from './mongo-connection.js';
import { createTrimSchedule, entriesToDrop, rankOf } from './log-trimming.js';
import { eventDocument, eventOf, type EventDocument, type IngestionDocument } from './mongo-documents.js';
import { decodeCursor, eventPosition, pageOf, sortKey } from './paging.js';
import type { Page, PageRequest } from './progress-store.js';
import { readOrLog } from '../progress/record-codec.js';
import { MAX_BATCH } from './write-guard.js';

/** The log of a store. */
export interface MongoLog {
  /** Creates the index for listing. */
  createIndex(): Promise<void>;
  /** Inserts entries that stand with a state already, in the background. */
  insertSoon(documents: readonly EventDocument[]): void;
  /** Resolves once everything given to `insertSoon` is inserted, or its insertion failed. */
  settled(): Promise<void>;
  /** Inserts what stands at the tail of the project's state and may never have reached the log. */
  insertTail(projectId: string): Promise<void>;
  append(projectId: string, ingestionId: string, events: readonly RecordedEvent[]): Promise<void>;
  list(projectId: string, ingestionId: string, page: PageRequest): Promise<Page<RecordedEvent>>;
  /** Deletes the logs of these ingestions, which are at least one. */
  delete(ingestions: readonly { readonly projectId: string; readonly id: string }[]): Promise<void>;
}

/** Options of the log. */
export interface MongoLogOptions {
  readonly connection: MongoConnection;
  readonly statesOf: (connection: MongoConnection) => Collection<IngestionDocument>;
  readonly maxLogEntries: number;
  readonly logger: Logger;
}

function inBatches<T>(items: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / MAX_BATCH);
  return Array.from({ length: count }, (_, index) => items.slice(index * MAX_BATCH, (index + 1) * MAX_BATCH));
}

/** Entries queued in memory for the log at most. */
const MAX_QUEUED = 5_000;

const isBulkError = (error: unknown): error is MongoBulkWriteError =>
  error instanceof Error && 'writeErrors' in error;

/** An entry that is in the log already is what was wanted. */
function unlessDuplicates(error: unknown): void {
  const codes = isBulkError(error) ? [error.writeErrors].flat().map(({ code }) => code) : [];
  if (codes.length === 0 || codes.some((code) => code !== 11_000)) throw error;
}

/** Creates the log over its collections. */
export function createMongoLog(options: MongoLogOptions): MongoLog {
  const { connection, statesOf, maxLogEntries, logger } = options;
  const { call } = connection;
  const states = () => statesOf(connection);
  const events = () => connection.db().collection<EventDocument>('ingestion_progress_events');
  const trimSchedule = createTrimSchedule(maxLogEntries);
  let queue: readonly EventDocument[] = [];
  let inserting: Promise<void> | null = null;
  /** The batch of `inserting` that is under way. */
  let batchUnderWay: Promise<boolean> = Promise.resolve(true);

  const insert = async (documents: readonly EventDocument[]) => {
    for (const batch of inBatches(documents)) {
      await call(() => events().insertMany(batch, { ordered: false }).catch(unlessDuplicates));
    }
  };

  const trim = async (projectId: string, ingestionId: string) => {
    const filter = { projectId, ingestionId };
    const count = await call(() => events().countDocuments(filter));
    trimSchedule.recordRoom(projectId, ingestionId, maxLogEntries - count);
    if (count <= maxLogEntries) return;
    const entries = await call(() =>
      events()
        .find(filter, { projection: { type: 1 } })
        .sort({ place: 1 })
        // Of a log that is longer, since its limit was lowered, the rest goes at the next entries.
        .limit(maxLogEntries + MAX_QUEUED)
        .toArray(),
    );
    const ranked = entries.map(({ _id, type }) => ({ _id, rank: rankOf(type) }));
    const dropped = entriesToDrop(ranked, maxLogEntries).map(({ _id }) => _id);
    for (const batch of inBatches(dropped))
      await call(() => events().deleteMany({ _id: { $in: [...batch] } }));
    trimSchedule.recordRoom(projectId, ingestionId, maxLogEntries - count + dropped.length);
  };

  const trimAll = async (documents: readonly EventDocument[]) => {
    for (const { projectId, ingestionId } of trimSchedule.recordInserted(documents))
      await trim(projectId, ingestionId);
  };

  /** A bounded number, since the tails in the states have them too. */
  const enqueue = (documents: readonly EventDocument[]) => {
    queue = documents.slice(-MAX_QUEUED);
  };

  /** False where it could not be inserted, and is kept for the next time. */
  const insertBatch = async (batch: readonly EventDocument[]): Promise<boolean> => {
    try {
      await insert(batch);
      await trimAll(batch);
      return true;
    } catch (error) {
      enqueue([...batch, ...queue]);
      logger.warn({ entries: batch.length, error: String(error) }, 'log entries not inserted yet; retrying');
      return false;
    }
  };

  const insertQueued = async () => {
    let isInserted = true;
    while (isInserted && queue.length > 0) {
      const batch = queue;
      queue = [];
      batchUnderWay = insertBatch(batch);
      isInserted = await batchUnderWay;
    }
    inserting = null;
  };

  /** Waits for what is queued by now, not for what is queued meanwhile: under load that never ends. */
  const caughtUp = async () => {
    await batchUnderWay;
    await batchUnderWay;
  };

  const insertTail = async (projectId: string) => {
    const state = await call(() => states().findOne({ _id: projectId }, { projection: { tail: 1 } }));
    const tail = state?.tail ?? [];
    if (tail.length === 0) return;
    const ids = tail.map(({ _id }) => _id);
    const found = await call(() =>
      events()
        .find({ _id: { $in: ids } }, { projection: { _id: 1 } })
        .toArray(),
    );
    const known = new Set(found.map(({ _id }) => _id));
    const absent = tail.filter(({ _id }) => !known.has(_id));
    await insert(absent);
    await trimAll(absent);
  };

  return {
    createIndex: async () => {
      await call(() => events().createIndex({ projectId: 1, ingestionId: 1, place: 1 }));
    },
    insertSoon: (documents) => {
      enqueue([...queue, ...documents]);
      if (queue.length > 0) inserting ??= insertQueued();
    },
    settled: async () => {
      await inserting;
    },
    insertTail,
    append: async (projectId, ingestionId, entries) => {
      const documents = entries.map((event) => eventDocument(projectId, ingestionId, event));
      await insert(documents);
      await trimAll(documents);
    },
    list: async (projectId, ingestionId, page) => {
      await caughtUp();
      await insertTail(projectId);
      const after = page.after === null ? {} : { place: { $gt: sortKey(decodeCursor(page.after)) } };
      const found = await call(() =>
        events()
          .find({ projectId, ingestionId, ...after }, { projection: { entry: 1 } })
          .sort({ place: 1 })
          .limit(page.first + 1)
          .toArray(),
      );
      const entries = found.flatMap((document) =>
        readOrLog(logger, document._id, [], () => [eventOf(document)]),
      );
      return { ...pageOf(entries, page.first, eventPosition), hasNextPage: found.length > page.first };
    },
    delete: async (ingestions) => {
      await caughtUp();
      const $or = ingestions.map(({ projectId, id }) => ({ projectId, ingestionId: id }));
      await call(() => events().deleteMany({ $or }));
    },
  };
}
