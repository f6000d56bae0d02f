/**
 * Caches verified tokens, so that the token of a poller or of a returning watcher is not verified cryptographically
 * each time. Rejections are not cached; what a token allows is decided elsewhere, each time.
 */
import { createBoundedMap } from '../shared/bounded-map.js';
import type { Clock } from '../shared/clock.js';
import type { TokenVerifier } from './jwt.js';
import type { Viewer } from './viewer.js';

/** Bounds of the cache. */
export const TOKEN_CACHE = Object.freeze({
  /** Tokens; the least recently used one is evicted first. */
  maxTokens: 10_000,
  /** Milliseconds after which a token is verified again, so that a withdrawn key soon stops working. */
  ttlMs: 30_000,
});

/** Wraps a verifier in the cache. */
export function createTokenCache(verifier: TokenVerifier, clock: Clock): TokenVerifier {
  const viewers = createBoundedMap<Viewer>({
    maxEntries: TOKEN_CACHE.maxTokens,
    ttlMs: TOKEN_CACHE.ttlMs,
    clock,
  });
  return {
    verify: async (token) => {
      const known = viewers.get(token);
      if (known !== undefined && known.expiresAt > clock.now()) return known;
      const viewer = await verifier.verify(token);
      viewers.set(token, viewer);
      return viewer;
    },
  };
}
