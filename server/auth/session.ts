/**
 * The session behind a connection or a request: its viewer, and the access grants it holds. Access is checked when
 * something is opened, when the token is refreshed, and periodically; a grant that is no longer covered is revoked
 * (invariant: authorized-on-every-path). Knows no socket.
 */
import { ProgressError } from '../shared/errors.js';
import type { Guard, RequestSource } from './guard.js';
import type { ListAccess } from './list-access.js';
import type { HeldDocument } from './quotas.js';
import type { Scope, Viewer } from './viewer.js';

/** Something open that needs access to a project, or a list of many. */
export interface AccessGrant {
  /** Empty for a list. */
  readonly projectId: string;
  readonly scope: Scope;
  /** Of a list, which checks its access itself. */
  readonly list?: ListGrant | undefined;
  /** What it keeps in memory while it is open. */
  readonly document?: HeldDocument | undefined;
  /** Access was withdrawn: end with this error. */
  revoke(error: ProgressError): void;
}

/** How a list checks its access. */
export interface ListGrant {
  /** Those that it names, each of which has to be covered; null if it has all that may be seen. */
  readonly projectIds: readonly string[] | null;
  /** Takes the access that it begins with, or from now on. */
  take(access: ListAccess): void | Promise<void>;
}

/** See the file's head. */
export interface Session {
  readonly viewer: Viewer;
  readonly source: RequestSource;
  /** Whether the token may be replaced by a fresh one. */
  readonly refreshable: boolean;
  /** Rejects as `Guard.authorize` does. */
  authorize(projectId: string, scope: Scope): Promise<void>;
  /** As `authorize`, for reading a list of these projects, or of all that may be seen. */
  authorizeList(projectIds: readonly string[] | null): Promise<ListAccess>;
  /** Authorizes a report and counts it; rejects with `RATE_LIMITED` if they come too fast. */
  authorizeReport(projectId: string): Promise<void>;
  /** Authorizes a command, or the answer to one, and counts it; rejects with `RATE_LIMITED` if they come too fast. */
  authorizeCommand(projectId: string, scope: Scope): Promise<void>;
  /** Throws `RATE_LIMITED` if the viewer's budget of CPU is used up. */
  checkCpu(): void;
  /** Runs synchronous work and charges its time to the viewer, also if it throws. */
  measureCpu<T>(work: () => T): T;
  /** Charges CPU to the viewer, in milliseconds. */
  chargeCpu(usedMs: number): void;
  /** Authorizes and counts a grant, which is held until it is released or revoked. */
  acquire(grant: AccessGrant): Promise<void>;
  /** Releases a grant; does nothing if it is not held. */
  release(grant: AccessGrant): void;
  /** Replaces the token by a fresh one of the same subject, and revokes what it does not cover. */
  refresh(token: string): Promise<Viewer>;
  /** Asks the access policy again about everything open. */
  recheck(): Promise<void>;
  /** Revokes every grant, also those being acquired. */
  revokeAll(error: ProgressError): void;
}

/** Consecutive rechecks that may fail before open grants are revoked with `UNAVAILABLE`. */
const MAX_FAILED_RECHECKS = 3;

/** CPU of verifying a token and asking about all that is open by it, in milliseconds. */
const REFRESH_MS = 0.5;

/** Options of a session. */
export interface SessionOptions {
  readonly viewer: Viewer;
  readonly source: RequestSource;
  readonly guard: Guard;
  readonly refreshable: boolean;
}

const NONE: readonly AccessGrant[] = Object.freeze([]);

const forbidden = ({ scope, list }: AccessGrant) => {
  const whose = list === undefined ? 'this project' : 'every project of this list';
  return new ProgressError('FORBIDDEN', `This token does not cover ${scope} of ${whose}.`);
};

const covers = ({ scopes, projects }: Viewer, { projectId, scope, list }: AccessGrant): boolean => {
  if (!scopes.has(scope)) return false;
  const needed = list === undefined ? [projectId] : (list.projectIds ?? []);
  return projects === '*' || needed.every((id) => projects.has(id));
};

/** For logs. */
const what = ({ scope, projectId, list }: AccessGrant) =>
  `${scope} ${list === undefined ? projectId : 'of a list'}`;

/** See `Session`. A class, since there may be very many: its methods are shared. */
class OpenSession implements Session {
  viewer: Viewer;
  readonly source: RequestSource;
  readonly refreshable: boolean;
  private readonly guard: Guard;
  private grants: readonly AccessGrant[] = NONE;
  private failedRechecks = 0;
  private ended: ProgressError | null = null;

  constructor({ viewer, source, guard, refreshable }: SessionOptions) {
    this.viewer = viewer;
    this.source = source;
    this.guard = guard;
    this.refreshable = refreshable;
  }

  authorize(projectId: string, scope: Scope): Promise<void> {
    return this.guard.authorize(this.viewer, projectId, scope, this.source);
  }

  authorizeList(projectIds: readonly string[] | null): Promise<ListAccess> {
    return this.guard.authorizeList(this.viewer, projectIds, this.source);
  }

  async authorizeReport(projectId: string): Promise<void> {
    await this.authorize(projectId, 'progress:write');
    this.guard.quotas.countReport(this.viewer.subject);
  }

  async authorizeCommand(projectId: string, scope: Scope): Promise<void> {
    await this.authorize(projectId, scope);
    this.guard.quotas.countCommand(this.viewer.subject);
  }

  checkCpu(): void {
    this.guard.quotas.checkCpu(this.viewer.subject);
  }

  measureCpu<T>(work: () => T): T {
    const startedAt = performance.now();
    try {
      return work();
    } finally {
      this.chargeCpu(performance.now() - startedAt);
    }
  }

  chargeCpu(usedMs: number): void {
    this.guard.quotas.chargeCpu(this.viewer.subject, usedMs);
  }

  async acquire(grant: AccessGrant): Promise<void> {
    let checked: Viewer;
    do {
      checked = this.viewer;
      if (grant.list === undefined) await this.authorize(grant.projectId, grant.scope);
      else await grant.list.take(await this.authorizeList(grant.list.projectIds));
    } while (checked !== this.viewer);
    if (this.ended !== null) throw this.ended;
    this.guard.quotas.acquireSubscription(this.viewer.subject, grant.projectId, grant.document);
    this.grants = this.grants.concat(grant);
  }

  release(grant: AccessGrant): void {
    this.remove(grant);
  }

  async refresh(token: string): Promise<Viewer> {
    const { guard, source, viewer } = this;
    if (!this.refreshable)
      throw new ProgressError('BAD_USER_INPUT', 'refreshToken works over a WebSocket only.');
    // One document may ask for it many times, and no estimate of its cost knows of signatures.
    this.checkCpu();
    this.chargeCpu(REFRESH_MS);
    const fresh = await guard.authenticate(token, source);
    if (fresh.subject !== viewer.subject) {
      const error = new ProgressError('FORBIDDEN', 'The fresh token is of another subject.');
      await guard.reject(error, `refreshToken of ${fresh.subject}`, viewer.subject, source);
    }
    this.viewer = fresh;
    // What the token itself no longer covers ends now: a custom access policy may be slow, or fail.
    for (const grant of this.grants) {
      if (!covers(viewer, grant) || covers(fresh, grant) || !this.remove(grant)) continue;
      const error = forbidden(grant);
      guard.recordRefusal(error, what(grant), fresh.subject, source);
      grant.revoke(error);
    }
    await this.recheck();
    return fresh;
  }

  async recheck(): Promise<void> {
    const checked = this.viewer;
    const answers = await Promise.all(this.grants.map((grant) => this.recheckGrant(checked, grant)));
    this.failedRechecks = answers.includes(false) ? this.failedRechecks + 1 : 0;
  }

  revokeAll(error: ProgressError): void {
    this.ended = error;
    for (const grant of this.grants) if (this.remove(grant)) grant.revoke(error);
  }

  /** False if it was not held any more. */
  private remove(grant: AccessGrant): boolean {
    if (!this.grants.includes(grant)) return false;
    this.grants = this.grants.filter((held) => held !== grant);
    this.guard.quotas.releaseSubscription(this.viewer.subject, grant.projectId, grant.document);
    return true;
  }

  /** Gives a list the access that it has now; false if it has none. */
  private async recheckList(checked: Viewer, list: ListGrant): Promise<boolean> {
    const access = await this.guard.listAccess(checked, list.projectIds);
    if (access !== null && checked === this.viewer) await list.take(access);
    return access !== null;
  }

  /** Revokes a grant that is not covered any more; false if the policy did not answer. */
  private async recheckGrant(checked: Viewer, grant: AccessGrant): Promise<boolean> {
    const { guard, source } = this;
    try {
      const isAllowed =
        grant.list === undefined
          ? await guard.isAllowed(checked, grant.projectId, grant.scope)
          : await this.recheckList(checked, grant.list);
      if (isAllowed || checked !== this.viewer || !this.remove(grant)) return true;
      const error = forbidden(grant);
      guard.recordRefusal(error, what(grant), checked.subject, source);
      grant.revoke(error);
      return true;
    } catch (error) {
      if (this.failedRechecks + 1 >= MAX_FAILED_RECHECKS && this.remove(grant)) {
        grant.revoke(
          error instanceof ProgressError ? error : new ProgressError('UNAVAILABLE', String(error)),
        );
      }
      return false;
    }
  }
}

/** Creates the session of an authenticated viewer. */
export function createSession(options: SessionOptions): Session {
  return new OpenSession(options);
}
