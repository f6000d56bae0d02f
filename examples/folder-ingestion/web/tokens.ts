/** The demo's own tokens: for its page, for its one project, for ten minutes. */
import jwt from 'jsonwebtoken';

/** How long a token of the page is good; it asks for the next one by itself. */
const LIFETIME_SECONDS = 600;
const SUBJECT = 'demo-page';
const SCOPE = 'progress:read ingestion:control';

/** Issues and checks tokens. */
export interface Tokens {
  issue(): { readonly token: string; readonly expiresInMs: number };
  /** Whether an `Authorization` header holds a token that this demo has issued. */
  accepts(authorization: string | undefined): boolean;
}

/** What the server expects of a token, as its environment says. */
export interface TokensOptions {
  readonly secret: string;
  readonly issuer: string | null;
  readonly audience: string | null;
  readonly projectId: string;
}

/** Makes the issuer. */
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
        // Expired, forged, or somebody else's: the page asks for a fresh one.
        return false;
      }
    },
  };
}
