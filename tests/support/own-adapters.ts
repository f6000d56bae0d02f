/** A store and a bus as a host might write them, under names of their own; from the public types alone. */
import { isEnded, type RecordedEvent } from '@ingestion-progress/schema';
import {
  compareNewestFirst,
  dueKeyAt,
  dueKeyOf,
  listStatusOf,
  openIngestionOf,
  ProgressError,
  type BusMessage,
  type BusState,
  type CommitOutcome,
  type EventBus,
  type IngestionChange,
  type IngestionRecord,
  type Lease,
  type OpenIngestion,
  type Page,
  type PageRequest,
  type StoredProblem,
  type ProgressStore,
  type RowBatch,
  type StoreWrite,
  type WriteOutcome,
} from '../../server/index.js';

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

interface Ingestion {
  record: IngestionRecord;
  log: RecordedEvent[];
  problems?: StoredProblem[];
  /** Problems beyond the most. */
  uncounted?: StoredProblem[];
}

/** What a ledger is written on; two stores may share one. */
export type Pages = Map<string, Ingestion[]>;

/** A store that keeps each project's ingestions in a list, oldest first. */
export function createLedgerStore(
  options: { readonly maxEvents?: number; readonly pages?: Pages; readonly leases?: Map<string, Lease> } = {},
): ProgressStore {
  const { maxEvents = 500, pages = new Map() as Pages, leases = new Map<string, Lease>() } = options;
  let isOpen = false;

  const ingestionsOf = (projectId: string): Ingestion[] => {
    if (!isOpen) throw new ProgressError('UNAVAILABLE', 'The ledger is closed.');
    return pages.get(projectId) ?? [];
  };

  const append = (ingestion: Ingestion, events: readonly RecordedEvent[]) => {
    const byId = new Map([...ingestion.log, ...copy(events)].map((event) => [event.id, event]));
    ingestion.log = [...byId.values()].sort((a, b) => a.revision - b.revision || a.timestamp - b.timestamp);
    while (ingestion.log.length > maxEvents) {
      const explains = ['ingestion_started', 'ingestion_complete', 'error', 'cancelled'];
      const update = ingestion.log.findIndex(({ type }) => type === 'progress_update');
      const other = ingestion.log.findIndex(({ type }) => !explains.includes(type));
      ingestion.log.splice(update >= 0 ? update : other >= 0 ? other : 1, 1);
    }
  };

  const checkBatch = (projectIds: readonly string[]) => {
    if (projectIds.length > 50) throw new RangeError('A batch takes at most 50 projects.');
    if (new Set(projectIds).size < projectIds.length)
      throw new RangeError('A batch takes each project at most once.');
  };

  const writeOne = ({ record, guard, events }: StoreWrite): WriteOutcome => {
    const { projectId, id, revision } = record.progress;
    const ingestions = ingestionsOf(projectId);
    const latest = ingestions.at(-1);
    const stored = latest?.record.progress;
    const isNewer = stored === undefined || stored.revision < revision;
    const mayStart = isNewer && stored?.id !== id && stored?.status !== 'RUNNING';
    const mayChange =
      stored !== undefined &&
      isNewer &&
      stored.id === id &&
      !isEnded(stored) &&
      (guard.kind !== 'change-from' || guard.revision === stored.revision);
    if (!(guard.kind === 'start' ? mayStart : mayChange)) {
      return { written: false, current: latest === undefined ? null : copy(latest.record) };
    }
    const ingestion: Ingestion =
      guard.kind === 'start' || latest === undefined ? { record, log: [] } : latest;
    ingestion.record = copy(record);
    if (ingestion !== latest) pages.set(projectId, [...ingestions, ingestion]);
    append(ingestion, events);
    return { written: true };
  };

  /** A page of a sorted list; a cursor is the item's own key. */
  const pageOf = <T>(
    items: readonly T[],
    keyOf: (item: T) => string,
    { first, after }: PageRequest,
  ): Page<T> => {
    const index = after === null ? -1 : items.findIndex((item) => keyOf(item) === after);
    if (after !== null && index < 0) throw new ProgressError('BAD_USER_INPUT', 'after: must be a cursor.');
    const following = items.slice(index + 1);
    const nodes = following.slice(0, first).map((item) => ({ cursor: keyOf(item), node: copy(item) }));
    return { items: nodes, hasNextPage: following.length > first };
  };

  const readLatest = (projectId: string) => {
    const latest = ingestionsOf(projectId).at(-1);
    return latest === undefined ? null : copy(latest.record);
  };

  return {
    name: 'ledger',
    exclusive: false,
    open: async () => {
      isOpen = true;
    },
    close: async () => {
      isOpen = false;
    },
    ping: async () => void ingestionsOf(''),
    read: async (projectId) => readLatest(projectId),
    readMany: async (projectIds) => {
      checkBatch(projectIds);
      const found = projectIds.map((projectId) => [projectId, readLatest(projectId)] as const);
      return new Map(found.flatMap(([projectId, record]) => (record === null ? [] : [[projectId, record]])));
    },
    readIngestion: async (projectId, ingestionId) => {
      const found = ingestionsOf(projectId).find(({ record }) => record.progress.id === ingestionId);
      return found === undefined ? null : copy(found.record);
    },
    listIngestions: async (projectId, page) => {
      const newestFirst = ingestionsOf(projectId)
        .map(({ record }) => record)
        .sort((a, b) => b.progress.startedAt - a.progress.startedAt);
      return pageOf(newestFirst, ({ progress }) => progress.id, page);
    },
    listByStatus: async ({ status, projectIds, startedSince, after }, limit) => {
      checkBatch(projectIds ?? []);
      ingestionsOf('');
      const following = [...pages.values()]
        .flatMap((ingestions) => ingestions.map(({ record }) => record))
        .filter(({ progress }) => listStatusOf(progress) === status)
        .filter(({ progress }) => projectIds?.includes(progress.projectId) ?? true)
        .filter(({ progress }) => startedSince === null || progress.startedAt >= startedSince)
        .filter(({ progress }) => after === null || compareNewestFirst(after, progress) < 0)
        .sort((a, b) => compareNewestFirst(a.progress, b.progress));
      const records = copy(following.slice(0, limit));
      const last = records.at(-1)?.progress;
      return { records, next: last === undefined || following.length <= limit ? null : last };
    },
    listEvents: async (projectId, ingestionId, page) => {
      const found = ingestionsOf(projectId).find(({ record }) => record.progress.id === ingestionId);
      return pageOf(found?.log ?? [], ({ id }) => id, page);
    },
    write: async (writes) => {
      checkBatch(writes.map(({ record }) => record.progress.projectId));
      return writes.map(writeOne);
    },
    appendEvents: async (projectId, ingestionId, events) => {
      const found = ingestionsOf(projectId).find(({ record }) => record.progress.id === ingestionId);
      if (found !== undefined) append(found, events);
    },
    appendProblems: async (projectId, ingestionId, problems, most) => {
      const found = ingestionsOf(projectId).find(({ record }) => record.progress.id === ingestionId);
      if (found === undefined) throw new ProgressError('INTERNAL_SERVER_ERROR', 'Not in the ledger.');
      const attempt = problems[0]?.attempt;
      const keyOf = (one: StoredProblem) => JSON.stringify([one.attempt, one.phase, one.item, one.code]);
      let kept = found.problems ?? [];
      const beyond = found.uncounted ?? [];
      const counts = { added: 0, counted: 0 };
      for (const problem of problems) {
        if (kept.some((one) => keyOf(one) === keyOf(problem))) continue;
        const oldest = kept.findIndex((one) => one.attempt < problem.attempt);
        if (kept.length >= most && oldest >= 0) kept = kept.toSpliced(oldest, 1);
        if (kept.length < most) {
          kept = [...kept, copy(problem)];
          counts.added += 1;
        } else {
          beyond.push(copy(problem));
          counts.counted += 1;
        }
      }
      Object.assign(found, { problems: kept, uncounted: beyond });
      const totals = [...kept, ...beyond]
        .filter((one) => one.attempt === attempt)
        .map(({ code, severity }) => ({ code, severity, count: 1 }));
      return { ...counts, totals };
    },
    listProblems: async (projectId, ingestionId, { attempt, severity, code }, page) => {
      const found = ingestionsOf(projectId).find(({ record }) => record.progress.id === ingestionId);
      const matching = (found?.problems ?? [])
        .filter((one) => one.attempt === attempt)
        .filter((one) => (severity ?? one.severity) === one.severity && (code ?? one.code) === one.code)
        .sort((a, b) => a.reportedAt - b.reportedAt || a.index - b.index);
      return pageOf(matching, ({ item, code: of, phase }) => JSON.stringify([phase, item, of]), page);
    },
    listOpen: async (query, limit) => {
      ingestionsOf('');
      const open = [...pages.keys()].flatMap((projectId) => {
        const record = readLatest(projectId);
        return record === null ? [] : (openIngestionOf(record) ?? []);
      });
      if (query.list === 'owned') {
        const isOwned = ({ status, ownerServerId: owner }: OpenIngestion) =>
          status === 'RUNNING' && owner !== null && !query.exceptBy.includes(owner);
        return { items: open.filter(isOwned).slice(0, limit), next: null };
      }
      const { list, before, after } = query;
      const due = open
        .map((one) => ({ one, key: dueKeyOf(one) }))
        .filter(({ key }) => key > (after ?? dueKeyAt(list, 0)) && key < dueKeyAt(list, before))
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .slice(0, limit);
      const next = due.length < limit ? null : (due.at(-1)?.key ?? null);
      return { items: due.map(({ one }) => one), next };
    },
    renewLease: async (lease) => {
      ingestionsOf('');
      leases.set(lease.serverId, lease);
    },
    listLeases: async () => {
      ingestionsOf('');
      return [...leases.values()];
    },
    dropLease: async (serverId) => {
      ingestionsOf('');
      leases.delete(serverId);
    },
    deleteBefore: async (cutoffMs, limit) => {
      ingestionsOf('');
      let deleted = 0;
      for (const [projectId, ingestions] of pages) {
        const kept = ingestions.filter(({ record: { progress } }, index) => {
          const isOld = isEnded(progress) && progress.updatedAt < cutoffMs;
          const isLatest = index === ingestions.length - 1;
          if (isOld && isLatest)
            Object.assign(ingestions[index] as Ingestion, { log: [], problems: [], uncounted: [] });
          if (!isOld || isLatest || deleted === limit) return true;
          deleted += 1;
          return false;
        });
        pages.set(projectId, kept);
      }
      for (const { serverId, renewedAt, ttlMs } of leases.values()) {
        if (renewedAt + ttlMs < cutoffMs) leases.delete(serverId);
      }
      return { deleted, hasMore: deleted === limit };
    },
  };
}

/** One server's end of a tube. */
export interface TubeEnd extends EventBus {
  /** Changes that were committed at this end. */
  readonly commits: number;
  /** Cuts this end off, or joins it again. */
  setState(state: BusState): void;
}

/** A bus whose ends all hear each other; each call of the result is another server's end. */
export function createTube(): () => TubeEnd {
  const states = new Map<string, IngestionRecord>();
  const closings = new Map<string, { readonly revision: number; readonly untilMs: number }>();
  const rowListeners = new Map<number, Set<(batch: RowBatch) => void>>();
  const ends = new Set<{ deliver(projectId: string, message: BusMessage): void }>();

  const conflictOf = (projectId: string, baseRevision: number): CommitOutcome | null => {
    const closing = closings.get(projectId);
    if (closing !== undefined && closing.untilMs > Date.now()) {
      return { committed: false, reason: 'closing', untilMs: closing.untilMs };
    }
    const current = states.get(projectId);
    if (current === undefined || current.progress.revision <= baseRevision) return null;
    return { committed: false, reason: 'stale', current };
  };

  return () => {
    let state: BusState = 'connected';
    let commits = 0;
    const listeners = new Map<object, { projectId: string; listener: (message: BusMessage) => void }>();
    const stateListeners = new Map<object, (state: BusState) => void>();
    const deliverHere = (projectId: string, message: BusMessage) => {
      for (const one of [...listeners.values()]) if (one.projectId === projectId) one.listener(copy(message));
    };
    ends.add({
      deliver: (projectId, message) => {
        if (state === 'connected') deliverHere(projectId, message);
      },
    });
    const check = () => {
      if (state === 'disconnected') throw new ProgressError('UNAVAILABLE', 'The tube is cut.');
    };
    const deliver = (projectId: string, message: BusMessage) => {
      if (state === 'connected') for (const end of ends) end.deliver(projectId, message);
      else deliverHere(projectId, message);
      check();
    };
    const set = (change: IngestionChange) => {
      const { projectId, revision } = change.record.progress;
      if ((states.get(projectId)?.progress.revision ?? 0) < revision)
        states.set(projectId, copy(change.record));
      const closing = closings.get(projectId);
      if (closing !== undefined && closing.revision <= revision) closings.delete(projectId);
    };
    return {
      name: 'tube',
      sharedBetweenServers: true,
      get state() {
        return state;
      },
      get commits() {
        return commits;
      },
      setState: (next) => {
        state = next;
        for (const listener of stateListeners.values()) listener(next);
      },
      open: async () => undefined,
      close: async () => listeners.clear(),
      ping: async () => check(),
      subscribe: async (projectId, listener) => {
        const key = {};
        listeners.set(key, { projectId, listener });
        return () => void listeners.delete(key);
      },
      read: async (projectId) => {
        check();
        return states.get(projectId) ?? null;
      },
      commit: async (change, baseRevision) => {
        check();
        const { projectId } = change.record.progress;
        const conflict = conflictOf(projectId, baseRevision);
        if (conflict !== null) return conflict;
        commits += 1;
        set(change);
        deliver(projectId, { kind: 'change', change });
        return { committed: true };
      },
      publishRows: async (shard, batch) => {
        check();
        rowListeners.get(shard)?.forEach((listener) => listener(copy(batch)));
        return (rowListeners.get(shard)?.size ?? 0) > 0;
      },
      subscribeRows: async (shard, listener) => {
        const attached = (batch: RowBatch) => listener(batch);
        rowListeners.set(shard, (rowListeners.get(shard) ?? new Set()).add(attached));
        return () => void rowListeners.get(shard)?.delete(attached);
      },
      closeForEnding: async (projectId, change, baseRevision, ttlMs) => {
        check();
        const { revision } = change.record.progress;
        const isOurs = closings.get(projectId)?.revision === revision;
        const conflict = isOurs ? null : conflictOf(projectId, baseRevision);
        if (conflict !== null) return conflict;
        closings.set(projectId, { revision, untilMs: Date.now() + ttlMs });
        return { committed: true };
      },
      reopen: async (projectId, revision) => {
        check();
        if (closings.get(projectId)?.revision === revision) closings.delete(projectId);
      },
      publishStored: async (change) => {
        if (state === 'connected') set(change);
        deliver(change.record.progress.projectId, { kind: 'change', change });
      },
      publishCommand: async (command) => deliver(command.projectId, { kind: 'command', command }),
      onStateChange: (listener) => {
        const key = {};
        stateListeners.set(key, listener);
        return () => void stateListeners.delete(key);
      },
    };
  };
}
