/** The access policy, as a port that a host may replace. */
import type { Scope, Viewer } from './viewer.js';

/**
 * Whether a viewer may do something with a project. Asked at subscribe time, at each report and read, at token refresh
 * and every 60 s for open subscriptions. A rejection counts as `UNAVAILABLE`, never as a yes.
 */
export interface AccessPolicy {
  allows(viewer: Viewer, projectId: string, scope: Scope): boolean | Promise<boolean>;
  /**
   * Those of at most 1,000 projects for which `allows` would be true. Asked for lists.
   * @default asks `allows` about each
   */
  filter?(
    viewer: Viewer,
    projectIds: readonly string[],
    scope: Scope,
  ): Iterable<string> | Promise<Iterable<string>>;
}

/** The default policy: the token's scope, within the token's projects. */
export const tokenAccess: AccessPolicy = Object.freeze({
  allows: (viewer: Viewer, projectId: string, scope: Scope) =>
    viewer.scopes.has(scope) && (viewer.projects === '*' || viewer.projects.has(projectId)),
});
