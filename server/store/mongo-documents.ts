/**
 * How an ingestion and a log entry stand in MongoDB: the fields that people and indexes look at beside the whole as
 * JSON text, which is what is read back. As text, because a job's output may hold any key, also `$set` or `a.b`.
 */
import type { IngestionProgress } from '@ingestion-progress/schema';
import { isEnded, type RecordedEvent } from '@ingestion-progress/schema';
import { encodeId } from '@ingestion-progress/schema/ids';
import { dueKeyOf, openIngestionOf, runningOwnerOf, type OpenIngestion } from '../progress/open-ingestion.js';
import type { IngestionRecord } from '../progress/record.js';
import { eventPosition, ingestionPosition, sortKey } from './paging.js';
import { parseEvent, parseRecord, serializeEvent, serializeRecord } from '../progress/record-codec.js';

/** What every write of a state sets. */
export interface StateFields {
  /** The ingestion's id. */
  readonly id: string;
  readonly projectId: string;
  readonly currentPhase: number;
  readonly progressPercent: number | null;
  readonly metricsSnapshot: IngestionProgress['metrics'];
  readonly startedAt: Date;
  readonly updatedAt: Date;
  readonly completedAt: Date | null;
  readonly error: IngestionProgress['error'];
  readonly status: IngestionProgress['status'];
  readonly revision: number;
  /** True while it has not ended. */
  readonly open: boolean;
  /** Sorts a project's ingestions by their start. */
  readonly place: string;
  /** The record as JSON text. */
  readonly record: string;
  /** True once the log of an ended one is past its retention. */
  readonly logDeleted: boolean;
  /** What finds it when something is due; null once it has ended, absent in documents of version 0.1.0. */
  readonly due: DueFields | null;
}

/** What the reaper looks at, without the record. */
export interface DueFields extends OpenIngestion {
  /** Sorts by when it is due. */
  readonly key: string;
  /** The server that runs it in its own process; null if none does. */
  readonly runningOwner: string | null;
}

/** The fields by which a record is found when something is due. */
export function dueFields(record: IngestionRecord): DueFields | null {
  const open = openIngestionOf(record);
  return open === null ? null : { ...open, key: dueKeyOf(open), runningOwner: runningOwnerOf(open) };
}

/** A document of `ingestion_progress` (`_id` is the project's id) and of the history (`_id` names both). */
export interface IngestionDocument extends StateFields {
  readonly _id: string;
  /** Marks of the last writes, by which a writer knows its own. */
  readonly writes?: readonly string[];
  /** The last log entries, written in one with the state, so that a crash before they reach the log loses none. */
  readonly tail?: readonly EventDocument[];
}

/** A document of the log. */
export interface EventDocument {
  readonly _id: string;
  readonly projectId: string;
  readonly ingestionId: string;
  readonly type: string;
  /** Sorts the log. */
  readonly place: string;
  /** The entry as JSON text. */
  readonly entry: string;
}

/** A document of the leases. */
export interface LeaseDocument {
  readonly _id: string;
  readonly renewedAt: number;
  readonly ttlMs: number;
}

/** The fields of a record. */
export function stateFields(record: IngestionRecord): StateFields {
  const { progress } = record;
  return {
    id: progress.id,
    projectId: progress.projectId,
    currentPhase: progress.currentPhase,
    progressPercent: progress.progressPercent,
    metricsSnapshot: progress.metrics,
    startedAt: new Date(progress.startedAt),
    updatedAt: new Date(progress.updatedAt),
    completedAt: progress.completedAt === null ? null : new Date(progress.completedAt),
    error: progress.error,
    status: progress.status,
    revision: progress.revision,
    open: !isEnded(progress),
    place: sortKey(ingestionPosition(progress)),
    record: serializeRecord(record),
    logDeleted: false,
    due: dueFields(record),
  };
}

/** The id of an earlier ingestion's document; ids hold no `!`. */
export const historyId = (projectId: string, ingestionId: string) =>
  `${encodeId(projectId)}!${encodeId(ingestionId)}`;

/** The name of a document in logs. */
export const documentName = (document: Pick<IngestionDocument, '_id'>) =>
  `ingestion document ${document._id}`;

/** The record of a document; `INTERNAL_SERVER_ERROR` where it does not parse. */
export function recordOf(document: Pick<IngestionDocument, '_id' | 'record'>): IngestionRecord {
  return parseRecord(document.record, documentName(document));
}

/** A log entry as a document. */
export function eventDocument(projectId: string, ingestionId: string, event: RecordedEvent): EventDocument {
  return {
    _id: `${historyId(projectId, ingestionId)}!${event.id}`,
    projectId,
    ingestionId,
    type: event.type,
    place: sortKey(eventPosition(event)),
    entry: serializeEvent(event),
  };
}

/** The entry of a document; `INTERNAL_SERVER_ERROR` where it does not parse. */
export function eventOf(document: Pick<EventDocument, '_id' | 'entry'>): RecordedEvent {
  return parseEvent(document.entry, `log entry ${document._id}`);
}
