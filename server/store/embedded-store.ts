/**
 * The progress store in LevelDB under DATA_DIR, for one process alone. What is acknowledged is on disk. Leaves opening
 * to `embedded-files.ts`, the layout to `embedded-keys.ts`, and the guard to `write-guard.ts`.
 */
import { isEnded, type RecordedEvent } from '@ingestion-progress/schema';
import { createBoundedMap } from '../shared/bounded-map.js';
import { ProgressError } from '../shared/errors.js';
import type { IngestionRecord } from '../progress/record.js';
import { silentLogger, type Logger } from '../observability/logger.js';
import { openLevel, type Level } from './embedded-files.js';
import * as keys from './embedded-keys.js';
import { createEmbeddedProblems } from './embedded-problems.js';
import { createEmbeddedIndex, del, put, type Operation } from './embedded-index.js';
import { DEFAULT_MAX_LOG_ENTRIES, createTrimSchedule, entriesToDrop } from './log-trimming.js';
import { decodeCursor, encodeCursor, eventPosition, pageOf, sortKey } from './paging.js';
import type { Deletion, Lease, ProgressStore, StoreWrite, WriteOutcome } from './progress-store.js';
import {
  readOrLog,
  parseEvent,
  parseLease,
  parseRecord,
  serializeEvent,
  serializeRecord,
} from '../progress/record-codec.js';
import { admits, checkBatch } from './write-guard.js';

/** Options of the embedded store. */
export interface EmbeddedStoreOptions {
  /** Directory that it may write; it makes `progress` in it. */
  readonly dataDir: string;
  /** Told of documents that do not parse. */
  readonly logger?: Logger;
  /**
   * Log entries kept of one ingestion; the oldest updates go first.
   * @default 500
   */
  readonly maxLogEntries?: number;
}

/** Projects whose last written record is cached beside its text. */
const MAX_CACHED_RECORDS = 1_000;
const latestName = (projectId: string) => `latest ingestion of project ${projectId}`;

/** Creates a store in files of this machine. */
export function createEmbeddedStore(options: EmbeddedStoreOptions): ProgressStore {
  const logger = options.logger ?? silentLogger;
  const maxLogEntries = options.maxLogEntries ?? DEFAULT_MAX_LOG_ENTRIES;
  let level: Level | null = null;
  let lastWrite: Promise<unknown> = Promise.resolve();
  const trimSchedule = createTrimSchedule(maxLogEntries);
  /** The last written records by project: if the stored text is unchanged it is valid and needs no parsing. */
  const written = createBoundedMap<{ readonly text: string; readonly record: IngestionRecord }>({
    maxEntries: MAX_CACHED_RECORDS,
  });

  const db = (): Level => {
    if (level === null) throw new ProgressError('UNAVAILABLE', 'The store is not open; await open() first.');
    return level;
  };

  /** Turns what the driver throws into the port's error. */
  const guarded = async <T>(task: () => Promise<T>): Promise<T> => {
    try {
      return await task();
    } catch (error) {
      if (error instanceof ProgressError || error instanceof RangeError) throw error;
      throw new ProgressError('UNAVAILABLE', 'Embedded store unavailable; check its disk.', {
        cause: error,
      });
    }
  };

  /** One after the other, so that nothing changes between the guard and the write. */
  const inOrder = <T>(task: () => Promise<T>): Promise<T> => {
    const result = lastWrite.then(() => guarded(task));
    lastWrite = result.catch(() => undefined);
    return result;
  };

  const index = createEmbeddedIndex({ db, inOrder, logger });
  const problems = createEmbeddedProblems({ db, logger });

  /** Puts these entries, and deletes what no longer fits beside them. */
  const logOperations = async (projectId: string, ingestionId: string, events: readonly RecordedEvent[]) => {
    const values = new Map(
      events.map((event) => [keys.eventKey(projectId, ingestionId, event), serializeEvent(event)]),
    );
    const added = events.map(() => ({ projectId, ingestionId }));
    if (trimSchedule.recordInserted(added).length === 0)
      return [...values].map(([key, value]) => put(key, value));
    const stored = await db()
      .keys(keys.under(keys.logOf(projectId, ingestionId)))
      .all();
    const all = [...new Set([...stored, ...values.keys()])].sort();
    const entries = all.map((key) => ({ key, rank: keys.rankOfEventKey(key) }));
    const dropped = new Set(entriesToDrop(entries, maxLogEntries).map(({ key }) => key));
    trimSchedule.recordRoom(projectId, ingestionId, maxLogEntries - all.length + dropped.size);
    return [
      ...[...values].filter(([key]) => !dropped.has(key)).map(([key, value]) => put(key, value)),
      ...[...dropped].filter((key) => !values.has(key)).map(del),
    ];
  };

  /** The record of the stored text. */
  const latestOf = (projectId: string, text: string): IngestionRecord => {
    const known = written.get(projectId);
    return known?.text === text ? known.record : parseRecord(text, latestName(projectId));
  };

  const stateOperations = (write: StoreWrite, current: IngestionRecord | null): Operation[] => {
    const { progress } = write.record;
    const text = serializeRecord(write.record);
    written.set(progress.projectId, { text, record: write.record });
    const operations = [put(keys.latestKey(progress.projectId), text)];
    const openKey = keys.openKey(progress.projectId);
    operations.push(
      isEnded(progress) ? del(openKey) : put(openKey, ''),
      ...index.operations(current, write.record),
    );
    if (write.guard.kind === 'start') {
      operations.push(put(keys.startKey(progress), keys.INDEXED));
      if (current !== null) {
        const key = keys.historyKey(progress.projectId, current.progress.id);
        operations.push(put(key, serializeRecord(current)));
      }
    }
    return operations;
  };

  const readLatest = async (projectId: string): Promise<IngestionRecord | null> => {
    const text = await db().get(keys.latestKey(projectId));
    return text === undefined ? null : parseRecord(text, latestName(projectId));
  };

  /** The latest of these projects, as text. */
  const latestTexts = async (projectIds: readonly string[]) => {
    const texts = await db().getMany(projectIds.map(keys.latestKey));
    return projectIds.map((projectId, index) => ({ projectId, text: texts[index] }));
  };

  const readMany = async (projectIds: readonly string[]) => {
    const found = new Map<string, IngestionRecord>();
    for (const { projectId, text } of await latestTexts(projectIds)) {
      if (text === undefined) continue;
      const what = latestName(projectId);
      const record = readOrLog(logger, what, null, () => parseRecord(text, what));
      if (record !== null) found.set(projectId, record);
    }
    return found;
  };

  const writeAll = async (writes: readonly StoreWrite[]): Promise<readonly WriteOutcome[]> => {
    const stored = await latestTexts(writes.map((write) => write.record.progress.projectId));
    const operations: Operation[] = [];
    const outcomes: WriteOutcome[] = [];
    for (const [index, write] of writes.entries()) {
      const { projectId, id } = write.record.progress;
      const text = stored[index]?.text;
      const what = latestName(projectId);
      const current =
        text === undefined ? null : readOrLog(logger, what, 'unreadable', () => latestOf(projectId, text));
      if (current === 'unreadable') outcomes.push({ written: false, current: null, unreadable: true });
      else if (!admits(write, current)) outcomes.push({ written: false, current });
      else {
        operations.push(...stateOperations(write, current));
        operations.push(...(await logOperations(projectId, id, write.events)));
        outcomes.push({ written: true });
      }
    }
    if (operations.length > 0) await db().batch(operations, { sync: true });
    return outcomes;
  };

  const listLeases = async (): Promise<readonly Lease[]> => {
    const leases: Lease[] = [];
    for (const [key, text] of await db().iterator(keys.under('lease')).all()) {
      const lease = readOrLog(logger, key, null, () => parseLease(text, key));
      // No server of ours waits for it, and it would be logged at each renewal.
      if (lease === null) await db().del(key);
      else leases.push(lease);
    }
    return leases;
  };

  /** In order with the writes, since a start moves what is deleted here into the history. */
  const deleteBefore = async (cutoffMs: number, limit: number): Promise<Deletion> => {
    for (const lease of await listLeases()) {
      if (lease.renewedAt + lease.ttlMs < cutoffMs) await db().del(keys.leaseKey(lease.serverId));
    }
    return index.deleteEnded(cutoffMs, limit);
  };

  return {
    name: 'embedded',
    exclusive: true,
    open: async () => {
      level ??= await openLevel(options.dataDir);
      index.start();
    },
    close: async () => {
      await index.stop();
      await lastWrite;
      const closing = level;
      level = null;
      await closing?.close();
    },
    ping: () => guarded(() => db().put('ping', '')),

    read: (projectId) => guarded(() => readLatest(projectId)),
    readMany: (projectIds) =>
      guarded(() => {
        checkBatch(projectIds);
        return readMany(projectIds);
      }),
    readIngestion: (projectId, ingestionId) =>
      guarded(async () => {
        const latest = await readLatest(projectId);
        if (latest?.progress.id === ingestionId) return latest;
        const text = await db().get(keys.historyKey(projectId, ingestionId));
        if (text === undefined) return null;
        return parseRecord(text, `ingestion ${ingestionId} of project ${projectId}`);
      }),
    listIngestions: (projectId, page) =>
      guarded(async () => {
        const prefix = keys.startsOf(projectId);
        const range = { ...keys.under(prefix) };
        if (page.after !== null) range.lt = `${prefix}!${sortKey(decodeCursor(page.after))}`;
        const found = await db()
          .keys({ ...range, reverse: true, limit: page.first + 1 })
          .all();
        const places = found.flatMap((key) => keys.positionOfStart(projectId, key) ?? []);
        const current = (await readMany([projectId])).get(projectId);
        const texts = await db().getMany(places.map((place) => keys.historyKey(projectId, place.id)));
        const items = places.slice(0, page.first).flatMap((place, index) => {
          const cursor = encodeCursor(place);
          if (place.id === current?.progress.id) return [{ cursor, node: current }];
          const text = texts[index];
          const what = `ingestion ${place.id} of project ${projectId}`;
          const node =
            text === undefined ? null : readOrLog(logger, what, null, () => parseRecord(text, what));
          return node === null ? [] : [{ cursor, node }];
        });
        return { items, hasNextPage: places.length > page.first };
      }),
    listByStatus: (query, limit) =>
      guarded(() => {
        checkBatch(query.projectIds ?? []);
        return index.listByStatus(query, limit);
      }),
    listEvents: (projectId, ingestionId, page) =>
      guarded(async () => {
        const prefix = keys.logOf(projectId, ingestionId);
        const range = { ...keys.under(prefix) };
        // Behind the entry of this cursor stands its kind, after a '!'.
        if (page.after !== null) range.gt = `${prefix}!${sortKey(decodeCursor(page.after))}"`;
        const found = await db()
          .iterator({ ...range, limit: page.first + 1 })
          .all();
        const events = found.flatMap(([key, text]) =>
          readOrLog(logger, key, [], () => [parseEvent(text, key)]),
        );
        return { ...pageOf(events, page.first, eventPosition), hasNextPage: found.length > page.first };
      }),

    write: (writes) =>
      inOrder(() => {
        checkBatch(writes.map((write) => write.record.progress.projectId));
        return writeAll(writes);
      }),
    appendEvents: (projectId, ingestionId, events) =>
      inOrder(async () => {
        const operations = await logOperations(projectId, ingestionId, events);
        if (operations.length > 0) await db().batch(operations, { sync: true });
      }),

    appendProblems: (...args) => inOrder(() => problems.appendProblems(...args)),
    listProblems: (...args) => guarded(() => problems.listProblems(...args)),

    listOpen: (query, limit) => guarded(() => index.list(query, limit)),

    renewLease: (lease) => guarded(() => db().put(keys.leaseKey(lease.serverId), JSON.stringify(lease))),
    listLeases: () => guarded(listLeases),
    dropLease: (serverId) => guarded(() => db().del(keys.leaseKey(serverId))),

    deleteBefore: (cutoffMs, limit) => inOrder(() => deleteBefore(cutoffMs, limit)),
  };
}
