/** What a list was asked for, checked, and cursors that are good for that alone. */
import { createHash } from 'node:crypto';
import {
  idSchema,
  LIMITS,
  type IngestionListStatus,
  type IngestionRow,
  type Label,
} from '@ingestion-progress/schema';
import type { IngestionFilter } from '@ingestion-progress/schema/resolvers';
import { LIST_STATUSES, listStatusOf, type ListPlace } from '../progress/list-place.js';
import { ProgressError } from '../shared/errors.js';

/** A filter that was checked; equal ones have equal keys. */
export interface ListFilter {
  /** Sorted; null for all that may be seen. */
  readonly projectIds: readonly string[] | null;
  readonly labels: readonly Label[];
  readonly statuses: readonly IngestionListStatus[];
  /** Milliseconds since the Unix epoch; null for any time. */
  readonly startedSince: number | null;
  readonly key: string;
}

/** Most projects of a filter. */
const MAX_PROJECTS = 1_000;

const bad = (message: string) => new ProgressError('BAD_USER_INPUT', message);
const compareTexts = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);

function checkProjectIds(given: readonly string[]): readonly string[] {
  if (given.length === 0 || given.length > MAX_PROJECTS)
    throw bad(`filter.projectIds: must be 1 to ${MAX_PROJECTS} ids`);
  for (const id of given) {
    const parsed = idSchema.safeParse(id);
    if (!parsed.success) throw bad(`filter.projectIds: ${parsed.error.issues[0]?.message ?? 'malformed'}`);
  }
  return [...new Set(given)].sort(compareTexts);
}

function checkLabels(given: readonly Label[]): readonly Label[] {
  if (given.length > LIMITS.labels) throw bad(`filter.labels: must be at most ${LIMITS.labels}`);
  for (const { name, value } of given) {
    if (name === '' || name.length > LIMITS.labelName)
      throw bad(`filter.labels: a name must be 1 to ${LIMITS.labelName} characters`);
    if (value === '' || value.length > LIMITS.labelValue)
      throw bad(`filter.labels: a value must be 1 to ${LIMITS.labelValue} characters`);
  }
  return given
    .map(({ name, value }) => ({ name, value }))
    .sort((a, b) => compareTexts(a.name, b.name) || compareTexts(a.value, b.value));
}

/** Checks a filter; throws `BAD_USER_INPUT`. */
export function parseFilter(given: IngestionFilter | null | undefined): ListFilter {
  const { projectIds, labels, status, startedSince } = given ?? {};
  if (status?.length === 0) throw bad('filter.status: must be one or more');
  const filter = {
    projectIds: projectIds === null || projectIds === undefined ? null : checkProjectIds(projectIds),
    labels: checkLabels(labels ?? []),
    statuses: LIST_STATUSES.filter((one) => status?.includes(one) ?? true),
    startedSince: startedSince ?? null,
  };
  return { ...filter, key: JSON.stringify(filter) };
}

/** Whether a row matches a filter; its project is not looked at. */
export function matches(
  { labels, statuses, startedSince }: ListFilter,
  row: Pick<IngestionRow, 'status' | 'labels' | 'startedAt'>,
): boolean {
  if (startedSince !== null && row.startedAt < startedSince) return false;
  if (!statuses.includes(listStatusOf(row))) return false;
  return labels.every(({ name, value }) =>
    row.labels.some((label) => label.name === name && label.value === value),
  );
}

/** Where a page of a list ends. */
export interface ListPosition extends ListPlace {
  readonly isRunning: boolean;
}

const fingerprintOf = ({ key }: ListFilter) =>
  createHash('sha256').update(key).digest('base64url').slice(0, 12);

/** The cursor of an ingestion in a list. */
export function cursorOf(filter: ListFilter, row: ListPlace & Pick<IngestionRow, 'status'>): string {
  return encodePosition(filter, { ...row, isRunning: listStatusOf(row) === 'ACTIVE' });
}

/** The cursor of a position. */
export function encodePosition(
  filter: ListFilter,
  { isRunning, startedAt, id, projectId }: ListPosition,
): string {
  const place = [fingerprintOf(filter), isRunning ? 1 : 0, startedAt, id, projectId];
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The position of a cursor; throws `BAD_USER_INPUT` for what is none, or of another filter. */
export function decodePosition(filter: ListFilter, cursor: string): ListPosition {
  const place = parseJson(Buffer.from(cursor, 'base64url').toString('utf8'));
  const [fingerprint, running, startedAt, id, projectId] = Array.isArray(place) ? (place as unknown[]) : [];
  const isTime = typeof startedAt === 'number' && Number.isInteger(startedAt);
  const isPlace = isTime && startedAt >= 0 && startedAt <= LIMITS.timestampMost;
  if (!isPlace || typeof id !== 'string' || typeof projectId !== 'string' || (running !== 0 && running !== 1))
    throw bad('after: must be the cursor of an earlier page, as it was given');
  if (fingerprint !== fingerprintOf(filter))
    throw bad('after: is the cursor of another filter; begin without it');
  return { isRunning: running === 1, startedAt, id, projectId };
}
