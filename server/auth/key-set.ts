/**
 * The keys that a token's issuer publishes: fetched anew when they are old, and when a token names one that is not
 * among them. Such a token costs whoever sends it nothing, so that it must not keep known keys from being found.
 */
import type { Clock } from '../shared/clock.js';

/** A key and the id by which tokens name it. */
export interface PublishedKey<K> {
  readonly kid: string | undefined;
  readonly key: K;
}

/** See the file's head. */
export interface KeySet<K> {
  /** The key of that id, or the only one where a token names none; null where there is none. Rejects where it cannot be told now. */
  find(kid: string | undefined): Promise<K | null>;
}

/** Bounds of what is fetched and kept. */
export const KEY_SET = Object.freeze({
  /** Milliseconds after which a known key is fetched anew. */
  freshMs: 600_000,
  /** Milliseconds after that for which it still counts while it cannot be fetched. */
  staleMs: 3_600_000,
  /** Fetches in `spanMs`, failed ones among them. */
  mostFetches: 10,
  /** Milliseconds. */
  spanMs: 60_000,
});

/** Makes a set over what fetches all keys; holds no timer. */
export function createKeySet<K>(
  fetchKeys: () => Promise<readonly PublishedKey<K>[]>,
  clock: Pick<Clock, 'now'>,
): KeySet<K> {
  let keys: readonly PublishedKey<K>[] = [];
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let fetches: number[] = [];
  let flight: Promise<void> | null = null;

  const among = (kid: string | undefined) => {
    if (kid === undefined) return keys.length === 1 ? keys[0] : undefined;
    return keys.find((one) => one.kid === kid);
  };

  const fetchAll = async () => {
    try {
      keys = await fetchKeys();
      fetchedAt = clock.now();
    } finally {
      flight = null;
    }
  };

  /** One flight, whoever asks; rejects where there were too many. */
  const refresh = async (): Promise<void> => {
    if (flight === null) {
      const now = clock.now();
      // A clock that was set back must not hold it up.
      fetches = fetches.filter((at) => at <= now && now - at < KEY_SET.spanMs);
      if (fetches.length >= KEY_SET.mostFetches) throw new Error('The keys were asked for too often.');
      fetches.push(now);
      flight = fetchAll();
    }
    await flight;
  };

  return {
    find: async (kid) => {
      const known = among(kid);
      const ageMs = clock.now() - fetchedAt;
      if (known !== undefined && ageMs < KEY_SET.freshMs) return known.key;
      try {
        await refresh();
      } catch (cause) {
        if (known !== undefined && ageMs < KEY_SET.freshMs + KEY_SET.staleMs) return known.key;
        throw cause;
      }
      return among(kid)?.key ?? null;
    },
  };
}
