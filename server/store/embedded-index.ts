/**
 * The embedded store's indexes: open ingestions by when they are due and by the server that runs them, ended ones by when
 * they were last touched, all by status and start. What an earlier version stored is added in the background.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isEnded } from '@ingestion-progress/schema';
import type { Logger } from '../observability/logger.js';
import type { IngestionRecord } from '../progress/record.js';
import { dueKeyAt, openIngestionOf, type OpenIngestion } from '../progress/open-ingestion.js';
import { parseRecord, readOrLog, RECORD_VERSION } from '../progress/record-codec.js';
import type { Level } from './embedded-files.js';
import * as keys from './embedded-keys.js';
import { compareNewestFirst, LIST_STATUSES, listStatusOf, type ListPlace } from '../progress/list-place.js';
import { ingestionPosition, sortKey } from './paging.js';
import type { Deletion, ListPage, ListQuery, OpenPage, OpenQuery } from './progress-store.js';

/** One operation of a batch. */
export type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'del'; readonly key: string };

/** Puts a value. */
export const put = (key: string, value: string): Operation => ({ type: 'put', key, value });
/** Deletes a key, if it is there. */
export const del = (key: string): Operation => ({ type: 'del', key });

/** Options of the index. */
export interface EmbeddedIndexOptions {
  readonly db: () => Level;
  /** Runs a task after the writes before it and before those after it. */
  readonly inOrder: <T>(task: () => Promise<T>) => Promise<T>;
  readonly logger: Logger;
}

/** The indexes of a store. */
export interface EmbeddedIndex {
  /** What a write of `after` over `before` changes in them. */
  operations(before: IngestionRecord | null, after: IngestionRecord): readonly Operation[];
  list(query: OpenQuery, limit: number): Promise<OpenPage>;
  listByStatus(query: ListQuery, limit: number): Promise<ListPage>;
  /** Deletes what has ended and was last touched before this moment; to be called in order with the writes. */
  deleteEnded(cutoffMs: number, limit: number): Promise<Deletion>;
  /** Adds in the background what an earlier version stored without them. */
  start(): void;
  /** Resolves once that has stopped; the next `start` goes on with it. */
  stop(): Promise<void>;
}

/** Start keys read at a time, and ingestions added at a time: each is a few milliseconds. */
const START_KEYS = 1_000;
const ADDED = 50;
/** Pause after each of these, in milliseconds, in which others have the disk and the thread. */
const PAUSE_MS = 5;
/** Ingestions of one id that started in one millisecond, in different projects, that a page takes into account. */
const TIES = 20;

const openEntries = (record: IngestionRecord): readonly (readonly [string, string])[] => {
  const open = openIngestionOf(record);
  return open === null ? [] : keys.openKeysOf(open).map((key) => [key, JSON.stringify(open)]);
};

const endedEntry = ({ progress }: IngestionRecord) =>
  put(keys.endedKey(progress), String(progress.startedAt));

/** True if this is still what the stored text says; without validating all of it. */
function isCurrent(open: OpenIngestion, text: string | undefined): boolean {
  if (text === undefined) return false;
  try {
    const { version, progress } = JSON.parse(text) as {
      version: number;
      progress: IngestionRecord['progress'];
    };
    return (
      version === RECORD_VERSION &&
      progress.id === open.ingestionId &&
      progress.status === open.status &&
      progress.updatedAt === open.updatedAt
    );
  } catch {
    // Reading it says what is wrong.
    return false;
  }
}

/** Creates the indexes over a database. */
export function createEmbeddedIndex({ db, inOrder, logger }: EmbeddedIndexOptions): EmbeddedIndex {
  let adding: Promise<void> | null = null;
  let isStopping = false;

  const readRecord = (text: string, what: string) =>
    readOrLog(logger, what, null, () => parseRecord(text, what));

  /** Puts the entries of a project right that another version left behind. */
  const correct = async (projectId: string, found: readonly string[]) => {
    const text = await db().get(keys.latestKey(projectId));
    const record = text === undefined ? null : readRecord(text, `latest ingestion of project ${projectId}`);
    // What does not parse is left for whoever can read it.
    if (text !== undefined && record === null) return;
    const entries = record === null ? [] : openEntries(record);
    await db().batch([...found.map(del), ...entries.map(([key, value]) => put(key, value))]);
  };

  /** Those of `found` that are as they are stored. */
  const current = async (found: readonly [string, string][]): Promise<readonly OpenIngestion[]> => {
    const open = found.map(([key, value]) => ({ key, ingestion: JSON.parse(value) as OpenIngestion }));
    const texts = await db().getMany(open.map(({ ingestion }) => keys.latestKey(ingestion.projectId)));
    const right: OpenIngestion[] = [];
    for (const [index, { key, ingestion }] of open.entries()) {
      if (isCurrent(ingestion, texts[index])) right.push(ingestion);
      else await inOrder(() => correct(ingestion.projectId, [key]));
    }
    return right;
  };

  const listOwned = async (exceptBy: readonly string[], limit: number) => {
    const all = keys.under('owned');
    const excepted = new Set(exceptBy);
    const items: [string, string][] = [];
    let from = all.gt;
    for (;;) {
      const found = await db()
        .iterator({ gt: from, lt: all.lt, limit: limit - items.length })
        .all();
      const at = found.findIndex(([key]) => excepted.has(key.split('!')[1] ?? ''));
      items.push(...(at < 0 ? found : found.slice(0, at)));
      if (at < 0 || items.length >= limit) return items;
      // Past all of that server's.
      from = keys.under(keys.ownedKey(found[at]?.[0].split('!')[1] ?? '').slice(0, -1)).lt;
    }
  };

  const list = async (query: OpenQuery, limit: number): Promise<OpenPage> => {
    if (query.list === 'owned') {
      return { items: await current(await listOwned(query.exceptBy, limit)), next: null };
    }
    const range = {
      gt: query.after ?? keys.dueKey(dueKeyAt(query.list, 0)),
      lt: keys.dueKey(dueKeyAt(query.list, query.before)),
    };
    if (range.gt >= range.lt) return { items: [], next: null };
    const found = await db()
      .iterator({ ...range, limit })
      .all();
    const next = found.length < limit ? null : (found.at(-1)?.[0] ?? null);
    return { items: await current(found), next };
  };

  /** Moves an ingestion to the list where it belongs, which an earlier version did not do. */
  const relist = async (place: ListPlace, wrongKeys: readonly string[]) => {
    const record = (await recordsAt([place]))[0];
    if (record === 'unreadable') return;
    const right = record === null || record === undefined ? [] : keys.listKeysOf(record.progress);
    await db().batch([...wrongKeys.map(del), ...right.map((key) => put(key, ''))]);
  };

  /** The records of these ingestions, in order; null for one that is not stored. */
  const recordsAt = async (places: readonly ListPlace[]) => {
    const latest = await db().getMany(places.map(({ projectId }) => keys.latestKey(projectId)));
    const earlier = await db().getMany(places.map(({ projectId, id }) => keys.historyKey(projectId, id)));
    return places.map(({ projectId, id }, index): IngestionRecord | 'unreadable' | null => {
      const text = earlier[index] ?? latest[index];
      if (text === undefined) return null;
      const record = readRecord(text, `ingestion ${id} of project ${projectId}`);
      if (record === null) return 'unreadable';
      return record.progress.id === id ? record : null;
    });
  };

  const listByStatus = async (query: ListQuery, limit: number): Promise<ListPage> => {
    const { status, projectIds, startedSince, after } = query;
    const found = await Promise.all(
      (projectIds ?? [null]).map(async (projectId) => {
        const prefix = keys.listOf(status, projectId);
        const range = { ...keys.under(prefix) };
        if (startedSince !== null)
          range.gt = `${prefix}!${sortKey({ order: startedSince, then: 0, id: '' })}`;
        // All with the start and the id of the last one: which of them follow, a comparison tells.
        if (after !== null) range.lt = `${prefix}!${sortKey(ingestionPosition(after))}"`;
        const ties = after === null ? 0 : TIES;
        const listed = await db()
          .keys({ ...range, reverse: true, limit: limit + 1 + ties })
          .all();
        return listed.flatMap((key) => keys.placeInList(key.slice(prefix.length + 1)) ?? []);
      }),
    );
    const places = found
      .flat()
      .filter((place) => after === null || compareNewestFirst(after, place) < 0)
      .sort(compareNewestFirst);
    const page = places.slice(0, limit);
    const records: IngestionRecord[] = [];
    for (const [index, record] of (await recordsAt(page)).entries()) {
      const place = page[index];
      if (record === 'unreadable' || place === undefined) continue;
      if (record !== null && listStatusOf(record.progress) === status) records.push(record);
      else await inOrder(() => relist(place, keys.listKeys(place, status)));
    }
    return { records, next: places.length > limit ? (page.at(-1) ?? null) : null };
  };

  const deleteEnded = async (cutoffMs: number, limit: number): Promise<Deletion> => {
    const found = await db()
      .iterator({ ...keys.endedBefore(cutoffMs), limit })
      .all();
    const ended = found.map(([key, startedAt]) => ({
      key,
      startedAt: Number(startedAt),
      ...keys.idsOfEndedKey(key),
    }));
    const historyKeys = ended.map(({ projectId, ingestionId }) => keys.historyKey(projectId, ingestionId));
    const inHistory = await db().getMany(historyKeys);
    await Promise.all(
      ended
        .flatMap(({ projectId, ingestionId }) => keys.besideOf(projectId, ingestionId))
        .map((prefix) => db().clear(keys.under(prefix))),
    );
    const operations = ended.flatMap(({ key, projectId, ingestionId: id, startedAt }, index) => {
      // A project's latest state stays.
      if (inHistory[index] === undefined) return [del(key)];
      const listed = LIST_STATUSES.flatMap((status) => keys.listKeys({ projectId, id, startedAt }, status));
      const own = [key, historyKeys[index] ?? '', keys.startKey({ projectId, id, startedAt })];
      return [...own, ...listed].map(del);
    });
    if (operations.length > 0) await db().batch(operations, { sync: true });
    const deleted = inHistory.filter((text) => text !== undefined).length;
    return { deleted, hasMore: found.length === limit };
  };

  /** Adds the ingestions of these start keys. */
  const add = async (startKeys: readonly string[]) => {
    const ids = startKeys.map(keys.idsOfStartKey);
    const earlier = await db().getMany(
      ids.map(({ projectId, ingestionId }) => keys.historyKey(projectId, ingestionId)),
    );
    const latest = await db().getMany(ids.map(({ projectId }) => keys.latestKey(projectId)));
    const operations = startKeys.flatMap((startKey, index) => {
      const text = earlier[index] ?? latest[index];
      const record = text === undefined ? null : readRecord(text, startKey);
      if (record === null || record.progress.id !== ids[index]?.ingestionId) return [];
      const isOver = earlier[index] !== undefined || isEnded(record.progress);
      const entries = isOver
        ? [endedEntry(record)]
        : openEntries(record).map(([key, value]) => put(key, value));
      const listed = keys.listKeysOf(record.progress).map((key) => put(key, ''));
      return [...entries, ...listed, put(startKey, keys.INDEXED)];
    });
    if (operations.length > 0) await db().batch(operations);
  };

  const addEarlier = async (): Promise<void> => {
    const all = keys.under('start');
    let from = all.gt;
    let added = 0;
    while (!isStopping) {
      const page = await db().iterator({ gt: from, lt: all.lt, limit: START_KEYS }).all();
      const missing = page.flatMap(([key, value]) => (value === keys.INDEXED ? [] : [key]));
      for (let index = 0; index < missing.length && !isStopping; index += ADDED) {
        await inOrder(() => add(missing.slice(index, index + ADDED)));
        await delay(PAUSE_MS);
      }
      added += missing.length;
      const last = page.at(-1)?.[0];
      if (page.length < START_KEYS || last === undefined) break;
      from = last;
      await delay(PAUSE_MS);
    }
    if (added > 0) logger.info({ ingestions: added }, 'ingestions of an earlier version indexed');
  };

  return {
    operations: (before, after) => {
      const entries = openEntries(after);
      const added = new Set(entries.map(([key]) => key));
      const stale = before === null ? [] : openEntries(before).filter(([key]) => !added.has(key));
      const isReplaced = before !== null && before.progress.id !== after.progress.id;
      const listed = keys.listKeysOf(after.progress);
      const wasListed = before === null || isReplaced ? [] : keys.listKeysOf(before.progress);
      return [
        ...wasListed.filter((key) => !listed.includes(key)).map(del),
        ...listed.filter((key) => !wasListed.includes(key)).map((key) => put(key, '')),
        ...stale.map(([key]) => del(key)),
        ...entries.map(([key, value]) => put(key, value)),
        ...(isReplaced ? [endedEntry(before)] : []),
        ...(isEnded(after.progress) ? [endedEntry(after)] : []),
      ];
    },
    list,
    listByStatus,
    deleteEnded,
    start: () => {
      isStopping = false;
      adding ??= addEarlier().catch((cause: unknown) => {
        logger.warn({ cause }, 'ingestions of an earlier version not indexed; the next start tries again');
      });
    },
    stop: async () => {
      isStopping = true;
      await adding;
      adding = null;
    },
  };
}
