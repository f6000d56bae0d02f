/** The demo's tokens: for its page, for its project, valid for ten minutes. */
import jwt from 'jsonwebtoken';

/** The lifetime of a token; the page renews it by itself. */
const LIFETIME_SECONDS = 600;
const SUBJECT = 'demo-page';
const SCOPE = 'progress:read ingestion:control';

/** Issues and verifies tokens. */
export interface Tokens {
  issue(): { readonly token: string; readonly expiresInMs: number };
  /** Whether an `Authorization` header contains a token of this demo. */
  accepts(authorization: string | undefined): boolean;
}

/** What the server requires of a token, from its environment. */
export interface TokensOptions {
  readonly secret: string;
  readonly issuer: string | null;
  readonly audience: string | null;
  readonly projectId: string;
}

/** Creates the issuer. */
export function createTokens({ secret, issuer, audience, projectId }: TokensOptions): Tokens {
  const claims = {
    ...(issuer === null ? {} : { issuer }),
    ...(audience === null ? {} : { audience }),
  };
  return {
    issue() {
      const token = jwt.sign({ projects: [projectId], scope: SCOPE }, secret, {
        algorithm: 'HS256',
        subject: SUBJECT,
        expiresIn: LIFETIME_SECONDS,
        ...claims,
      });
      return { token, expiresInMs: LIFETIME_SECONDS * 1_000 };
    },
    accepts(authorization) {
      const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
      if (token === undefined) return false;
      try {
        jwt.verify(token, secret, { algorithms: ['HS256'], subject: SUBJECT, ...claims });
        return true;
      } catch {
        // Expired, forged, or of another issuer: the page requests a new one.
        return false;
      }
    },
  };
}
