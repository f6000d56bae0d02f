/**
 * The event bus of a single process: commits by compare-and-set against states held in memory, and notifies listeners
 * at once. Reaches no other server; storage is the store's business.
 */
import { EventEmitter } from 'node:events';
import { isEnded } from '@ingestion-progress/schema';
import { systemClock, type CancelTimer, type Clock } from '../shared/clock.js';
import type { IngestionRecord } from '../progress/record.js';
import type { BusMessage, CommitOutcome, EventBus, RowBatch } from './event-bus.js';

/** Options of the memory bus. */
export interface MemoryBusOptions {
  /** Time; a test's manual clock. */
  readonly clock?: Clock;
  /**
   * How long a state is kept after its last change, in milliseconds; after that readers go to the store.
   * @default 3_600_000
   */
  readonly stateTtlMs?: number;
  /**
   * The same for a state that has ended; long enough for late reports to meet it.
   * @default 60_000
   */
  readonly endedTtlMs?: number;
}

/** What is known of a project. */
interface Entry {
  record: IngestionRecord | null;
  /** An ending that is being stored. */
  closing: { readonly revision: number; readonly untilMs: number } | null;
  expiresAtMs: number;
}

/** How often expired states are deleted. */
const REAP_INTERVAL_MS = 10_000;

/** Creates a bus within this process. */
export function createMemoryBus(options: MemoryBusOptions = {}): EventBus {
  const clock = options.clock ?? systemClock;
  const stateTtlMs = options.stateTtlMs ?? 3_600_000;
  const endedTtlMs = options.endedTtlMs ?? 60_000;
  const entries = new Map<string, Entry>();
  const listeners = new EventEmitter().setMaxListeners(0);
  let cancelReaper: CancelTimer | null = null;
  // A project may be named as one of the emitter's own events, such as `error`.
  const channelOf = (projectId: string) => `project ${projectId}`;

  const reap = () => {
    cancelReaper = null;
    const now = clock.now();
    for (const [projectId, entry] of entries) if (entry.expiresAtMs <= now) entries.delete(projectId);
    if (entries.size > 0) cancelReaper = clock.setTimer(REAP_INTERVAL_MS, reap);
  };

  const entryOf = (projectId: string): Entry => {
    const entry = entries.get(projectId);
    if (entry !== undefined && entry.expiresAtMs > clock.now()) return entry;
    return { record: null, closing: null, expiresAtMs: 0 };
  };

  const set = (projectId: string, entry: Entry) => {
    const ended = entry.record === null || isEnded(entry.record.progress);
    const closingUntilMs = entry.closing?.untilMs ?? 0;
    entry.expiresAtMs = Math.max(clock.now() + (ended ? endedTtlMs : stateTtlMs), closingUntilMs);
    entries.set(projectId, entry);
    cancelReaper ??= clock.setTimer(REAP_INTERVAL_MS, reap);
  };

  /** Why a change based on `baseRevision` cannot be committed; null if it can. */
  const conflictOf = (entry: Entry, baseRevision: number): CommitOutcome | null => {
    if (entry.closing !== null && entry.closing.untilMs > clock.now()) {
      return { committed: false, reason: 'closing', untilMs: entry.closing.untilMs };
    }
    if (entry.record !== null && entry.record.progress.revision > baseRevision) {
      return { committed: false, reason: 'stale', current: entry.record };
    }
    return null;
  };

  const notify = (projectId: string, message: BusMessage) => {
    listeners.emit(channelOf(projectId), message);
  };

  return {
    name: 'memory',
    sharedBetweenServers: false,
    state: 'connected',
    open: async () => undefined,
    close: async () => {
      cancelReaper?.();
      cancelReaper = null;
      entries.clear();
      listeners.removeAllListeners();
    },
    ping: async () => undefined,

    subscribe: async (projectId, listener) => {
      // Its own function, so that a second call of the result cannot remove another subscription of the same listener.
      const subscription = (message: BusMessage) => listener(message);
      listeners.on(channelOf(projectId), subscription);
      return () => void listeners.off(channelOf(projectId), subscription);
    },

    read: async (projectId) => entryOf(projectId).record,

    commit: async (change, baseRevision) => {
      const { projectId } = change.record.progress;
      const entry = entryOf(projectId);
      const conflict = conflictOf(entry, baseRevision);
      if (conflict !== null) return conflict;
      set(projectId, { ...entry, record: change.record, closing: null });
      notify(projectId, { kind: 'change', change });
      return { committed: true };
    },

    closeForEnding: async (projectId, change, baseRevision, ttlMs) => {
      const entry = entryOf(projectId);
      const { revision } = change.record.progress;
      if (entry.closing?.revision !== revision) {
        const conflict = conflictOf(entry, baseRevision);
        if (conflict !== null) return conflict;
      }
      set(projectId, { ...entry, closing: { revision, untilMs: clock.now() + ttlMs } });
      return { committed: true };
    },

    reopen: async (projectId, revision) => {
      const entry = entryOf(projectId);
      if (entry.closing?.revision === revision) set(projectId, { ...entry, closing: null });
    },

    publishStored: async (change) => {
      const { projectId, revision } = change.record.progress;
      const entry = entryOf(projectId);
      const newer = entry.record === null || entry.record.progress.revision < revision;
      const closing = entry.closing !== null && entry.closing.revision > revision ? entry.closing : null;
      set(projectId, { record: newer ? change.record : entry.record, closing, expiresAtMs: 0 });
      notify(projectId, { kind: 'change', change });
    },

    publishCommand: async (command) => notify(command.projectId, { kind: 'command', command }),

    publishRows: async (shard, batch) => listeners.emit(`rows ${shard}`, batch),
    subscribeRows: async (shard, listener) => {
      const subscription = (batch: RowBatch) => listener(batch);
      listeners.on(`rows ${shard}`, subscription);
      return () => void listeners.off(`rows ${shard}`, subscription);
    },

    onStateChange: () => () => undefined,
  };
}
