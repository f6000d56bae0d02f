/**
 * Rows between servers: what this one commits leaves it as one batch a second for each shard, and endings at once.
 * Nothing is sent while there are no other servers, and few while none of them listens. What is lost is found by the index.
 */
import { createHash } from 'node:crypto';
import type { IngestionRow } from '@ingestion-progress/schema';
import { ROW_SHARDS, type EventBus, type RowBatch } from '../bus/event-bus.js';
import type { Logger } from '../observability/logger.js';
import { listStatusOf } from '../progress/list-place.js';
import type { IngestionRecord } from '../progress/record.js';
import type { CancelTimer, Clock } from '../shared/clock.js';
import type { Unsubscribe } from '../shared/unsubscribe.js';
import { rowBytes, rowOf } from './row.js';

/** Options of the exchange. */
export interface RowExchangeOptions {
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly serverId: string;
  /** True while there are other servers. */
  readonly hasPeers: () => boolean;
}

/** See the file's head. */
export interface RowExchange {
  /** Sends the row of what was committed here, soon. */
  send(record: IngestionRecord): void;
  /** Listens to the rows of other servers; resolves once every shard is attached. */
  listen(listener: (row: IngestionRow) => void): Promise<Unsubscribe>;
  /** Sends nothing any more. */
  close(): void;
}

/** Milliseconds between two batches of a shard. */
const BATCH_MS = 1_000;
/** Milliseconds that an ending waits for others. */
const ENDING_MS = 50;
/** Milliseconds without updates after a batch that nobody heard. */
const SILENCE_MS = 5_000;
/** Rows that wait at most. */
const MAX_WAITING = 20_000;
/** Bytes of one batch, estimated; a row alone may be larger. */
const MAX_BATCH_BYTES = 262_144;

/** The shard of a project. */
export function shardOf(projectId: string): number {
  return createHash('sha1').update(projectId).digest().readUInt8(0) % ROW_SHARDS;
}

/** The records that wait for one shard, the newest of each project. */
class Shard {
  readonly waiting = new Map<string, IngestionRecord>();
  silentUntil = 0;
  cancelTimer: CancelTimer | null = null;
  dueAt = Number.POSITIVE_INFINITY;
  lastSentAt = Number.NEGATIVE_INFINITY;
}

/** Splits rows into batches of a bounded size. */
function* batchesOf(rows: readonly IngestionRow[]): Generator<readonly IngestionRow[]> {
  let batch: IngestionRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = rowBytes(row);
    if (batch.length > 0 && bytes + size > MAX_BATCH_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(row);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** The same bus, which calls the function with each state that this server commits through it. */
export function observeCommits(bus: EventBus, onCommitted: (record: IngestionRecord) => void): EventBus {
  const observed: Pick<EventBus, 'commit' | 'publishStored'> = {
    commit: async (change, baseRevision) => {
      const outcome = await bus.commit(change, baseRevision);
      if (outcome.committed) onCommitted(change.record);
      return outcome;
    },
    publishStored: (change) => {
      onCommitted(change.record);
      return bus.publishStored(change);
    },
  };
  return new Proxy(bus, {
    get: (target, key) =>
      Object.hasOwn(observed, key) ? Reflect.get(observed, key) : (Reflect.get(target, key) as unknown),
  });
}

/** Creates the exchange of a server. */
export function createRowExchange({
  bus,
  clock,
  logger,
  serverId,
  hasPeers,
}: RowExchangeOptions): RowExchange {
  const shards = Array.from({ length: ROW_SHARDS }, () => new Shard());
  let waiting = 0;
  let isClosed = false;

  const flush = async (shard: Shard, index: number): Promise<void> => {
    shard.cancelTimer = null;
    shard.dueAt = Number.POSITIVE_INFINITY;
    shard.lastSentAt = clock.monotonicNow();
    const rows = [...shard.waiting.values()].map(rowOf);
    waiting -= rows.length;
    shard.waiting.clear();
    try {
      let isHeard = false;
      for (const batch of batchesOf(rows))
        isHeard = (await bus.publishRows(index, { from: serverId, rows: batch })) || isHeard;
      if (!isHeard) shard.silentUntil = clock.monotonicNow() + SILENCE_MS;
    } catch (cause) {
      logger.debug({ shard: index, rows: rows.length, cause }, 'rows of lists not sent');
    }
  };

  const schedule = (shard: Shard, index: number, dueAt: number) => {
    if (dueAt >= shard.dueAt || isClosed) return;
    shard.cancelTimer?.();
    shard.dueAt = dueAt;
    const delayMs = Math.max(0, dueAt - clock.monotonicNow());
    shard.cancelTimer = clock.setTimer(delayMs, () => void flush(shard, index));
  };

  return {
    send: (record) => {
      if (isClosed || !bus.sharedBetweenServers || bus.state !== 'connected' || !hasPeers()) return;
      const { projectId } = record.progress;
      const index = shardOf(projectId);
      const shard = shards[index];
      if (shard === undefined) return;
      const now = clock.monotonicNow();
      const isActive = listStatusOf(record.progress) === 'ACTIVE';
      if (isActive && now < shard.silentUntil) return;
      if (!shard.waiting.has(projectId)) {
        if (waiting >= MAX_WAITING) return;
        waiting += 1;
      }
      shard.waiting.set(projectId, record);
      schedule(shard, index, isActive ? Math.max(now, shard.lastSentAt + BATCH_MS) : now + ENDING_MS);
    },
    listen: async (listener) => {
      const receive = ({ from, rows }: RowBatch) => {
        if (from !== serverId) for (const row of rows) listener(row);
      };
      const attached = await Promise.allSettled(shards.map((_, index) => bus.subscribeRows(index, receive)));
      const unsubscribe = () => {
        for (const one of attached) if (one.status === 'fulfilled') one.value();
      };
      const failed = attached.find((one) => one.status === 'rejected');
      if (failed === undefined) return unsubscribe;
      unsubscribe();
      throw failed.reason;
    },
    close: () => {
      isClosed = true;
      for (const shard of shards) shard.cancelTimer?.();
    },
  };
}
