/**
 * Caches the last known state of each project, so that returning to it shows it at once: in this page, and in the tab's
 * sessionStorage if the host allows. Each endpoint's entry belongs to one `sub`; a different `sub` clears it.
 */
import type { Environment } from './environment.js';
import type { Progress } from './types.js';
import { readProgress } from './wire.js';

/** The cache of one endpoint. */
export interface SnapshotCache {
  get(subject: string | null, project: string): Progress | null;
  set(subject: string | null, project: string, progress: Progress): void;
  /** Deletes one project; null deletes all of them. */
  delete(project: string | null): void;
  /** Writes the cache to the tab's sessionStorage. */
  save(): void;
}

interface Entry {
  readonly subject: string;
  readonly projects: Map<string, Progress | null | undefined>;
}
/** Format in the storage. */
interface Stored {
  readonly subject: string;
  readonly projects: readonly (readonly [id: string, progress: unknown])[];
}
/** Projects cached for each endpoint; the oldest is evicted. */
const MAX_PROJECTS = 20;
const entries = new WeakMap<Environment, Map<string, Entry>>();

/** The cache of an endpoint; `isPersistent` stores it in the tab's sessionStorage too. */
export function createSnapshotCache(
  environment: Environment,
  endpoint: string,
  isPersistent: boolean,
): SnapshotCache {
  const all = entries.get(environment) ?? new Map<string, Entry>();
  entries.set(environment, all);
  const storageKey = `ingestion-progress ${endpoint}`;

  /** Storage may be full, or become unavailable at any time: then only this page's cache is used. */
  function tryStorage<T>(operation: (storage: Storage) => T): T | null {
    const storage = isPersistent ? environment.storage() : null;
    try {
      return storage === null ? null : operation(storage);
    } catch {
      // Storage is best effort.
      return null;
    }
  }
  const load = (): Entry | null =>
    tryStorage((storage) => {
      // Malformed JSON throws and counts as empty; an invalid state is dropped by readProgress.
      const { subject, projects } = JSON.parse(storage.getItem(storageKey) ?? '') as Stored;
      return { subject, projects: new Map(projects.map(([id, value]) => [id, readProgress(value)])) };
    });
  function entryOf(subject: string): Entry {
    const known = all.get(endpoint) ?? load();
    const entry: Entry = known?.subject === subject ? known : { subject, projects: new Map() };
    if (known !== null && known !== entry) tryStorage((storage) => storage.removeItem(storageKey));
    all.set(endpoint, entry);
    return entry;
  }
  function save(): void {
    const entry = all.get(endpoint);
    if (entry === undefined) return;
    const projects = [...entry.projects];
    tryStorage((storage) =>
      storage.setItem(storageKey, JSON.stringify({ subject: entry.subject, projects })),
    );
  }

  return {
    get: (subject, project) => (subject === null ? null : (entryOf(subject).projects.get(project) ?? null)),
    set(subject, project, progress) {
      if (subject === null) return;
      const { projects } = entryOf(subject);
      projects.delete(project);
      projects.set(project, progress);
      const oldest = projects.keys().next().value;
      if (projects.size > MAX_PROJECTS && oldest !== undefined) projects.delete(oldest);
    },
    delete(project) {
      if (project === null) {
        all.delete(endpoint);
        tryStorage((storage) => storage.removeItem(storageKey));
        return;
      }
      all.get(endpoint)?.projects.delete(project);
      save();
    },
    save,
  };
}
