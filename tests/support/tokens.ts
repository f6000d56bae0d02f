/** Tokens for the tests' servers. */
import jwt from 'jsonwebtoken';

/** The secret of the tests' servers. */
export const SECRET = 'a secret of thirty-two characters, at least';

/** The claims of a token. @default one hour, every project, `progress:read` */
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
