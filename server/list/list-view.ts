/**
 * The page that all see who asked for the same list and may see the same: what is on it, what was sent of it, and the
 * message that leads from one to the other. Knows no subscriber, and no time.
 */
import type {
  IngestionListChange,
  IngestionListCounts,
  IngestionListSnapshot,
  IngestionRow,
} from '@ingestion-progress/schema';
import type { ListAccess } from '../auth/list-access.js';
import { compareNewestFirst, listStatusOf } from '../progress/list-place.js';
import type { ActiveRows } from './active-rows.js';
import { cursorOf, matches, type ListFilter } from './list-filter.js';
import { rowBytes, rowKey } from './row.js';

/** A message as it is executed. */
export type ListMessage =
  | (IngestionListSnapshot & { readonly __typename: 'IngestionListSnapshot' })
  | (IngestionListChange & { readonly __typename: 'IngestionListChange' });

/** What a list was asked for. */
export interface ListRequest {
  readonly filter: ListFilter;
  /** Rows of the page, 1 to 100. */
  readonly first: number;
  readonly access: ListAccess;
}

/** Most rows of a page, and most of a status that are counted but ACTIVE ones. */
export const MAX_ROWS = 100;
/** Those of one status that are over and of interest: one more shows that there are more. */
export const MAX_OVER_ROWS = MAX_ROWS + 1;

/** How long one snapshot is sent, in milliseconds; its timestamp tells the server's clock. */
const SNAPSHOT_AGE_MS = 1_000;

/** What is over, the newest start first. */
class OverRows {
  rows: readonly IngestionRow[] = [];
  /** Those that came since a read began, which may not have found them. */
  private since: IngestionRow[] | null = null;

  put(row: IngestionRow): boolean {
    const at = this.rows.findIndex((known) => compareNewestFirst(known, row) === 0);
    if ((this.rows[at]?.revision ?? 0) >= row.revision) return false;
    this.since?.push(row);
    this.rows = [...this.rows.filter((_, index) => index !== at), row]
      .sort(compareNewestFirst)
      .slice(0, MAX_OVER_ROWS);
    return true;
  }

  delete(row: IngestionRow): boolean {
    const left = this.rows.filter((known) => compareNewestFirst(known, row) !== 0);
    const isDeleted = left.length < this.rows.length;
    this.rows = left;
    this.since = this.since?.filter((known) => compareNewestFirst(known, row) !== 0) ?? null;
    return isDeleted;
  }

  beginRead(): void {
    this.since = [];
  }

  /** Takes what was read in the place of what was known before. */
  endRead(read: readonly IngestionRow[]): void {
    const known = new Map(this.rows.map((row) => [rowKey(row), row]));
    const since = this.since ?? [];
    this.since = null;
    this.rows = read.map((row) => {
      const before = known.get(rowKey(row));
      return before !== undefined && before.revision >= row.revision ? before : row;
    });
    for (const row of since) this.put(row);
  }
}

/** See the file's head. */
export class ListView {
  /** What was sent last, in order. */
  private page: readonly IngestionRow[] = [];
  private counts: IngestionListCounts = { active: 0, failed: 0, ended: 0, hasMore: false };
  private hasNextPage = false;
  private mustCompute = true;
  private snapshotMessage: ListMessage | null = null;
  private readonly over = { FAILED: new OverRows(), ENDED: new OverRows() };

  constructor(
    readonly request: Omit<ListRequest, 'access'>,
    /** What may be seen; another one means `invalidate`. */
    public access: ListAccess,
    private readonly active: ActiveRows,
  ) {}

  /** Bytes of rows that this view may hold alone, estimated. */
  get bytes(): number {
    return [...this.over.FAILED.rows, ...this.over.ENDED.rows].reduce((sum, row) => sum + rowBytes(row), 0);
  }

  /** Membership may have changed: the page is put together anew. */
  invalidate(): void {
    this.mustCompute = true;
  }

  private shows(row: IngestionRow): boolean {
    return this.access.has(row.projectId) && matches(this.request.filter, row);
  }

  /** An ingestion is over, or its state has changed since. */
  putOver(row: IngestionRow): void {
    const status = listStatusOf(row);
    if (status === 'ACTIVE' || !this.shows(row)) return;
    if (this.over[status].put(row)) this.mustCompute = true;
  }

  /** An ingestion is active again, or of the other status now. */
  deleteOver(row: IngestionRow): void {
    for (const status of ['FAILED', 'ENDED'] as const) {
      if (status !== listStatusOf(row) && this.over[status].delete(row)) this.mustCompute = true;
    }
  }

  /** Replaces what is over by what the store has; `read` resolves to the newest of a status. */
  async readOver(read: (status: 'FAILED' | 'ENDED') => Promise<readonly IngestionRow[]>): Promise<void> {
    await Promise.all(
      (['FAILED', 'ENDED'] as const)
        .filter((status) => this.request.filter.statuses.includes(status))
        .map(async (status) => {
          const over = this.over[status];
          over.beginRead();
          const rows = await read(status);
          // One that went on since is active, or ended as another status.
          over.endRead(rows.filter((row) => this.active.get(row.projectId)?.id !== row.id));
          this.mustCompute = true;
        }),
    );
  }

  /** What is active and matches, the newest start first. */
  private activeRows(): readonly IngestionRow[] {
    const { projectIds } = this.access;
    if (!this.request.filter.statuses.includes('ACTIVE')) return [];
    if (projectIds === null || projectIds.size >= this.active.size)
      return this.active.sorted().filter((row) => this.shows(row));
    return [...projectIds]
      .flatMap((projectId) => this.active.get(projectId) ?? [])
      .filter((row) => this.shows(row))
      .sort(compareNewestFirst);
  }

  private compute(): readonly IngestionRow[] {
    const { first } = this.request;
    const active = this.activeRows();
    const ended = this.over.ENDED.rows.filter((row) => this.shows(row));
    // A read of failures may have begun before one of them ended in another way.
    const endedKeys = new Set(ended.map(rowKey));
    const failed = this.over.FAILED.rows.filter((row) => this.shows(row) && !endedKeys.has(rowKey(row)));
    const over = active.length > first ? [] : [...failed, ...ended].sort(compareNewestFirst);
    this.counts = {
      active: active.length,
      failed: Math.min(failed.length, MAX_ROWS),
      ended: Math.min(ended.length, MAX_ROWS),
      hasMore: failed.length > MAX_ROWS || ended.length > MAX_ROWS || !this.active.isComplete,
    };
    this.hasNextPage = active.length + failed.length + ended.length > first;
    return [...active.slice(0, first), ...over].slice(0, first);
  }

  /** The state of a row of the page now. */
  private current(row: IngestionRow): IngestionRow {
    const active = this.active.get(row.projectId);
    return active?.id === row.id ? active : row;
  }

  /** Whether a change of these projects may concern this view. */
  private isConcernedBy(projectIds: ReadonlySet<string>): boolean {
    const own = this.access.projectIds;
    if (own === null) return projectIds.size > 0;
    const [few, many] = own.size < projectIds.size ? [own, projectIds] : [projectIds, own];
    for (const projectId of few) if (many.has(projectId)) return true;
    return false;
  }

  /**
   * The message from what was sent last to what is so now; null if that is the same.
   *
   * @param moved Projects of which something became active, or is not any more.
   * @param changed Projects whose rows may be sent anew; those of others wait, so that a row is not sent too often.
   */
  advance(moved: ReadonlySet<string>, changed: ReadonlySet<string>, now: number): ListMessage | null {
    // Labels may change with an attempt.
    const mayMove = this.request.filter.labels.length > 0 && this.isConcernedBy(changed);
    if (this.isConcernedBy(moved) || mayMove) this.mustCompute = true;
    else if (!this.mustCompute && !this.isConcernedBy(changed)) return null;
    const was = { page: this.page, counts: this.counts, hasNextPage: this.hasNextPage };
    const sent = new Map(was.page.map((row) => [rowKey(row), row]));
    const candidates = this.mustCompute ? this.compute() : was.page.map((row) => this.current(row));
    this.mustCompute = false;
    const entered: IngestionRow[] = [];
    const changedRows: IngestionRow[] = [];
    this.page = candidates.map((row) => {
      const key = rowKey(row);
      const before = sent.get(key);
      sent.delete(key);
      if (before === row) return row;
      if (before === undefined) entered.push(row);
      else if (!changed.has(row.projectId)) return before;
      else changedRows.push(row);
      return row;
    });
    const left = [...sent.values()].map(({ projectId, id }) => ({ projectId, id }));
    const isSame = entered.length + changedRows.length + left.length === 0;
    if (isSame && this.hasNextPage === was.hasNextPage && areEqual(this.counts, was.counts)) return null;
    this.snapshotMessage = null;
    const envelope = this.envelope(now);
    return { __typename: 'IngestionListChange', ...envelope, entered, changed: changedRows, left };
  }

  /** The whole page, as it was sent last. The same object for all who come at about the same time. */
  snapshot(now: number): ListMessage {
    const known = this.snapshotMessage;
    if (known !== null && now - known.timestamp < SNAPSHOT_AGE_MS) return known;
    this.snapshotMessage = {
      __typename: 'IngestionListSnapshot',
      ...this.envelope(now),
      rows: [...this.page],
    };
    return this.snapshotMessage;
  }

  private envelope(timestamp: number) {
    const last = this.page.at(-1);
    const endCursor = last === undefined ? null : cursorOf(this.request.filter, last);
    return { counts: this.counts, pageInfo: { hasNextPage: this.hasNextPage, endCursor }, timestamp };
  }
}

const areEqual = (a: IngestionListCounts, b: IngestionListCounts) =>
  a.active === b.active && a.failed === b.failed && a.ended === b.ended && a.hasMore === b.hasMore;
