/** A public key as we take it, with the algorithms that it pins; and what is a key of another kind. */
import { createPublicKey } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';

/** An algorithm that a key may be pinned to. */
export type SignatureAlgorithm = 'HS256' | 'RS256' | 'RS384' | 'RS512' | 'ES256' | 'ES384' | 'ES512';

/** A key, and the algorithms that it may have signed by. */
export interface PinnedKey {
  /** Read once: from text, each check would try it as a public key first. */
  readonly key: KeyObject;
  readonly algorithms: SignatureAlgorithm[];
}

const EC_ALGORITHMS: Readonly<Record<string, SignatureAlgorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};
/** RFC 7518, 3.3: shorter ones can be factored. */
const MIN_RSA_BITS = 2_048;

/** Whether the text holds a private key, from which Node would quietly take the public part. */
export function isPrivateKey(text: string): boolean {
  return /PRIVATE KEY-----/.test(text);
}

/**
 * Which algorithms a public key (PEM or JWK) takes: decided by the key, never by the token, so that none can be confused.
 * @throws if it is no public key, or of a kind that is not taken.
 */
export function publicKeyOf(source: string | JsonWebKey): PinnedKey {
  const isPrivate = typeof source === 'string' ? isPrivateKey(source) : source.d !== undefined;
  if (isPrivate) throw new Error('The key is a private one.');
  const key = createPublicKey(typeof source === 'string' ? source : { key: source, format: 'jwk' });
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= MIN_RSA_BITS)
    return { key, algorithms: ['RS256', 'RS384', 'RS512'] };
  const algorithm = EC_ALGORITHMS[namedCurve];
  if (algorithm === undefined)
    throw new Error('The public key must be RSA of 2048 bits or more, or EC on P-256, P-384 or P-521.');
  return { key, algorithms: [algorithm] };
}

/**
 * Whether the text is a key of a pair (PEM, JWK, OpenSSH or DER in base64). As a shared secret it would let everybody
 * who knows the public key sign tokens.
 */
export function isKeyOfPair(text: string): boolean {
  const decoded = Buffer.from(text, 'base64');
  if ([text, decoded.toString('latin1')].some((form) => /-----BEGIN |"kty"\s*:|^\s*(ssh|ecdsa)-/.test(form)))
    return true;
  return (['spki', 'pkcs1'] as const).some((type) => {
    try {
      createPublicKey({ key: decoded, format: 'der', type });
      return true;
    } catch {
      // Most secrets are no DER.
      return false;
    }
  });
}
