/** Tokens for these servers. */
import jwt from 'jsonwebtoken';
import { SECRET } from './server-process.js';

/** The claims of a token. */
export interface TokenClaims {
  readonly sub?: string;
  readonly projects?: readonly string[] | '*';
  /** Separated by spaces. */
  readonly scope?: string;
  /** @default 600 */
  readonly lifetimeSeconds?: number;
}

/** Signs a token. */
export function mintToken(claims: TokenClaims = {}, secret: string = SECRET): string {
  const {
    sub = 'tester',
    projects = '*',
    scope = 'progress:write ingestion:control',
    lifetimeSeconds = 600,
  } = claims;
  const now = Math.floor(Date.now() / 1_000);
  return jwt.sign({ sub, projects, scope, exp: now + lifetimeSeconds }, secret, { algorithm: 'HS256' });
}
