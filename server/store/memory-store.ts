/** The progress store in this process's memory: for tests and for hosts that keep nothing. What it holds dies with the process. */
import { isEnded, type RecordedEvent } from '@ingestion-progress/schema';
import { ProgressError } from '../shared/errors.js';
import { openIngestionOf } from '../progress/open-ingestion.js';
import type { IngestionRecord } from '../progress/record.js';
import { DEFAULT_MAX_LOG_ENTRIES, entriesToDrop, rankOf } from './log-trimming.js';
import { createMemoryProblems } from './memory-problems.js';
import { eventPosition, ingestionPosition, pageOfAll, pageOfList, pageOfOpen, sortKey } from './paging.js';
import type { Lease, ProgressStore, StoreWrite, WriteOutcome } from './progress-store.js';
import { admits, checkBatch } from './write-guard.js';

/** Options of the memory store. */
export interface MemoryStoreOptions {
  /**
   * Log entries kept of one ingestion; the oldest updates go first.
   * @default 500
   */
  readonly maxLogEntries?: number;
}

/** Creates a store that lives in memory. */
export function createMemoryStore(options: MemoryStoreOptions = {}): ProgressStore {
  const maxLogEntries = options.maxLogEntries ?? DEFAULT_MAX_LOG_ENTRIES;
  const latest = new Map<string, IngestionRecord>();
  const history = new Map<string, Map<string, IngestionRecord>>();
  /** Logs by project and ingestion, entries by id. */
  const logs = new Map<string, Map<string, Map<string, RecordedEvent>>>();
  const problems = createMemoryProblems();
  const leases = new Map<string, Lease>();
  let open = false;

  const checkOpen = () => {
    if (!open) throw new ProgressError('UNAVAILABLE', 'The store is not open; await open() first.');
  };

  const append = (projectId: string, ingestionId: string, events: readonly RecordedEvent[]) => {
    if (events.length === 0) return;
    const project = logs.get(projectId) ?? new Map<string, Map<string, RecordedEvent>>();
    logs.set(projectId, project);
    const log = project.get(ingestionId) ?? new Map<string, RecordedEvent>();
    project.set(ingestionId, log);
    for (const event of events) log.set(event.id, event);
    if (log.size <= maxLogEntries) return;
    const key = (event: RecordedEvent) => sortKey(eventPosition(event));
    const sorted = [...log.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
    const entries = sorted.map(({ id, type }) => ({ id, rank: rankOf(type) }));
    for (const { id } of entriesToDrop(entries, maxLogEntries)) log.delete(id);
  };

  const writeOne = (write: StoreWrite): WriteOutcome => {
    const { projectId, id } = write.record.progress;
    const current = latest.get(projectId) ?? null;
    if (!admits(write, current)) return { written: false, current };
    if (write.guard.kind === 'start' && current !== null) {
      const earlier = history.get(projectId) ?? new Map<string, IngestionRecord>();
      history.set(projectId, earlier.set(current.progress.id, current));
    }
    latest.set(projectId, write.record);
    append(projectId, id, write.events);
    return { written: true };
  };

  const dropLog = (projectId: string, ingestionId: string) => {
    problems.delete(projectId, ingestionId);
    const project = logs.get(projectId);
    project?.delete(ingestionId);
    if (project?.size === 0) logs.delete(projectId);
  };

  return {
    name: 'memory',
    exclusive: true,
    open: async () => {
      open = true;
    },
    close: async () => {
      open = false;
    },
    ping: async () => checkOpen(),

    read: async (projectId) => {
      checkOpen();
      return latest.get(projectId) ?? null;
    },
    readMany: async (projectIds) => {
      checkOpen();
      checkBatch(projectIds);
      const found = new Map<string, IngestionRecord>();
      for (const projectId of projectIds) {
        const record = latest.get(projectId);
        if (record !== undefined) found.set(projectId, record);
      }
      return found;
    },
    readIngestion: async (projectId, ingestionId) => {
      checkOpen();
      const current = latest.get(projectId);
      if (current?.progress.id === ingestionId) return current;
      return history.get(projectId)?.get(ingestionId) ?? null;
    },
    listIngestions: async (projectId, page) => {
      checkOpen();
      const current = latest.get(projectId);
      const all = [...(history.get(projectId)?.values() ?? []), ...(current === undefined ? [] : [current])];
      return pageOfAll(all, page, (record) => ingestionPosition(record.progress), 'falling');
    },
    listByStatus: async (query, limit) => {
      checkOpen();
      checkBatch(query.projectIds ?? []);
      const earlier = [...history.values()].flatMap((of) => [...of.values()]);
      return pageOfList([...latest.values(), ...earlier], query, limit);
    },
    listEvents: async (projectId, ingestionId, page) => {
      checkOpen();
      const log = logs.get(projectId)?.get(ingestionId);
      return pageOfAll([...(log?.values() ?? [])], page, eventPosition, 'rising');
    },

    write: async (writes) => {
      checkOpen();
      checkBatch(writes.map((write) => write.record.progress.projectId));
      return writes.map(writeOne);
    },
    appendEvents: async (projectId, ingestionId, events) => {
      checkOpen();
      append(projectId, ingestionId, events);
    },

    appendProblems: async (...args) => {
      checkOpen();
      return problems.appendProblems(...args);
    },
    listProblems: async (...args) => {
      checkOpen();
      return problems.listProblems(...args);
    },

    listOpen: async (query, limit) => {
      checkOpen();
      const open = [...latest.values()].flatMap((record) => openIngestionOf(record) ?? []);
      return pageOfOpen(open, query, limit);
    },

    renewLease: async (lease) => {
      checkOpen();
      leases.set(lease.serverId, lease);
    },
    listLeases: async () => {
      checkOpen();
      return [...leases.values()];
    },
    dropLease: async (serverId) => {
      checkOpen();
      leases.delete(serverId);
    },

    deleteBefore: async (cutoffMs, limit) => {
      checkOpen();
      for (const lease of leases.values()) {
        if (lease.renewedAt + lease.ttlMs < cutoffMs) leases.delete(lease.serverId);
      }
      for (const { progress } of latest.values()) {
        if (isEnded(progress) && progress.updatedAt < cutoffMs) dropLog(progress.projectId, progress.id);
      }
      let deleted = 0;
      for (const [projectId, earlier] of history) {
        for (const [ingestionId, record] of earlier) {
          if (record.progress.updatedAt >= cutoffMs) continue;
          if (deleted === limit) return { deleted, hasMore: true };
          earlier.delete(ingestionId);
          dropLog(projectId, ingestionId);
          deleted += 1;
        }
        if (earlier.size === 0) history.delete(projectId);
      }
      return { deleted, hasMore: false };
    },
  };
}
