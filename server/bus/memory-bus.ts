/**
 * The event bus of a single process: commits by compare-and-set against states held in memory, and notifies listeners
 * synchronously. Knows no other server; leaves storage to the store.
 */
import { EventEmitter } from 'node:events';
import { isEnded } from '@ingestion-progress/schema';
import { systemClock, type CancelTimer, type Clock } from '../shared/clock.js';
import type { IngestionChange, IngestionRecord } from '../progress/record.js';
import type { BusMessage, CommitOutcome, EventBus } from './event-bus.js';

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
  /** An ending being stored. */
  closing: { readonly revision: number; readonly untilMs: number } | null;
  expiresAtMs: number;
}

/** How often expired states are deleted, in milliseconds. */
const EXPIRE_EVERY_MS = 10_000;

/** Creates a bus within this process. */
export function createMemoryBus(options: MemoryBusOptions = {}): EventBus {
  const clock = options.clock ?? systemClock;
  const stateTtlMs = options.stateTtlMs ?? 3_600_000;
  const endedTtlMs = options.endedTtlMs ?? 60_000;
  const entries = new Map<string, Entry>();
  const emitter = new EventEmitter().setMaxListeners(0);
  let expiryTimer: CancelTimer | null = null;

  const deleteExpired = () => {
    expiryTimer = null;
    const now = clock.now();
    for (const [projectId, entry] of entries) if (entry.expiresAtMs <= now) entries.delete(projectId);
    if (entries.size > 0) expiryTimer = clock.setTimer(EXPIRE_EVERY_MS, deleteExpired);
  };

  const entryOf = (projectId: string): Entry => {
    const entry = entries.get(projectId);
    if (entry !== undefined && entry.expiresAtMs > clock.now()) return entry;
    return { record: null, closing: null, expiresAtMs: 0 };
  };

  const setEntry = (projectId: string, entry: Entry) => {
    const isOver = entry.record === null || isEnded(entry.record.progress);
    const closingUntilMs = entry.closing?.untilMs ?? 0;
    entry.expiresAtMs = Math.max(clock.now() + (isOver ? endedTtlMs : stateTtlMs), closingUntilMs);
    entries.set(projectId, entry);
    expiryTimer ??= clock.setTimer(EXPIRE_EVERY_MS, deleteExpired);
  };

  /** Why a change based on `baseRevision` is refused; null if it is not. */
  const refusal = (entry: Entry, baseRevision: number): CommitOutcome | null => {
    if (entry.closing !== null && entry.closing.untilMs > clock.now()) {
      return { committed: false, reason: 'closing', untilMs: entry.closing.untilMs };
    }
    if (entry.record !== null && entry.record.progress.revision > baseRevision) {
      return { committed: false, reason: 'stale', current: entry.record };
    }
    return null;
  };

  // Prefixed: to an EventEmitter `error` is no event like the others, and it may be a project's id.
  const eventOf = (projectId: string) => `project:${projectId}`;
  const notify = (projectId: string, message: BusMessage) => void emitter.emit(eventOf(projectId), message);
  const publish = (change: IngestionChange) =>
    notify(change.record.progress.projectId, { kind: 'change', change });

  return {
    kind: 'memory',
    state: 'connected',
    open: async () => undefined,
    close: async () => {
      expiryTimer?.();
      expiryTimer = null;
      entries.clear();
      emitter.removeAllListeners();
    },
    ping: async () => undefined,

    subscribe: async (projectId, listener) => {
      // Its own function each time: the same listener may be attached twice.
      const attached = (message: BusMessage) => listener(message);
      emitter.on(eventOf(projectId), attached);
      return () => void emitter.off(eventOf(projectId), attached);
    },

    read: async (projectId) => entryOf(projectId).record,

    commit: async (change, baseRevision) => {
      const { projectId } = change.record.progress;
      const entry = entryOf(projectId);
      const refused = refusal(entry, baseRevision);
      if (refused !== null) return refused;
      setEntry(projectId, { ...entry, record: change.record, closing: null });
      publish(change);
      return { committed: true };
    },

    closeForEnding: async (projectId, change, baseRevision, ttlMs) => {
      const entry = entryOf(projectId);
      const { revision } = change.record.progress;
      if (entry.closing?.revision !== revision) {
        const refused = refusal(entry, baseRevision);
        if (refused !== null) return refused;
      }
      setEntry(projectId, { ...entry, closing: { revision, untilMs: clock.now() + ttlMs } });
      return { committed: true };
    },

    reopen: async (projectId, revision) => {
      const entry = entryOf(projectId);
      if (entry.closing?.revision === revision) setEntry(projectId, { ...entry, closing: null });
    },

    publishStored: async (change) => {
      const { projectId, revision } = change.record.progress;
      const entry = entryOf(projectId);
      const newer = entry.record === null || entry.record.progress.revision < revision;
      const closing = entry.closing !== null && entry.closing.revision > revision ? entry.closing : null;
      setEntry(projectId, { record: newer ? change.record : entry.record, closing, expiresAtMs: 0 });
      publish(change);
    },

    publishCommand: async (command) => notify(command.projectId, { kind: 'command', command }),

    onStateChange: () => () => undefined,
  };
}
