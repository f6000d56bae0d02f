/**
 * The public keys of a token issuer: fetched again when they are old, and when a token names an unknown one. Tokens with
 * unknown keys cost their sender nothing, so they must not keep known keys from being found.
 */
import type { Clock } from '../shared/clock.js';
import { createSingleFlight } from '../shared/single-flight.js';

/** A key and the id by which tokens name it. */
export interface PublishedKey<K> {
  readonly kid: string | undefined;
  readonly key: K;
}

/** See the file's head. */
export interface KeySet<K> {
  /** The key with that id, or the only one if a token names none; null if there is none. Rejects if keys are unavailable. */
  find(kid: string | undefined): Promise<K | null>;
}

/** Bounds of fetching and caching. */
export const KEY_SET = Object.freeze({
  /** Milliseconds after which a known key is fetched again. */
  freshMs: 600_000,
  /** Milliseconds after that for which it is still used while fetching fails. */
  staleMs: 3_600_000,
  /** Milliseconds after a failed fetch for which such a key is used without another try. */
  retryMs: 10_000,
  /** Fetches per `windowMs`, failed ones included. */
  maxFetches: 10,
  /** Milliseconds. */
  windowMs: 60_000,
});

/** Creates a set; `fetchKeys` fetches all keys. Holds no timer. */
export function createKeySet<K>(
  fetchKeys: () => Promise<readonly PublishedKey<K>[]>,
  clock: Pick<Clock, 'now'>,
): KeySet<K> {
  let keys: readonly PublishedKey<K>[] = [];
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;
  let fetches: number[] = [];
  const flight = createSingleFlight<void>();

  const keyById = (kid: string | undefined) => {
    if (kid === undefined) return keys.length === 1 ? keys[0] : undefined;
    return keys.find((published) => published.kid === kid);
  };

  const refresh = async (): Promise<void> => {
    const now = clock.now();
    // Entries in the future are dropped: a clock that was set back must not block fetching.
    fetches = fetches.filter((at) => at <= now && now - at < KEY_SET.windowMs);
    if (fetches.length >= KEY_SET.maxFetches) throw new Error('The keys were fetched too often.');
    fetches.push(now);
    keys = await fetchKeys();
    fetchedAt = clock.now();
  };

  return {
    find: async (kid) => {
      const known = keyById(kid);
      const ageMs = clock.now() - fetchedAt;
      if (known !== undefined && ageMs < KEY_SET.freshMs) return known.key;
      const usable = ageMs < KEY_SET.freshMs + KEY_SET.staleMs ? known : undefined;
      // An issuer that is slow or away holds up only the check that asked it.
      const isAway = flight.size > 0 || clock.now() - failedAt < KEY_SET.retryMs;
      if (usable !== undefined && isAway) return usable.key;
      try {
        await flight.run('keys', refresh);
      } catch (cause) {
        failedAt = clock.now();
        if (usable !== undefined) return usable.key;
        throw cause;
      }
      return keyById(kid)?.key ?? null;
    },
  };
}
