/**
 * The progress store in MongoDB, for any number of servers. Plain operations alone, so that whatever speaks its
 * protocol will do. Leaves connecting to `mongo-connection.ts` and the event log to `mongo-log.ts`.
 */
import { randomUUID } from 'node:crypto';
import type { IngestionListStatus, IngestionStatus } from '@ingestion-progress/schema';
import type { Filter } from 'mongodb';
import { ProgressError } from '../shared/errors.js';
import { silentLogger, type Logger } from '../observability/logger.js';
import { DEFAULT_MAX_LOG_ENTRIES } from './log-trimming.js';
import { connectMongo, startError, type MongoConnection } from './mongo-connection.js';
import * as documents from './mongo-documents.js';
import type { IngestionDocument, LeaseDocument } from './mongo-documents.js';
import { createMongoLog, type MongoLog } from './mongo-log.js';
import { createMongoProblems, type MongoProblems } from './mongo-problems.js';
import { decodeCursor, ingestionPosition, pageOfAll, pageOfList, parseSortKey, sortKey } from './paging.js';
import type {
  Deletion,
  Lease,
  ListPage,
  ListQuery,
  OpenPage,
  OpenQuery,
  ProgressStore,
  StoreWrite,
  WriteOutcome,
} from './progress-store.js';
import { compareNewestFirst, type ListPlace } from '../progress/list-place.js';
import { dueKeyAt } from '../progress/open-ingestion.js';
import { parseLease, readOrLog } from '../progress/record-codec.js';
import { checkBatch } from './write-guard.js';

/** Options of the MongoDB store. */
export interface MongoStoreOptions {
  /** `mongodb://…`; the database it names, else `ingestion`. */
  readonly uri: string;
  /** Told of documents that do not parse. */
  readonly logger?: Logger;
  /**
   * Log entries kept of one ingestion; the oldest updates go first.
   * @default 500
   */
  readonly maxLogEntries?: number;
  /**
   * Longest wait for a server at the start, in milliseconds; then `open` rejects with a sentence.
   * @default 5_000
   */
  readonly connectTimeoutMs?: number;
  /**
   * Longest wait for any answer, in milliseconds; then the call rejects with `UNAVAILABLE`.
   * @default 5_000
   */
  readonly callTimeoutMs?: number;
}

interface Opened {
  readonly connection: MongoConnection;
  readonly log: MongoLog;
  readonly problems: MongoProblems;
}

const statesOf = (connection: MongoConnection) =>
  connection.db().collection<IngestionDocument>('ingestion_progress');
/** Log entries that stay with the state; more than any batch of a write holds. */
const TAIL = 50;
/** Document that the health check writes; no id of a project. */
const PING_ID = '.';
/** Tries of a start whose predecessor changes under it. */
const START_TRIES = 5;
const isDuplicate = (error: unknown) => error instanceof Error && 'code' in error && error.code === 11_000;

/** What is due, by when and by whose it is, and logs past their retention. */
const STATE_INDEXES = [
  { open: 1, 'due.key': 1 },
  { open: 1, 'due.runningOwner': 1 },
  { open: 1, logDeleted: 1, updatedAt: 1 },
  { status: 1, place: -1, projectId: -1 },
] as const;
/** A project's earlier ingestions, those past their retention, and lists of many projects' and of some. */
const HISTORY_INDEXES = [
  { projectId: 1, place: -1 },
  { updatedAt: 1 },
  { status: 1, place: -1, projectId: -1 },
  { projectId: 1, status: 1, place: -1 },
] as const;
/** The states of a list. */
const STATUSES_OF = Object.freeze({
  ACTIVE: ['RUNNING'],
  FAILED: ['FAILED'],
  ENDED: ['COMPLETED', 'CANCELLED'],
} as const satisfies Record<IngestionListStatus, readonly IngestionStatus[]>);
/** In a place, before every project of the same start and id. */
const BEFORE_ALL = '\uffff';
/** Documents of an earlier version that are added to the indexes at a time. */
const MAX_ADDED = 500;
/** All that is read of a state or of an earlier ingestion, which hold the record twice. */
const RECORD = { projection: { id: 1, record: 1 } } as const;
type RecordDocument = Pick<IngestionDocument, '_id' | 'id' | 'record'>;

/** Creates a store in MongoDB. */
export function createMongoStore(options: MongoStoreOptions): ProgressStore {
  const logger = options.logger ?? silentLogger;
  const connectMs = options.connectTimeoutMs ?? 5_000;
  const callMs = options.callTimeoutMs ?? 5_000;
  let opened: Opened | null = null;

  const at = (): Opened => {
    if (opened === null) throw new ProgressError('UNAVAILABLE', 'The store is not open; await open() first.');
    return opened;
  };
  const call = <T>(task: () => Promise<T>) => at().connection.call(task);
  const log = () => at().log;
  const states = () => statesOf(at().connection);
  const history = () => at().connection.db().collection<IngestionDocument>('ingestion_progress_history');
  const leases = () => at().connection.db().collection<LeaseDocument>('ingestion_progress_leases');

  /** A write where states are written: a server whose user may only read, or that is full, answers and does no more. */
  const ping = async () => {
    const write = () =>
      states()
        .updateOne({ _id: PING_ID }, { $set: { checkedAt: new Date() } }, { upsert: true })
        // Another server made it at the same moment.
        .catch((error: unknown) => {
          if (!isDuplicate(error)) throw error;
        });
    await call(write);
  };

  const open = async () => {
    const connection = await connectMongo({ uri: options.uri, connectMs, callMs, logger });
    const maxLogEntries = options.maxLogEntries ?? DEFAULT_MAX_LOG_ENTRIES;
    opened = {
      connection,
      log: createMongoLog({ connection, statesOf, maxLogEntries, logger }),
      problems: createMongoProblems(connection, logger),
    };
    try {
      for (const keys of STATE_INDEXES) await call(() => states().createIndex(keys));
      for (const keys of HISTORY_INDEXES) await call(() => history().createIndex(keys));
      await log().createIndex();
      await opened.problems.createIndex();
      await ping();
    } catch (error) {
      opened = null;
      await connection.close();
      throw startError(options.uri, error);
    }
  };

  const outcomeOf = (document: RecordDocument | undefined): WriteOutcome => {
    if (document === undefined) return { written: false, current: null };
    const read = () => documents.recordOf(document);
    const current = readOrLog(logger, documents.documentName(document), null, read);
    return current === null ? { written: false, current, unreadable: true } : { written: false, current };
  };

  const entriesOf = (write: StoreWrite) => {
    const { projectId, id } = write.record.progress;
    return write.events.map((event) => documents.eventDocument(projectId, id, event));
  };

  const changeOf = (write: StoreWrite, mark: string) => {
    const entries = entriesOf(write);
    const tail = entries.length === 0 ? {} : { tail: { $each: entries, $slice: -TAIL } };
    return {
      $set: documents.stateFields(write.record),
      $push: { writes: { $each: [mark], $slice: -8 }, ...tail },
    };
  };

  const changeAll = async (writes: readonly StoreWrite[]): Promise<readonly WriteOutcome[]> => {
    if (writes.length === 0) return [];
    const mark = randomUUID();
    const updates = writes.map((write) => {
      const { projectId, id, revision } = write.record.progress;
      const guard = write.guard.kind === 'change-from' ? { revision: write.guard.revision } : {};
      // Two conditions on the revision, where the guard names one: it is that one, and smaller than the new.
      const filter: Filter<IngestionDocument> = {
        $and: [{ _id: projectId, id, open: true, revision: { $lt: revision } }, guard],
      };
      return { updateOne: { filter, update: changeOf(write, mark) } };
    });
    const result = await call(() => states().bulkWrite(updates, { ordered: false }));
    if (result.matchedCount === writes.length) return writes.map(() => ({ written: true }));
    const projectIds = writes.map((write) => write.record.progress.projectId);
    const found = await call(() =>
      states()
        .find({ _id: { $in: projectIds } }, { projection: { ...RECORD.projection, writes: 1 } })
        .toArray(),
    );
    const byProject = new Map(found.map((document) => [document._id, document]));
    return projectIds.map((projectId) => {
      const document = byProject.get(projectId);
      return document?.writes?.includes(mark) === true ? { written: true } : outcomeOf(document);
    });
  };

  const start = async (write: StoreWrite): Promise<WriteOutcome> => {
    const { projectId, id, revision } = write.record.progress;
    const fields = { ...documents.stateFields(write.record), writes: [randomUUID()], tail: entriesOf(write) };
    for (let attempt = 1; attempt <= START_TRIES; attempt += 1) {
      const stored = await call(() => states().findOne({ _id: projectId }));
      if (stored === null) {
        const document = { _id: projectId, ...fields };
        const insert = () =>
          states()
            .insertOne(document)
            .then(
              () => true,
              (error: unknown) => {
                if (isDuplicate(error)) return false;
                throw error;
              },
            );
        if (await call(insert)) return { written: true };
        continue;
      }
      const admitted = stored.status !== 'RUNNING' && stored.id !== id && stored.revision < revision;
      if (!admitted) return outcomeOf(stored);
      const { _id, tail: _tail, writes: _writes, ...earlier } = stored;
      await log().insertTail(projectId);
      const copyId = documents.historyId(projectId, stored.id);
      await call(() => history().replaceOne({ _id: copyId }, earlier, { upsert: true }));
      const unchanged = { _id, id: stored.id, revision: stored.revision };
      const result = await call(() => states().updateOne(unchanged, { $set: fields }));
      if (result.matchedCount === 1) return { written: true };
    }
    throw new ProgressError('UNAVAILABLE', 'The previous ingestion kept changing; retry.');
  };

  const write = async (writes: readonly StoreWrite[]): Promise<readonly WriteOutcome[]> => {
    const changes = writes.filter((one) => one.guard.kind !== 'start');
    const starts = writes.filter((one) => one.guard.kind === 'start');
    const [changed, started] = await Promise.all([changeAll(changes), Promise.all(starts.map(start))]);
    const outcomes = new Map<StoreWrite, WriteOutcome>();
    for (const [index, one] of changes.entries()) outcomes.set(one, changed[index] ?? outcomeOf(undefined));
    for (const [index, one] of starts.entries()) outcomes.set(one, started[index] ?? outcomeOf(undefined));
    const logged = writes.filter((one) => outcomes.get(one)?.written === true);
    log().insertSoon(logged.flatMap(entriesOf));
    return writes.map((one) => outcomes.get(one) ?? outcomeOf(undefined));
  };

  const readable = (found: readonly RecordDocument[]) =>
    found.flatMap((document) =>
      readOrLog(logger, documents.documentName(document), [], () => [documents.recordOf(document)]),
    );

  const deleteBefore = async (cutoffMs: number, limit: number): Promise<Deletion> => {
    const old = { updatedAt: { $lt: new Date(cutoffMs) } };
    const names = { projection: { projectId: 1, id: 1 }, limit };
    const found = await call(() => history().find(old, names).toArray());
    if (found.length > 0) {
      await log().delete(found);
      await at().problems.delete(found);
      await call(() => history().deleteMany({ _id: { $in: found.map(({ _id }) => _id) } }));
    }
    const withLog = { ...old, open: false, logDeleted: false };
    const ended = await call(() => states().find(withLog, names).toArray());
    if (ended.length > 0) {
      await log().delete(ended);
      await at().problems.delete(ended);
      const which = { ...withLog, _id: { $in: ended.map(({ _id }) => _id) } };
      await call(() => states().updateMany(which, { $set: { logDeleted: true, tail: [] } }));
    }
    const dead = (await listLeases()).filter(({ renewedAt, ttlMs }) => renewedAt + ttlMs < cutoffMs);
    const _id = { $in: dead.map(({ serverId }) => serverId) };
    if (dead.length > 0) await call(() => leases().deleteMany({ _id }));
    return { deleted: found.length, hasMore: found.length === limit || ended.length === limit };
  };

  const listLeases = async (): Promise<readonly Lease[]> => {
    const found = await call(() => leases().find().toArray());
    const read: Lease[] = [];
    for (const { _id, renewedAt, ttlMs } of found) {
      const what = `lease ${_id}`;
      const text = JSON.stringify({ serverId: _id, renewedAt, ttlMs });
      const lease = readOrLog(logger, what, null, () => parseLease(text, what));
      if (lease === null) await call(() => leases().deleteOne({ _id }));
      else read.push(lease);
    }
    return read;
  };

  /** Adds what finds an open ingestion to documents that a server of version 0.1.0 wrote. */
  const addDue = async () => {
    const without = { open: true, 'due.key': null };
    const found = await call(() =>
      states()
        .find(without, { ...RECORD, limit: MAX_ADDED })
        .toArray(),
    );
    const updates = found.flatMap((document) =>
      readable([document]).map((record) => ({
        updateOne: {
          filter: { _id: document._id, record: document.record },
          update: { $set: { due: documents.dueFields(record) } },
        },
      })),
    );
    if (updates.length > 0) await call(() => states().bulkWrite(updates, { ordered: false }));
  };

  const listOpen = async (query: OpenQuery, limit: number): Promise<OpenPage> => {
    const which: Filter<IngestionDocument> =
      query.list === 'owned'
        ? { open: true, 'due.runningOwner': { $nin: [null, ...query.exceptBy] } }
        : {
            open: true,
            'due.key': {
              $gt: query.after ?? dueKeyAt(query.list, 0),
              $lt: dueKeyAt(query.list, query.before),
            },
          };
    // Once a tick, of one list.
    if (query.list === 'owned') await addDue();
    const found = await call(() =>
      states()
        .find(which, { projection: { due: 1 }, limit })
        .sort(query.list === 'owned' ? {} : { 'due.key': 1 })
        .toArray(),
    );
    const due = found.flatMap((document) => document.due ?? []);
    const isLast = query.list === 'owned' || found.length < limit;
    return {
      items: due.map(({ key: _key, runningOwner: _owner, ...open }) => open),
      next: isLast ? null : (due.at(-1)?.key ?? null),
    };
  };

  /** Without the copies that a start leaves if it is refused at the last moment, of what is still the latest. */
  const withoutCopies = async (earlier: readonly RecordDocument[]) => {
    const records = readable(earlier);
    const _id = { $in: records.map(({ progress }) => progress.projectId) };
    const latest = await call(() =>
      states()
        .find({ _id }, { projection: { id: 1 } })
        .toArray(),
    );
    const latestIds = new Map(latest.map((document) => [document._id, document.id]));
    return records.filter(({ progress }) => latestIds.get(progress.projectId) !== progress.id);
  };

  const listByStatus = async (query: ListQuery, limit: number): Promise<ListPage> => {
    const { status, projectIds, startedSince, after } = query;
    const since = startedSince === null ? {} : { $gte: sortKey({ order: startedSince, then: 0, id: '' }) };
    // Of some projects those of one place come in any order, and are at most as many as the projects.
    const most = projectIds === null ? limit + 1 : Math.max(limit, projectIds.length) + 1;
    const find = (collection: ReturnType<typeof states>, idField: '_id' | 'projectId') => {
      const those = {
        ...(projectIds === null ? {} : { [idField]: { $in: [...projectIds] } }),
        status: { $in: [...STATUSES_OF[status]] },
      };
      let filter: Filter<IngestionDocument> = startedSince === null ? those : { ...those, place: since };
      if (after !== null) {
        const place = sortKey(ingestionPosition(after));
        const others =
          projectIds === null
            ? { projectId: { $lt: after.projectId } }
            : { [idField]: { $in: projectIds.filter((id) => id < after.projectId) } };
        filter = {
          $or: [
            { ...those, place: { ...since, $lt: place } },
            { ...those, place, ...others },
          ],
        };
      }
      return call(() =>
        collection
          .find(filter, { projection: { ...RECORD.projection, projectId: 1, place: 1 } })
          .sort(projectIds === null ? { place: -1, projectId: -1 } : { place: -1 })
          .limit(most)
          .toArray(),
      );
    };
    const latest = await find(states(), '_id');
    // What runs is its project's latest.
    const earlier = status === 'ACTIVE' ? [] : await find(history(), 'projectId');
    const past = earlier.length === 0 ? [] : await withoutCopies(earlier);
    // Of a full answer more may follow, which goes before what the other one has behind that place.
    const [end] = [latest, earlier]
      .flatMap((found) => (found.length === most ? (found.at(-1) ?? []) : []))
      .map(({ place, projectId }): ListPlace => {
        const { order = 0, id = '' } = parseSortKey(place) ?? {};
        return { startedAt: order, id, projectId: projectIds === null ? projectId : BEFORE_ALL };
      })
      .sort(compareNewestFirst);
    const known = [...readable(latest), ...past].filter(
      ({ progress }) => end === undefined || compareNewestFirst(progress, end) <= 0,
    );
    const page = pageOfList(known, query, limit);
    return { ...page, next: page.next ?? end ?? null };
  };

  return {
    name: 'mongodb',
    exclusive: false,
    open: async () => {
      if (opened === null) await open();
    },
    close: async () => {
      const closing = opened;
      await closing?.log.settled();
      opened = null;
      await closing?.connection.close();
    },
    ping,
    readTime: async () => {
      const { localTime } = await call(() => at().connection.db().command({ hello: 1 }));
      return localTime instanceof Date ? localTime.getTime() : null;
    },

    read: async (projectId) => {
      const document = await call(() => states().findOne({ _id: projectId }, RECORD));
      return document === null ? null : documents.recordOf(document);
    },
    readMany: async (projectIds) => {
      checkBatch(projectIds);
      const found = await call(() =>
        states()
          .find({ _id: { $in: [...projectIds] } }, RECORD)
          .toArray(),
      );
      return new Map(readable(found).map((record) => [record.progress.projectId, record]));
    },
    readIngestion: async (projectId, ingestionId) => {
      const latest = await call(() => states().findOne({ _id: projectId, id: ingestionId }, RECORD));
      const _id = documents.historyId(projectId, ingestionId);
      const document = latest ?? (await call(() => history().findOne({ _id }, RECORD)));
      return document === null ? null : documents.recordOf(document);
    },
    listIngestions: async (projectId, page) => {
      const place = page.after === null ? {} : { place: { $lt: sortKey(decodeCursor(page.after)) } };
      const latest = await call(() =>
        states()
          .find({ _id: projectId, ...place }, RECORD)
          .toArray(),
      );
      const earlier = await call(() =>
        history()
          .find({ projectId, ...place }, RECORD)
          .sort({ place: -1 })
          .limit(page.first + 1)
          .toArray(),
      );
      // A start that was refused at the last moment leaves a copy of what is still the latest.
      const past = earlier.filter((document) => document.id !== latest[0]?.id);
      return pageOfAll(
        readable([...latest, ...past]),
        page,
        (record) => ingestionPosition(record.progress),
        'falling',
      );
    },
    listByStatus: async (query, limit) => {
      checkBatch(query.projectIds ?? []);
      return listByStatus(query, limit);
    },
    listEvents: (projectId, ingestionId, page) => log().list(projectId, ingestionId, page),

    write: async (writes) => {
      checkBatch(writes.map((one) => one.record.progress.projectId));
      return write(writes);
    },
    appendEvents: (projectId, ingestionId, events) => log().append(projectId, ingestionId, events),

    appendProblems: async (...args) => at().problems.appendProblems(...args),
    listProblems: async (...args) => at().problems.listProblems(...args),

    listOpen,

    renewLease: async ({ serverId, renewedAt, ttlMs }) => {
      const fields = { renewedAt, ttlMs };
      await call(() => leases().replaceOne({ _id: serverId }, fields, { upsert: true }));
    },
    listLeases,
    dropLease: async (serverId) => {
      await call(() => leases().deleteOne({ _id: serverId }));
    },

    deleteBefore,
  };
}
