/**
 * Verifies tokens: signature by a pinned algorithm, lifetime, issuer, audience, claims. What the viewer may do, and how a
 * rejection is sent, is decided elsewhere.
 */
import { createSecretKey } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import { createKeySet } from './key-set.js';
import { publicKeyOf, type PinnedKey } from './public-key.js';
import { fetchPublishedKeys } from './published-keys.js';
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
  /** Seconds past `exp` for which a token is still good; `nbf` may be as far ahead, and 5 s in any case. @default 0 */
  readonly clockToleranceSeconds?: number | undefined;
  readonly clock: Pick<Clock, 'now'>;
}

const SCOPES: readonly Scope[] = ['progress:read', 'progress:write', 'ingestion:control'];
/** How far `nbf` may lie ahead, in seconds: a client cannot mend a clock that is a little off, and gives up for good. */
const NOT_BEFORE_TOLERANCE_SECONDS = 5;
/** Longest token that is parsed; longer header lines are rarely let through. */
const MAX_TOKEN_LENGTH = 16_384;

const claimsSchema = z.looseObject({
  sub: z.string().min(1).max(256),
  exp: z.number().positive().max(8_640_000_000_000),
  nbf: z.number().optional(),
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

/** The header of a token; null if it cannot be read as a JWT: decoding returns null for some of those, and throws for others. */
function headerOf(token: string): jwt.JwtHeader | null {
  if (token.length > MAX_TOKEN_LENGTH) return null;
  try {
    return jwt.decode(token, { complete: true })?.header ?? null;
  } catch {
    // The error quotes the token, so it is dropped.
    return null;
  }
}

function toViewer(payload: unknown, nowSeconds: number, toleranceSeconds: number): Viewer {
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success)
    throw new ProgressError('UNAUTHENTICATED', 'The token lacks sub or exp, or a claim is malformed.');
  const { sub, exp, nbf = 0, projects = [], scope } = claims.data;
  if (nbf > nowSeconds + Math.max(NOT_BEFORE_TOLERANCE_SECONDS, toleranceSeconds))
    throw new ProgressError('UNAUTHENTICATED', 'The token is not valid yet.');
  return Object.freeze({
    subject: sub,
    scopes: readScopes(scope),
    projects: projects === '*' ? projects : new Set(projects),
    // RFC 7519, 2: a NumericDate may have a fraction, and may have one of a millisecond.
    expiresAt: Math.floor(exp * 1_000) + toleranceSeconds * 1_000,
    claims: Object.freeze(claims.data),
  });
}

/** Finds the key of a token; rejects with `UNAUTHENTICATED` or `UNAVAILABLE`. */
function createKeyFinder(
  source: KeySource,
  clock: Pick<Clock, 'now'>,
): (kid: string | undefined) => PinnedKey | Promise<PinnedKey> {
  if ('secret' in source) {
    const key: PinnedKey = { key: createSecretKey(source.secret, 'utf8'), algorithms: ['HS256'] };
    return () => key;
  }
  if ('publicKey' in source) {
    const key = publicKeyOf(source.publicKey);
    return () => key;
  }
  const published = createKeySet(() => fetchPublishedKeys(source.jwksUri), clock);
  return async (kid) => {
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

/** Creates a verifier. Throws if a public key is invalid. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { keys, issuer, audience, clockToleranceSeconds = 0, clock } = options;
  const findKey = createKeyFinder(keys, clock);
  return {
    verify: async (token) => {
      const header = headerOf(token);
      if (header === null) throw new ProgressError('UNAUTHENTICATED', 'The token is not a JWT.');
      // RFC 7515, 4.1.11: what `crit` names must be understood, and no extension is.
      if (header.crit !== undefined)
        throw new ProgressError('UNAUTHENTICATED', 'The token has a crit header, which is not supported.');
      const { key, algorithms } = await findKey(header.kid);
      const nowSeconds = Math.floor(clock.now() / 1_000);
      let payload: unknown;
      try {
        payload = jwt.verify(token, key, {
          algorithms,
          clockTimestamp: nowSeconds,
          clockTolerance: clockToleranceSeconds,
          // Checked in toViewer, with a tolerance of its own.
          ignoreNotBefore: true,
          ...(typeof issuer === 'string' ? { issuer } : {}),
          ...(typeof audience === 'string' ? { audience } : {}),
        });
      } catch (cause) {
        if (cause instanceof jwt.TokenExpiredError) {
          throw new ProgressError('TOKEN_EXPIRED', 'The token has expired.', { cause });
        }
        throw new ProgressError('UNAUTHENTICATED', 'The token is not valid.', { cause });
      }
      return toViewer(payload, nowSeconds, clockToleranceSeconds);
    },
  };
}
