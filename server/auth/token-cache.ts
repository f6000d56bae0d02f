/**
 * Remembers tokens that were found good, so that a poller's or a returning watcher's is not checked by arithmetic each
 * time. Refusals are not remembered; what a good token may do is asked elsewhere, each time.
 */
import type { Clock } from '../shared/clock.js';
import type { TokenVerifier } from './jwt.js';
import type { Viewer } from './viewer.js';

/** Bounds of what is remembered. */
export const TOKEN_CACHE = Object.freeze({
  /** Tokens; the one remembered longest goes first. */
  mostTokens: 10_000,
  /** Milliseconds after which a token is checked again, so that a key that was withdrawn soon counts no more. */
  ttlMs: 30_000,
});

interface Entry {
  readonly viewer: Viewer;
  readonly until: number;
}

/** A verifier before another. */
export function createTokenCache(verifier: TokenVerifier, clock: Clock): TokenVerifier {
  const entries = new Map<string, Entry>();
  return {
    verify: async (token) => {
      const known = entries.get(token);
      if (known !== undefined) {
        if (known.until > clock.monotonicNow() && known.viewer.expiresAt > clock.now()) return known.viewer;
        entries.delete(token);
      }
      const viewer = await verifier.verify(token);
      const now = clock.monotonicNow();
      for (const [oldest, { until }] of entries) {
        if (until > now && entries.size < TOKEN_CACHE.mostTokens) break;
        entries.delete(oldest);
      }
      entries.set(token, { viewer, until: now + TOKEN_CACHE.ttlMs });
      return viewer;
    },
  };
}
