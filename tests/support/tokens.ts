/** Tokens for the servers of the tests. */
import jwt from 'jsonwebtoken';

/** The secret that the tests' servers check by. */
export const SECRET = 'a secret of thirty-two characters, at least';

/** What a token says; an hour of life, every project, and reading, unless told otherwise. */
export interface Claims {
  readonly sub?: string;
  readonly projects?: readonly string[] | '*';
  readonly scope?: string;
  readonly expiresInSeconds?: number;
}

/** A signed token. */
export function tokenFor(claims: Claims = {}, secret = SECRET): string {
  const { sub = 'anna', projects = '*', scope = 'progress:read', expiresInSeconds = 3_600 } = claims;
  return jwt.sign({ sub, projects, scope }, secret, { expiresIn: expiresInSeconds });
}
