/**
 * Where things lie in the embedded store. Ids are encoded, so that they contain no `!`, which sorts below all that
 * remains: one project's keys stand together, and no id is mistaken for the beginning of another.
 */
import { encodeId } from '@ingestion-progress/schema/ids';
import type { RecordedEvent, IngestionProgress } from '@ingestion-progress/schema';
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
/** A log entry. Its key ends in whether it is an update, so that the log is trimmed without reading it. */
export function eventKey(projectId: string, ingestionId: string, event: RecordedEvent): string {
  const kind = event.type === 'progress_update' ? 'update' : 'other';
  return `${logOf(projectId, ingestionId)}!${sortKey(eventPosition(event))}!${kind}`;
}
/** The type of a log entry, as far as its key contains it. */
export function typeOfEventKey(key: string): string {
  return key.endsWith('!update') ? 'progress_update' : 'other';
}
