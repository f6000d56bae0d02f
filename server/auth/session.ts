/**
 * Who stands behind a connection or a stream, and what it holds open. Access is judged when something is opened, when
 * the token is refreshed, and now and then; what access no longer covers is ended. Knows no socket.
 * (invariant: authorized-on-every-path)
 */
import { ProgressError } from '../shared/errors.js';
import type { Guard, Origin } from './guard.js';
import type { Scope, Viewer } from './viewer.js';

/** Something open that stands on access to a project. */
export interface Grant {
  readonly projectId: string;
  readonly scope: Scope;
  /** Access is gone: say so and end. */
  end(error: ProgressError): void;
}

/** See the file's head. */
export interface Session {
  readonly viewer: Viewer;
  readonly origin: Origin;
  /** Whether a fresh token may be put on it. */
  readonly refreshable: boolean;
  /** Rejects as `Guard.authorise` does. */
  authorise(projectId: string, scope: Scope): Promise<void>;
  /** Authorises a report, and counts it; rejects with `RATE_LIMITED` where they come too fast. */
  authoriseReport(projectId: string): Promise<void>;
  /** Authorises, counts, and holds until it is released or ended. */
  hold(grant: Grant): Promise<void>;
  /** Holds it no more; nothing where it is not held. */
  release(grant: Grant): void;
  /** Puts a fresh token of the same subject in the old one's place, and ends what it does not cover. */
  refresh(token: string): Promise<Viewer>;
  /** Asks the access rule again about everything open. */
  recheck(): Promise<void>;
  /** Ends everything open, and whatever is being opened. */
  endAll(error: ProgressError): void;
}

/** Rechecks in a row that may go unanswered before what is open is ended with `UNAVAILABLE`. */
const MOST_UNANSWERED = 3;

/** What a session is made of. */
export interface SessionOptions {
  readonly viewer: Viewer;
  readonly origin: Origin;
  readonly guard: Guard;
  readonly refreshable: boolean;
}

const NONE: readonly Grant[] = Object.freeze([]);

const forbidden = (grant: Grant) =>
  new ProgressError('FORBIDDEN', `This token does not cover ${grant.scope} of this project.`);

/** See `Session`. A class, since there may be very many: its methods are shared. */
class OpenSession implements Session {
  viewer: Viewer;
  readonly origin: Origin;
  readonly refreshable: boolean;
  private readonly guard: Guard;
  private grants: readonly Grant[] = NONE;
  private unanswered = 0;
  private ended: ProgressError | null = null;

  constructor({ viewer, origin, guard, refreshable }: SessionOptions) {
    this.viewer = viewer;
    this.origin = origin;
    this.guard = guard;
    this.refreshable = refreshable;
  }

  authorise(projectId: string, scope: Scope): Promise<void> {
    return this.guard.authorise(this.viewer, projectId, scope, this.origin);
  }

  async authoriseReport(projectId: string): Promise<void> {
    await this.authorise(projectId, 'progress:write');
    this.guard.quotas.report(this.viewer.subject);
  }

  async hold(grant: Grant): Promise<void> {
    let asked: Viewer;
    do {
      asked = this.viewer;
      await this.authorise(grant.projectId, grant.scope);
    } while (asked !== this.viewer);
    if (this.ended !== null) throw this.ended;
    this.guard.quotas.open(this.viewer.subject, grant.projectId);
    this.grants = this.grants.concat(grant);
  }

  release(grant: Grant): void {
    this.forget(grant);
  }

  async refresh(token: string): Promise<Viewer> {
    const { guard, origin, viewer } = this;
    if (!this.refreshable)
      throw new ProgressError('BAD_USER_INPUT', 'refreshToken works over a WebSocket only.');
    const fresh = await guard.authenticate(token, origin);
    if (fresh.subject !== viewer.subject) {
      const error = new ProgressError('FORBIDDEN', 'The fresh token is of another subject.');
      await guard.refuse(error, `refreshToken of ${fresh.subject}`, viewer.subject, origin);
    }
    this.viewer = fresh;
    await this.recheck();
    return fresh;
  }

  async recheck(): Promise<void> {
    const asked = this.viewer;
    const answers = await Promise.all(this.grants.map((grant) => this.ask(asked, grant)));
    this.unanswered = answers.includes(false) ? this.unanswered + 1 : 0;
  }

  endAll(error: ProgressError): void {
    this.ended = error;
    for (const grant of this.grants) if (this.forget(grant)) grant.end(error);
  }

  /** True where it was held until now. */
  private forget(grant: Grant): boolean {
    if (!this.grants.includes(grant)) return false;
    this.grants = this.grants.filter((held) => held !== grant);
    this.guard.quotas.close(this.viewer.subject, grant.projectId);
    return true;
  }

  /** Asks about one grant, and ends it where it is not covered; false where there was no answer. */
  private async ask(asked: Viewer, grant: Grant): Promise<boolean> {
    const { guard, origin } = this;
    try {
      const stands = await guard.stands(asked, grant.projectId, grant.scope);
      if (stands || asked !== this.viewer || !this.forget(grant)) return true;
      const error = forbidden(grant);
      guard.note(error, `${grant.scope} ${grant.projectId}`, asked.subject, origin);
      grant.end(error);
      return true;
    } catch (error) {
      if (this.unanswered + 1 >= MOST_UNANSWERED && this.forget(grant)) {
        grant.end(error instanceof ProgressError ? error : new ProgressError('UNAVAILABLE', String(error)));
      }
      return false;
    }
  }
}

/** Makes a session for a viewer who was authenticated. */
export function createSession(options: SessionOptions): Session {
  return new OpenSession(options);
}
