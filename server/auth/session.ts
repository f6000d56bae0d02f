/**
 * Who stands behind a connection or a stream, and what it holds open. Access is judged when something is opened, when
 * the token is refreshed, and now and then; what access no longer covers is ended. Knows no socket.
 */
import { ProgressError } from '../errors.js';
import type { Unsubscribe } from '../bus/event-bus.js';
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
  /** Authorises, counts, and holds until the returned function is called. */
  hold(grant: Grant): Promise<Unsubscribe>;
  /** Puts a fresh token of the same subject in the old one's place, and ends what it does not cover. */
  refresh(token: string): Promise<Viewer>;
  /** Asks the access rule again about everything open. */
  recheck(): Promise<void>;
  /** Ends everything open, and whatever is being opened. */
  endAll(error: ProgressError): void;
}

/** Rechecks in a row that may go unanswered before what is open is ended with `UNAVAILABLE`. */
const MOST_UNANSWERED = 3;

/** Makes a session for a viewer who was authenticated. */
export function createSession(options: {
  readonly viewer: Viewer;
  readonly origin: Origin;
  readonly guard: Guard;
  readonly refreshable: boolean;
}): Session {
  const { origin, guard, refreshable } = options;
  let { viewer } = options;
  const grants = new Set<Grant>();
  let unanswered = 0;
  let ended: ProgressError | null = null;

  const forbidden = (grant: Grant) =>
    new ProgressError('FORBIDDEN', `This token does not cover ${grant.scope} of this project.`);

  async function recheck(): Promise<void> {
    const asked = viewer;
    let answered = true;
    await Promise.all(
      [...grants].map(async (grant) => {
        try {
          const stands = await guard.stands(asked, grant.projectId, grant.scope);
          if (stands || asked !== viewer || !grants.delete(grant)) return;
          const error = forbidden(grant);
          guard.note(error, `${grant.scope} ${grant.projectId}`, asked.subject, origin);
          grant.end(error);
        } catch (error) {
          answered = false;
          if (unanswered + 1 < MOST_UNANSWERED || !grants.delete(grant)) return;
          grant.end(error instanceof ProgressError ? error : new ProgressError('UNAVAILABLE', String(error)));
        }
      }),
    );
    unanswered = answered ? 0 : unanswered + 1;
  }

  return {
    get viewer() {
      return viewer;
    },
    origin,
    refreshable,
    authorise: (projectId, scope) => guard.authorise(viewer, projectId, scope, origin),
    authoriseReport: async (projectId) => {
      await guard.authorise(viewer, projectId, 'progress:write', origin);
      guard.quotas.report(viewer.subject);
    },
    hold: async (grant) => {
      let asked: Viewer;
      do {
        asked = viewer;
        await guard.authorise(asked, grant.projectId, grant.scope, origin);
      } while (asked !== viewer);
      if (ended !== null) throw ended;
      const uncount = guard.quotas.open(viewer.subject, grant.projectId);
      grants.add(grant);
      return () => {
        uncount();
        grants.delete(grant);
      };
    },
    refresh: async (token) => {
      if (!refreshable)
        throw new ProgressError('BAD_USER_INPUT', 'refreshToken works over a WebSocket only.');
      const fresh = await guard.authenticate(token, origin);
      if (fresh.subject !== viewer.subject) {
        const error = new ProgressError('FORBIDDEN', 'The fresh token is of another subject.');
        await guard.refuse(error, `refreshToken of ${fresh.subject}`, viewer.subject, origin);
      }
      viewer = fresh;
      await recheck();
      return fresh;
    },
    recheck,
    endAll: (error) => {
      ended = error;
      const all = [...grants];
      grants.clear();
      for (const grant of all) grant.end(error);
    },
  };
}
