/**
 * Where things lie in the embedded store. Ids are encoded, so that they contain no `!`, which sorts below all that
 * remains: one project's keys stand together, and no id is mistaken for the beginning of another.
 */
import { encodeId } from '@ingestion-progress/schema/ids';
import type { IngestionListStatus, IngestionProgress, RecordedEvent } from '@ingestion-progress/schema';
import { listStatusOf, type ListPlace } from '../progress/list-place.js';
import { dueKeyOf, runningOwnerOf, type OpenIngestion } from '../progress/open-ingestion.js';
import { rankOf, type EntryRank } from './log-trimming.js';
import { eventPosition, ingestionPosition, parseSortKey, sortKey, type SortPosition } from './paging.js';

/** Bounds of a range of keys, for an iterator. */
export interface KeyRange {
  readonly gt: string;
  readonly lt: string;
}

/** Every key that begins with `prefix` and `!`. */
export function under(prefix: string): KeyRange {
  return { gt: `${prefix}!`, lt: `${prefix}"` };
}

/** The latest ingestion of a project. */
export const latestKey = (projectId: string) => `latest!${encodeId(projectId)}`;
/** Stands there while the latest ingestion of a project has not ended. */
export const openKey = (projectId: string) => `open!${encodeId(projectId)}`;
/** An earlier ingestion. */
export const historyKey = (projectId: string, ingestionId: string) =>
  `history!${encodeId(projectId)}!${encodeId(ingestionId)}`;
/** A server's heartbeat. */
export const leaseKey = (serverId: string) => `lease!${serverId}`;

/** Prefix of the keys that list a project's ingestions by their start. */
export const startsOf = (projectId: string) => `start!${encodeId(projectId)}`;
/** Lists an ingestion, the latest too, by its start. */
export function startKey(progress: Pick<IngestionProgress, 'projectId' | 'startedAt' | 'id'>): string {
  return `${startsOf(progress.projectId)}!${sortKey(ingestionPosition(progress))}`;
}
/** The place of an ingestion from the key that lists it. */
export function positionOfStart(projectId: string, key: string): SortPosition | null {
  return parseSortKey(key.slice(startsOf(projectId).length + 1));
}

/** Prefix of an ingestion's log. */
export const logOf = (projectId: string, ingestionId: string) =>
  `event!${encodeId(projectId)}!${encodeId(ingestionId)}`;
/** Prefix of the problems of an ingestion. */
export const problemsOf = (projectId: string, ingestionId: string) =>
  `problem!${encodeId(projectId)}!${encodeId(ingestionId)}`;
/** Prefix of the counts of those that are not kept. */
export const restOf = (projectId: string, ingestionId: string) =>
  `problem-count!${encodeId(projectId)}!${encodeId(ingestionId)}`;
/** Prefixes of all that goes with an ingestion beside its record. */
export const besideOf = (projectId: string, ingestionId: string) =>
  [logOf, problemsOf, restOf].map((of) => of(projectId, ingestionId));
/** A log entry. Its key ends in its rank, so that the log is trimmed without reading it. */
export function eventKey(projectId: string, ingestionId: string, event: RecordedEvent): string {
  return `${logOf(projectId, ingestionId)}!${sortKey(eventPosition(event))}!${rankOf(event.type)}`;
}
/** The rank in the key of a log entry. */
export function rankOfEventKey(key: string): EntryRank {
  return key.endsWith('!update') ? 'update' : key.endsWith('!kept') ? 'kept' : 'other';
}

/** Prefix of the list of all projects, and of one project's, if it is given. */
export const listOf = (status: IngestionListStatus, projectId: string | null) =>
  projectId === null ? `list!${status}` : `list-of!${encodeId(projectId)}!${status}`;
/** A place in the list of all projects; without its project, before all of the same start and id. */
export const listPlace = (place: ListPlace) =>
  `${sortKey(ingestionPosition(place))}!${encodeId(place.projectId)}`;
/** The place that `listPlace` wrote at the end of a key; null for anything else. */
export function placeInList(text: string): ListPlace | null {
  // An encoded id contains no `!`, but the other one may.
  const at = text.lastIndexOf('!');
  const position = parseSortKey(text.slice(0, at));
  if (position === null) return null;
  return { startedAt: position.order, id: position.id, projectId: decodeURIComponent(text.slice(at + 1)) };
}
/** The keys that list an ingestion by its status. */
export function listKeys(place: ListPlace, status: IngestionListStatus): readonly string[] {
  return [null, place.projectId].map((of) => `${listOf(status, of)}!${listPlace(place)}`);
}
/** The same, of a state. */
export const listKeysOf = (progress: ListPlace & Pick<IngestionProgress, 'status'>) =>
  listKeys(progress, listStatusOf(progress));

/**
 * Value of a start key once its ingestion is in the indexes below and in the lists above; it was `i` before there were
 * lists, and empty in version 0.1.0.
 */
export const INDEXED = 'l';
/** Lists open ingestions by when they are due. */
export const dueKey = (key: string) => `due!${key}`;
/** Lists the running ingestions of a server's process; its own id has no `!`. */
export const ownedKey = (serverId: string, projectId = '') => `owned!${serverId}!${encodeId(projectId)}`;
/** The keys that list an open ingestion. */
export function openKeysOf(open: OpenIngestion): readonly string[] {
  const owner = runningOwnerOf(open);
  return [dueKey(dueKeyOf(open)), ...(owner === null ? [] : [ownedKey(owner, open.projectId)])];
}

const pad = (ms: number) => String(ms).padStart(16, '0');
/** Lists what has ended by when it was last touched, until retention has taken it. */
export function endedKey({
  updatedAt,
  projectId,
  id,
}: Pick<IngestionProgress, 'updatedAt' | 'projectId' | 'id'>) {
  return `ended!${pad(updatedAt)}!${encodeId(projectId)}!${encodeId(id)}`;
}
/** The range of what was last touched before this moment. */
export const endedBefore = (cutoffMs: number): KeyRange => ({ gt: 'ended!', lt: `ended!${pad(cutoffMs)}` });
/** The ids in such a key. */
export function idsOfEndedKey(key: string): { readonly projectId: string; readonly ingestionId: string } {
  const [, , projectId = '', ingestionId = ''] = key.split('!');
  return { projectId: decodeURIComponent(projectId), ingestionId: decodeURIComponent(ingestionId) };
}
/** The ids in a start key. */
export function idsOfStartKey(key: string): { readonly projectId: string; readonly ingestionId: string } {
  const [, encoded = ''] = key.split('!', 2);
  const projectId = decodeURIComponent(encoded);
  return { projectId, ingestionId: positionOfStart(projectId, key)?.id ?? '' };
}
