/**
 * The event bus of a single process: commits by compare-and-set against states held in memory, and tells listeners
 * at once. Knows no other server; leaves storage to the store.
 */
import { isEnded } from '@ingestion-progress/schema';
import { systemClock, type CancelTimer, type Clock } from '../shared/clock.js';
import type { IngestionChange, IngestionRecord } from '../progress/record.js';
import type { BusMessage, CommitOutcome, EventBus } from './event-bus.js';
import { createListenerTable } from './listener-table.js';

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
  /** An ending under way. */
  closing: { readonly revision: number; readonly untilMs: number } | null;
  expiresAtMs: number;
}

/** How often expired states are swept away. */
const SWEEP_EVERY_MS = 10_000;

/** Makes a bus within this process. */
export function createMemoryBus(options: MemoryBusOptions = {}): EventBus {
  const clock = options.clock ?? systemClock;
  const stateTtlMs = options.stateTtlMs ?? 3_600_000;
  const endedTtlMs = options.endedTtlMs ?? 60_000;
  const entries = new Map<string, Entry>();
  const listeners = createListenerTable<BusMessage>();
  let sweepTimer: CancelTimer | null = null;

  const sweep = () => {
    sweepTimer = null;
    const now = clock.now();
    for (const [projectId, entry] of entries) if (entry.expiresAtMs <= now) entries.delete(projectId);
    if (entries.size > 0) sweepTimer = clock.setTimer(SWEEP_EVERY_MS, sweep);
  };

  const entryOf = (projectId: string): Entry => {
    const entry = entries.get(projectId);
    if (entry !== undefined && entry.expiresAtMs > clock.now()) return entry;
    return { record: null, closing: null, expiresAtMs: 0 };
  };

  const keep = (projectId: string, entry: Entry) => {
    const ended = entry.record === null || isEnded(entry.record.progress);
    const closingUntilMs = entry.closing?.untilMs ?? 0;
    entry.expiresAtMs = Math.max(clock.now() + (ended ? endedTtlMs : stateTtlMs), closingUntilMs);
    entries.set(projectId, entry);
    sweepTimer ??= clock.setTimer(SWEEP_EVERY_MS, sweep);
  };

  /** Why a change folded from `foldedFrom` may not go in; null where it may. */
  const refusal = (entry: Entry, foldedFrom: number): CommitOutcome | null => {
    if (entry.closing !== null && entry.closing.untilMs > clock.now()) {
      return { committed: false, reason: 'closing', untilMs: entry.closing.untilMs };
    }
    if (entry.record !== null && entry.record.progress.revision > foldedFrom) {
      return { committed: false, reason: 'stale', current: entry.record };
    }
    return null;
  };

  const tell = (change: IngestionChange) =>
    listeners.tell(change.record.progress.projectId, { kind: 'change', change });

  return {
    kind: 'memory',
    state: 'connected',
    open: async () => undefined,
    close: async () => {
      sweepTimer?.();
      sweepTimer = null;
      entries.clear();
      listeners.clear();
    },
    ping: async () => undefined,

    subscribe: async (projectId, listener) => listeners.add(projectId, listener),

    read: async (projectId) => entryOf(projectId).record,

    commit: async (change, foldedFrom) => {
      const { projectId } = change.record.progress;
      const entry = entryOf(projectId);
      const refused = refusal(entry, foldedFrom);
      if (refused !== null) return refused;
      keep(projectId, { ...entry, record: change.record, closing: null });
      tell(change);
      return { committed: true };
    },

    closeForEnding: async (projectId, change, foldedFrom, ttlMs) => {
      const entry = entryOf(projectId);
      const { revision } = change.record.progress;
      if (entry.closing?.revision !== revision) {
        const refused = refusal(entry, foldedFrom);
        if (refused !== null) return refused;
      }
      keep(projectId, { ...entry, closing: { revision, untilMs: clock.now() + ttlMs } });
      return { committed: true };
    },

    reopen: async (projectId, revision) => {
      const entry = entryOf(projectId);
      if (entry.closing?.revision === revision) keep(projectId, { ...entry, closing: null });
    },

    publishStored: async (change) => {
      const { projectId, revision } = change.record.progress;
      const entry = entryOf(projectId);
      const newer = entry.record === null || entry.record.progress.revision < revision;
      const closing = entry.closing !== null && entry.closing.revision > revision ? entry.closing : null;
      keep(projectId, { record: newer ? change.record : entry.record, closing, expiresAtMs: 0 });
      tell(change);
    },

    publishCommand: async (command) => listeners.tell(command.projectId, { kind: 'command', command }),

    onStateChange: () => () => undefined,
  };
}
