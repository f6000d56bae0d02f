/**
 * Reads pages of lists from the store: merges what is active, failed and ended, and the projects of a filter, in the
 * order of lists. Labels, and projects that only a host's rule knows, are compared here; so it looks through a bounded
 * number for one page.
 */
import type { IngestionListStatus } from '@ingestion-progress/schema';
import type { ListAccess } from '../auth/list-access.js';
import { compareNewestFirst, type ListPlace } from '../progress/list-place.js';
import type { IngestionRecord } from '../progress/record.js';
import type { ProgressStore } from '../store/progress-store.js';
import { matches, type ListFilter, type ListPosition } from './list-filter.js';

/** One page of a list. */
export interface RecordPage {
  readonly records: readonly IngestionRecord[];
  /** Where the next page begins; null if there is none. */
  readonly next: ListPosition | null;
}

/** See the file's head. */
export interface ListReader {
  /** At most `first` ingestions behind a position. */
  page(
    filter: ListFilter,
    access: ListAccess,
    first: number,
    after: ListPosition | null,
  ): Promise<RecordPage>;
}

/** Ingestions looked at for one page. */
const MAX_LOOKED_AT = 2_000;
/** Projects in one read; the port's limit. */
const BATCH = 50;
/** Ingestions in one read if there are many reads. */
const SMALL_READ = 20;

/** Ingestions of one status and of some projects, read as they are needed. */
class Source {
  private records: readonly IngestionRecord[] = [];
  private at = 0;
  private isOver = false;

  constructor(
    private readonly store: Pick<ProgressStore, 'listByStatus'>,
    private readonly query: {
      readonly status: IngestionListStatus;
      readonly projectIds: readonly string[] | null;
      readonly startedSince: number | null;
    },
    private readonly limit: number,
    private readonly onRead: (records: readonly IngestionRecord[]) => Promise<unknown>,
    private after: ListPlace | null,
  ) {}

  /** The next one; null if there is none. */
  async peek(): Promise<IngestionRecord | null> {
    while (this.at >= this.records.length && !this.isOver) {
      const { records, next } = await this.store.listByStatus(
        { ...this.query, after: this.after },
        this.limit,
      );
      this.records = records;
      this.at = 0;
      this.after = next;
      this.isOver = next === null;
      await this.onRead(records);
    }
    return this.records[this.at] ?? null;
  }

  skip(): void {
    this.at += 1;
  }
}

/** The one whose next ingestion is the newest; null if all are exhausted. */
async function newestOf(sources: readonly Source[]) {
  let newest: { readonly source: Source; readonly record: IngestionRecord } | null = null;
  const heads = await Promise.all(sources.map(async (source) => ({ source, record: await source.peek() })));
  for (const { source, record } of heads) {
    if (record === null) continue;
    if (newest === null || compareNewestFirst(record.progress, newest.record.progress) < 0)
      newest = { source, record };
  }
  return newest;
}

/** Those of the filter that may be seen, as far as that is known beforehand; null for any. */
function projectsOf({ projectIds }: ListFilter, access: ListAccess): readonly string[] | null {
  return projectIds ?? (access.projectIds === null ? null : [...access.projectIds].sort());
}

function batchesOf(projectIds: readonly string[] | null): readonly (readonly string[] | null)[] {
  if (projectIds === null) return [null];
  const count = Math.ceil(projectIds.length / BATCH);
  return Array.from({ length: count }, (_, index) => projectIds.slice(index * BATCH, (index + 1) * BATCH));
}

/**
 * Creates a reader.
 *
 * @param newest The state of this process if it is newer than the stored one.
 */
export function createListReader(
  store: Pick<ProgressStore, 'listByStatus'>,
  newest: (stored: IngestionRecord) => IngestionRecord,
): ListReader {
  return {
    page: async (filter, access, first, after) => {
      const batches = batchesOf(projectsOf(filter, access));
      const { startedSince } = filter;
      const ask = (records: readonly IngestionRecord[]) =>
        access.learn(records.map(({ progress }) => progress.projectId));
      const sourcesOf = (statuses: readonly IngestionListStatus[], from: ListPlace | null) => {
        const wanted = statuses.filter((status) => filter.statuses.includes(status));
        const limit = wanted.length * batches.length > 2 ? Math.min(first + 1, SMALL_READ) : first + 1;
        return wanted.flatMap((status) =>
          batches.map(
            (projectIds) => new Source(store, { status, projectIds, startedSince }, limit, ask, from),
          ),
        );
      };

      const found: IngestionRecord[] = [];
      let looked = 0;
      let next: ListPosition | null = null;
      const parts = [
        { isRunning: true, statuses: ['ACTIVE'] },
        { isRunning: false, statuses: ['FAILED', 'ENDED'] },
      ] as const;
      for (const { isRunning, statuses } of parts) {
        // The first part is over for a page that begins in the second.
        if (isRunning && after?.isRunning === false) continue;
        const sources = sourcesOf(statuses, after?.isRunning === isRunning ? after : null);
        for (;;) {
          const head = await newestOf(sources);
          if (head === null) break;
          if (next !== null && (found.length >= first || looked >= MAX_LOOKED_AT))
            return { records: found, next };
          head.source.skip();
          looked += 1;
          const { startedAt, id, projectId } = head.record.progress;
          next = { isRunning, startedAt, id, projectId };
          const record = newest(head.record);
          if (access.has(projectId) && matches(filter, record.progress)) found.push(record);
        }
      }
      return { records: found, next: null };
    },
  };
}
