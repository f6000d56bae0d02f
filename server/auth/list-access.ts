/** Of which projects a viewer may see the ingestions in a list: all, some that are known, or those that a host's rule allows. */
import { createHash } from 'node:crypto';

/** See the file's head. */
export interface ListAccess {
  /** Equal for those who may see the same; null if that is not known beforehand. */
  readonly key: string | null;
  /** The projects, if they are known beforehand; null if they are not, or if they are all. */
  readonly projectIds: ReadonlySet<string> | null;
  /** Whether a project may be seen; false for one that has not been asked about. */
  has(projectId: string): boolean;
  /** Asks about those that have not been asked about; true if one of them may be seen. Rejects with `UNAVAILABLE`. */
  learn(projectIds: readonly string[]): Promise<boolean>;
  /** Those that have been asked about. */
  readonly asked: readonly string[];
}

const nothingToLearn = { learn: () => Promise.resolve(false), asked: [] as readonly string[] };

/** Every project. */
export const EVERY_PROJECT: ListAccess = Object.freeze({
  ...nothingToLearn,
  key: '*',
  projectIds: null,
  has: () => true,
});

/** These projects. */
export function someProjects(given: Iterable<string>): ListAccess {
  const projectIds = new Set(given);
  const key = createHash('sha256')
    .update(JSON.stringify([...projectIds].sort()))
    .digest('base64url');
  return { ...nothingToLearn, key, projectIds, has: (projectId) => projectIds.has(projectId) };
}

/** Answers that are remembered; one that is forgotten is asked for again. */
const MAX_ANSWERS = 50_000;
/** Projects in one question. */
const MAX_ASKED = 1_000;

/** Those that a rule allows, which is asked about each once. */
export function askedProjects(
  ask: (projectIds: readonly string[]) => Promise<ReadonlySet<string>>,
): ListAccess {
  const answers = new Map<string, boolean>();
  return {
    key: null,
    projectIds: null,
    has: (projectId) => answers.get(projectId) === true,
    learn: async (projectIds) => {
      const unknown = [...new Set(projectIds)].filter((projectId) => !answers.has(projectId));
      let isAnyAllowed = false;
      for (let from = 0; from < unknown.length; from += MAX_ASKED) {
        const some = unknown.slice(from, from + MAX_ASKED);
        const allowed = await ask(some);
        for (const projectId of some) answers.set(projectId, allowed.has(projectId));
        isAnyAllowed ||= some.some((projectId) => allowed.has(projectId));
      }
      for (const oldest of answers.keys()) {
        if (answers.size <= MAX_ANSWERS) break;
        answers.delete(oldest);
      }
      return isAnyAllowed;
    },
    get asked() {
      return [...answers.keys()];
    },
  };
}
