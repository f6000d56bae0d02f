/** Fetches the keys that a token issuer publishes (a JWK set), within a deadline over the whole answer. */
import { z } from 'zod';
import type { PublishedKey } from './key-set.js';
import { publicKeyOf, type PinnedKey } from './public-key.js';

/** Longest fetch in milliseconds, from the request to the last byte of the answer: one that drips is given up. */
const FETCH_TIMEOUT_MS = 3_000;

const keySetSchema = z.object({
  keys: z.array(
    z
      .looseObject({ kty: z.string(), kid: z.string().optional(), use: z.string().optional() })
      .catch({ kty: '' }),
  ),
});

/** The keys of the set that are of use; rejects if they cannot be fetched in time. */
export async function fetchPublishedKeys(uri: string): Promise<readonly PublishedKey<PinnedKey>[]> {
  const response = await fetch(uri, { redirect: 'error', signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
  const text = await response.text();
  if (!response.ok) throw new Error(`JWT_JWKS_URI answered ${response.status}.`);
  return keySetSchema.parse(JSON.parse(text)).keys.flatMap((jwk) => {
    if (jwk.use !== undefined && jwk.use !== 'sig') return [];
    try {
      return [{ kid: jwk.kid, key: publicKeyOf(jwk) }];
    } catch {
      // Others of its set may be of use.
      return [];
    }
  });
}
