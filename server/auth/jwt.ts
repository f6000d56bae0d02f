/**
 * Verifies tokens: signature by a pinned algorithm, lifetime, issuer, audience, claims. What the viewer may do, and how a
 * rejection is sent, is decided elsewhere.
 */
import { createPublicKey, createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { JwksClient } from 'jwks-rsa';
import type { SigningKey } from 'jwks-rsa';
import { z } from 'zod';
import type { Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import { createKeySet } from './key-set.js';
import type { PublishedKey } from './key-set.js';
import type { Scope, Viewer } from './viewer.js';

/** Checks a token. Rejects with `UNAUTHENTICATED`, `TOKEN_EXPIRED`, or `UNAVAILABLE` if keys cannot be fetched. */
export interface TokenVerifier {
  verify(token: string): Promise<Viewer>;
}

/** Where the keys come from. */
export type KeySource =
  | { readonly secret: string }
  /** PEM; RSA takes RS256, EC takes the ES algorithm of its curve. */
  | { readonly publicKey: string }
  /** Address of a JWK set; unknown key ids make it ask again, at most 10 times a minute. */
  | { readonly jwksUri: string };

/** Options of the verifier. */
export interface TokenVerifierOptions {
  readonly keys: KeySource;
  /** The `iss` that a token must have; any where absent. */
  readonly issuer?: string | null | undefined;
  /** The `aud` that a token must have; any where absent. */
  readonly audience?: string | null | undefined;
  /** Seconds past `exp` that a token is still good. @default 0 */
  readonly clockToleranceSeconds?: number | undefined;
  readonly clock: Pick<Clock, 'now'>;
}

const SCOPES: readonly Scope[] = ['progress:read', 'progress:write', 'ingestion:control'];
const JWKS_TIMEOUT_MS = 3_000;
/** Longest token that is parsed; longer header lines are rarely let through. */
const MAX_TOKEN_LENGTH = 16_384;

const claimsSchema = z.looseObject({
  sub: z.string().min(1).max(256),
  exp: z.number().positive().max(8_640_000_000_000),
  projects: z.union([z.literal('*'), z.array(z.string()).max(10_000)]).optional(),
  scope: z.string().optional(),
});

/** One set for all viewers who may do the same: there are a handful of them, and very many viewers. */
const knownScopes = new Map<string, ReadonlySet<Scope>>();

function scopesOf(names: readonly Scope[]): ReadonlySet<Scope> {
  const key = names.join(' ');
  const scopes = knownScopes.get(key) ?? new Set(names);
  knownScopes.set(key, scopes);
  return scopes;
}

function readScopes(scope: string | undefined): ReadonlySet<Scope> {
  if (scope === undefined) return scopesOf(['progress:read']);
  const words = new Set(scope.split(' '));
  const isAny = SCOPES.some((name) => words.has(name));
  return scopesOf(SCOPES.filter((name) => words.has(name) || (isAny && name === 'progress:read')));
}

/** Whether it can be read as a JWT at all: decoding returns null for some of what is none, and throws for the rest. */
function isJwt(token: string): boolean {
  try {
    return jwt.decode(token, { complete: true }) !== null;
  } catch {
    // The error quotes the token, so it is dropped.
    return false;
  }
}

function toViewer(payload: unknown, toleranceMs: number): Viewer {
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success)
    throw new ProgressError('UNAUTHENTICATED', 'The token lacks sub or exp, or a claim is malformed.');
  const { sub, exp, projects = [], scope } = claims.data;
  return Object.freeze({
    subject: sub,
    scopes: readScopes(scope),
    projects: projects === '*' ? projects : new Set(projects),
    // RFC 7519, 2: a NumericDate may have a fraction, and may have one of a millisecond.
    expiresAt: Math.floor(exp * 1_000) + toleranceMs,
    claims: Object.freeze(claims.data),
  });
}

/** A key, and the algorithms that it may have signed by. */
export interface PinnedKey {
  /** Read once: from text, each check would try it as a public key first. */
  readonly key: KeyObject;
  readonly algorithms: jwt.Algorithm[];
}

const EC_ALGORITHMS: Readonly<Record<string, jwt.Algorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/**
 * Which algorithms a public key takes: decided by the key, never by the token, so that none can be confused.
 * @throws where it is no key, or of a kind that is not taken.
 */
export function publicKeyOf(pem: string): PinnedKey {
  const key = createPublicKey(pem);
  if (key.asymmetricKeyType === 'rsa') return { key, algorithms: ['RS256', 'RS384', 'RS512'] };
  const algorithm = EC_ALGORITHMS[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (algorithm === undefined) throw new Error('The public key must be RSA, or EC on P-256, P-384 or P-521.');
  return { key, algorithms: [algorithm] };
}

/** Finds the key of a token; rejects with `UNAUTHENTICATED` or `UNAVAILABLE`. */
function createKeyFinder(
  source: KeySource,
  clock: Pick<Clock, 'now'>,
): (token: string) => PinnedKey | Promise<PinnedKey> {
  if ('secret' in source) {
    const key: PinnedKey = { key: createSecretKey(source.secret, 'utf8'), algorithms: ['HS256'] };
    return () => key;
  }
  if ('publicKey' in source) {
    const key = publicKeyOf(source.publicKey);
    return () => key;
  }
  const client = new JwksClient({ jwksUri: source.jwksUri, timeout: JWKS_TIMEOUT_MS, cache: false });
  const published = createKeySet(async () => (await client.getSigningKeys()).flatMap(pinned), clock);
  return async (token) => {
    const kid = jwt.decode(token, { complete: true })?.header.kid;
    let key: PinnedKey | null;
    try {
      key = await published.find(kid);
    } catch (cause) {
      throw new ProgressError('UNAVAILABLE', 'Token verification unavailable; retry later.', { cause });
    }
    if (key !== null) return key;
    throw new ProgressError('UNAUTHENTICATED', 'The token is signed by a key that is not known.');
  };
}

/** A published key as we take it; nothing where it is of a kind that we do not. */
function pinned(published: SigningKey): readonly PublishedKey<PinnedKey>[] {
  try {
    return [{ kid: published.kid, key: publicKeyOf(published.getPublicKey()) }];
  } catch {
    // Others of its set may be of use.
    return [];
  }
}

/** Creates a verifier. Throws if a public key is invalid. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { keys, issuer, audience, clockToleranceSeconds = 0, clock } = options;
  const findKey = createKeyFinder(keys, clock);
  return {
    verify: async (token) => {
      if (token.length > MAX_TOKEN_LENGTH || !isJwt(token)) {
        throw new ProgressError('UNAUTHENTICATED', 'The token is not a JWT.');
      }
      const { key, algorithms } = await findKey(token);
      let payload: unknown;
      try {
        payload = jwt.verify(token, key, {
          algorithms,
          clockTimestamp: Math.floor(clock.now() / 1_000),
          clockTolerance: clockToleranceSeconds,
          ...(typeof issuer === 'string' ? { issuer } : {}),
          ...(typeof audience === 'string' ? { audience } : {}),
        });
      } catch (cause) {
        if (cause instanceof jwt.TokenExpiredError) {
          throw new ProgressError('TOKEN_EXPIRED', 'The token has expired.', { cause });
        }
        throw new ProgressError('UNAUTHENTICATED', 'The token is not valid.', { cause });
      }
      return toViewer(payload, clockToleranceSeconds * 1_000);
    },
  };
}
