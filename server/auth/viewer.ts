/** The viewer: what a valid token says, whatever transport carried it. */

/** What a token may do. `progress:write` and `ingestion:control` include `progress:read`. */
export type Scope = 'progress:read' | 'progress:write' | 'ingestion:control';

/** The content of a verified token. */
export interface Viewer {
  /** The token's `sub`. */
  readonly subject: string;
  /** Implied scopes among them. */
  readonly scopes: ReadonlySet<Scope>;
  /** Projects that the token covers, or all. */
  readonly projects: ReadonlySet<string> | '*';
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  /** The claims as they stand in the token, for a host's own access port. */
  readonly claims: Readonly<Record<string, unknown>>;
}
