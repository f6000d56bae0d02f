/**
 * How many connections one subject, one address and all together may hold: acknowledged WebSockets and event streams,
 * counted alike. WebSockets that have not said who they are have quotas of their own, in `UnacknowledgedQueue`.
 */
import type { LimitLogger } from '../observability/limit-logger.js';
import { addressBlock } from './client-address.js';

/** Limits of open connections. */
export interface ConnectionQuotaLimits {
  /** Of one token subject. */
  readonly perViewer: number;
  /** Of one address; of a /64 for IPv6. */
  readonly perAddress: number;
  readonly total: number;
}

/** See the file's head. */
export interface ConnectionQuotas {
  /** Counts a connection; false, and logged, if it would be one too many. */
  acquire(subject: string, address: string): boolean;
  /** Frees a connection; to be called once for each one acquired. */
  release(subject: string, address: string): void;
}

/** Counts by key, forgetting those at 0. */
function createCounts() {
  const counts = new Map<string, number>();
  return {
    of: (key: string) => counts.get(key) ?? 0,
    add: (key: string, change: 1 | -1) => {
      const count = (counts.get(key) ?? 0) + change;
      if (count <= 0) counts.delete(key);
      else counts.set(key, count);
    },
  };
}

/** Creates the quotas; they hold nothing for whoever has no connection. */
export function createConnectionQuotas(
  limits: ConnectionQuotaLimits,
  limitLogger: LimitLogger,
): ConnectionQuotas {
  const bySubject = createCounts();
  const byAddress = createCounts();
  let total = 0;

  function add(subject: string, address: string, change: 1 | -1): void {
    bySubject.add(subject, change);
    byAddress.add(addressBlock(address), change);
    total += change;
  }

  return {
    // The subject first: whoever holds too many is refused by name, before their neighbours are.
    acquire: (subject, address) => {
      const block = addressBlock(address);
      if (bySubject.of(subject) >= limits.perViewer)
        limitLogger.logExceeded('connections of a viewer', subject, limits.perViewer);
      else if (byAddress.of(block) >= limits.perAddress)
        limitLogger.logExceeded('connections of an address', block, limits.perAddress);
      else if (total >= limits.total) limitLogger.logExceeded('connections', 'all', limits.total);
      else {
        add(subject, address, 1);
        return true;
      }
      return false;
    },
    release: (subject, address) => add(subject, address, -1),
  };
}

/** Connections that have not said who they are, oldest first. */
export interface UnacknowledgedQueue<T> {
  /** Adds one; returns the oldest, now removed, if its address or all together have too many. */
  add(connection: T, address: string): T | null;
  /** Removes one; does nothing if it is not there. */
  delete(connection: T): void;
}

/**
 * Creates a queue. If it is full, the oldest makes room: an honest client says who it is at once, so a newcomer is
 * worth more than what has been silent for longest.
 */
export function createUnacknowledgedQueue<T>(limits: {
  readonly perAddress: number;
  readonly total: number;
}): UnacknowledgedQueue<T> {
  /** Its block of addresses by connection, in order of arrival. */
  const all = new Map<T, string>();
  const byBlock = new Map<string, Set<T>>();

  function remove(connection: T): void {
    const block = all.get(connection);
    if (block === undefined) return;
    all.delete(connection);
    const others = byBlock.get(block);
    others?.delete(connection);
    if (others?.size === 0) byBlock.delete(block);
  }

  return {
    add: (connection, address) => {
      const block = addressBlock(address);
      const neighbours = byBlock.get(block) ?? new Set();
      byBlock.set(block, neighbours.add(connection));
      all.set(connection, block);
      const crowd = neighbours.size > limits.perAddress ? neighbours : all.size > limits.total ? all : null;
      const [oldest] = crowd?.keys() ?? [];
      if (oldest === undefined) return null;
      remove(oldest);
      return oldest;
    },
    delete: remove,
  };
}
