/** Cursors and pages over sorted lists. A cursor is the place of an item, so that a page survives what is written meanwhile. */
import type { RecordedEvent, IngestionProgress } from '@ingestion-progress/schema';
import { ProgressError } from '../shared/errors.js';
import { dueKeyAt, dueKeyOf, runningOwnerOf, type OpenIngestion } from '../progress/open-ingestion.js';
import { compareNewestFirst, listStatusOf, type ListPlace } from '../progress/list-place.js';
import type { IngestionRecord } from '../progress/record.js';
import type { ListPage, ListQuery, OpenPage, OpenQuery, Page, PageRequest } from './progress-store.js';

/** Position of an item in its list: a whole number, then tie-breakers. */
export interface SortPosition {
  /** Start of an ingestion (ms since the epoch), or revision of an event. */
  readonly order: number;
  /** 0 for an ingestion; the timestamp of an event. */
  readonly then: number;
  readonly id: string;
}

const WIDTH = 16;

/** A place as a string that sorts as the place does. */
export function sortKey(place: SortPosition): string {
  return `${String(place.order).padStart(WIDTH, '0')}.${String(place.then).padStart(WIDTH, '0')}.${place.id}`;
}

/** The place that `sortKey` wrote; null for anything else. */
export function parseSortKey(key: string): SortPosition | null {
  const match = /^(\d{16})\.(\d{16})\.(.+)$/s.exec(key);
  const [, order, then, id] = match ?? [];
  if (order === undefined || then === undefined || id === undefined) return null;
  return { order: Number(order), then: Number(then), id };
}

/** Where an ingestion stands among its project's: by its start. */
export function ingestionPosition(progress: Pick<IngestionProgress, 'startedAt' | 'id'>): SortPosition {
  return { order: progress.startedAt, then: 0, id: progress.id };
}

/** Where an entry stands in its ingestion's log: by revision, then time. */
export function eventPosition(event: Pick<RecordedEvent, 'revision' | 'timestamp' | 'id'>): SortPosition {
  return { order: event.revision, then: event.timestamp, id: event.id };
}

/** The opaque cursor of a place. */
export function encodeCursor(place: SortPosition): string {
  return Buffer.from(sortKey(place), 'utf8').toString('base64url');
}

/** The place that a cursor names; `BAD_USER_INPUT` for what is not one of ours. */
export function decodeCursor(cursor: string): SortPosition {
  const place = parseSortKey(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (place === null) {
    throw new ProgressError(
      'BAD_USER_INPUT',
      'after: must be the cursor of an item of the page before, as it was given.',
    );
  }
  return place;
}

/** A page from at most `first + 1` items that follow the cursor, in order: the one too many says that more follows. */
export function pageOf<T>(
  following: readonly T[],
  first: number,
  placeOf: (item: T) => SortPosition,
): Page<T> {
  return {
    items: following.slice(0, first).map((node) => ({ cursor: encodeCursor(placeOf(node)), node })),
    hasNextPage: following.length > first,
  };
}

/** A page of a whole list in memory, which `items` holds in any order. */
export function pageOfAll<T>(
  items: readonly T[],
  request: PageRequest,
  placeOf: (item: T) => SortPosition,
  direction: 'rising' | 'falling',
): Page<T> {
  const after = request.after === null ? null : sortKey(decodeCursor(request.after));
  const sign = direction === 'rising' ? 1 : -1;
  const compare = (a: string, b: string) => (a === b ? 0 : a < b ? -sign : sign);
  const following = items
    .map((item) => ({ item, key: sortKey(placeOf(item)) }))
    .filter(({ key }) => after === null || compare(after, key) < 0)
    .sort((a, b) => compare(a.key, b.key))
    .map(({ item }) => item);
  return pageOf(following, request.first, placeOf);
}

/** The place in a list, without what else a state has. */
export const listPlaceOf = ({ startedAt, id, projectId }: ListPlace): ListPlace => ({
  startedAt,
  id,
  projectId,
});

/** A page of a list from records in memory, in any order. */
export function pageOfList(all: Iterable<IngestionRecord>, query: ListQuery, limit: number): ListPage {
  const { status, projectIds, startedSince, after } = query;
  const wanted = projectIds === null ? null : new Set(projectIds);
  const following = [...all]
    .filter(({ progress }) => listStatusOf(progress) === status)
    .filter(({ progress }) => wanted?.has(progress.projectId) ?? true)
    .filter(({ progress }) => progress.startedAt >= (startedSince ?? 0))
    .filter(({ progress }) => after === null || compareNewestFirst(after, progress) < 0)
    .sort((a, b) => compareNewestFirst(a.progress, b.progress));
  const records = following.slice(0, limit);
  const last = records.at(-1);
  const next = following.length > limit && last !== undefined ? listPlaceOf(last.progress) : null;
  return { records, next };
}

/** A page of open ingestions, all of which are in memory. */
export function pageOfOpen(all: readonly OpenIngestion[], query: OpenQuery, limit: number): OpenPage {
  if (query.list === 'owned') {
    const isOwned = (owner: string | null) => owner !== null && !query.exceptBy.includes(owner);
    return { items: all.filter((open) => isOwned(runningOwnerOf(open))).slice(0, limit), next: null };
  }
  const from = query.after ?? dueKeyAt(query.list, 0);
  const to = dueKeyAt(query.list, query.before);
  const due = all
    .map((open) => ({ key: dueKeyOf(open), open }))
    .filter(({ key }) => key > from && key < to)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .slice(0, limit);
  return { items: due.map(({ open }) => open), next: due.length < limit ? null : (due.at(-1)?.key ?? null) };
}
