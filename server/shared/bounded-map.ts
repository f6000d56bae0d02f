/**
 * A map that cannot grow without end: bounded by entries and, if sizes are given, by bytes; the least recently used
 * entry is evicted first, and an entry may expire. A thin wrapper around lru-cache that runs on our clock.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.js';

/** Bounds of a map. */
export interface BoundedMapOptions<V> {
  readonly maxEntries: number;
  /** Most bytes of all entries together, as `sizeOf` counts them; an entry larger than this is not kept. */
  readonly maxBytes?: number;
  /** Bytes of one entry, key included; required with `maxBytes`. */
  readonly sizeOf?: (value: V, key: string) => number;
  /** Milliseconds after which an entry expires, counted from its last `set`; needs `clock`. @default never */
  readonly ttlMs?: number;
  readonly clock?: Pick<Clock, 'monotonicNow'>;
  /** Called with each entry that leaves to make room, or by expiry; not for `delete`. */
  readonly onEvict?: (value: V, key: string) => void;
}

/** The part of lru-cache that is used here. */
export interface BoundedMap<V> {
  readonly size: number;
  /** Bytes of all entries; 0 without `sizeOf`. */
  readonly bytes: number;
  /** The value, now the most recently used; undefined if absent or expired. */
  get(key: string): V | undefined;
  /** As `get`, but does not count as a use. */
  peek(key: string): V | undefined;
  has(key: string): boolean;
  set(key: string, value: V): void;
  delete(key: string): boolean;
  clear(): void;
  values(): Iterable<V>;
}

/** Creates an empty map. */
export function createBoundedMap<V extends object | string | number | boolean>(
  options: BoundedMapOptions<V>,
): BoundedMap<V> {
  const { maxEntries, maxBytes, sizeOf, ttlMs, clock, onEvict } = options;
  const cache = new LRUCache<string, V>({
    max: maxEntries,
    ...(maxBytes !== undefined && sizeOf !== undefined
      ? { maxSize: maxBytes, sizeCalculation: (value, key) => Math.max(1, Math.ceil(sizeOf(value, key))) }
      : {}),
    // lru-cache expires an entry once it is older than its ttl; ours expires as it reaches it.
    ...(ttlMs !== undefined ? { ttl: Math.max(1, ttlMs - 1), ttlResolution: 0 } : {}),
    // It takes a start of 0 for an entry without a ttl.
    ...(clock !== undefined ? { perf: { now: () => clock.monotonicNow() + 1 } } : {}),
    ...(onEvict !== undefined
      ? {
          dispose: (value, key, reason) => {
            if (reason === 'evict' || reason === 'expire') onEvict(value, key);
          },
        }
      : {}),
  });
  return {
    get size() {
      return cache.size;
    },
    get bytes() {
      return cache.calculatedSize;
    },
    get: (key) => cache.get(key),
    peek: (key) => cache.peek(key),
    has: (key) => cache.has(key),
    set: (key, value) => void cache.set(key, value),
    delete: (key) => cache.delete(key),
    clear: () => cache.clear(),
    values: () => cache.values(),
  };
}
