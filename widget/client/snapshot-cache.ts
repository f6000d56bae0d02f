/**
 * The last known state of each project, so that coming back to it shows it at once: in this page, and in the tab's storage
 * where the host allows. Each endpoint's entry belongs to one `sub`; another one's arrival wipes it.
 */
import type { Environment } from './environment.js';
import type { Progress } from './types.js';
import { readProgress } from './wire.js';

/** What is remembered of one endpoint. */
export interface Memory {
  recall(subject: string | null, project: string): Progress | null;
  keep(subject: string | null, project: string, progress: Progress): void;
  /** One project, or all of them. */
  forget(project: string | null): void;
  /** Writes to the tab's storage what is to outlive the page. */
  save(): void;
}

interface Entry {
  readonly subject: string;
  readonly projects: Map<string, Progress | null | undefined>;
}
/** What the storage should hold. */
interface Stored {
  readonly subject: string;
  readonly projects: readonly (readonly [id: string, progress: unknown])[];
}
/** So many projects of an endpoint are remembered, the newest. */
const PROJECTS_MOST = 20;
const entries = new WeakMap<Environment, Map<string, Entry>>();

/** Memory of an endpoint; `lasting` puts it in the tab's storage too. */
export function createMemory(environment: Environment, endpoint: string, lasting: boolean): Memory {
  const all = entries.get(environment) ?? new Map<string, Entry>();
  entries.set(environment, all);
  const name = `ingestion-progress ${endpoint}`;

  /** Storage may be full, or taken away between two calls: then this page's own memory has to do. */
  function attempt<T>(use: (storage: Storage) => T): T | null {
    const storage = lasting ? environment.storage() : null;
    try {
      return storage === null ? null : use(storage);
    } catch {
      // Nothing was promised of the tab's storage.
      return null;
    }
  }
  const load = (): Entry | null =>
    attempt((storage) => {
      // Whatever does not fit throws, and is then nothing; a state that cannot be one is nothing by itself.
      const { subject, projects } = JSON.parse(storage.getItem(name) ?? '') as Stored;
      return { subject, projects: new Map(projects.map(([id, value]) => [id, readProgress(value)])) };
    });
  function entryOf(subject: string): Entry {
    const known = all.get(endpoint) ?? load();
    const mine: Entry = known?.subject === subject ? known : { subject, projects: new Map() };
    if (known !== null && known !== mine) attempt((storage) => storage.removeItem(name));
    all.set(endpoint, mine);
    return mine;
  }
  function save(): void {
    const entry = all.get(endpoint);
    if (entry === undefined) return;
    const projects = [...entry.projects];
    attempt((storage) => storage.setItem(name, JSON.stringify({ subject: entry.subject, projects })));
  }

  return {
    recall: (subject, project) =>
      subject === null ? null : (entryOf(subject).projects.get(project) ?? null),
    keep(subject, project, progress) {
      if (subject === null) return;
      const { projects } = entryOf(subject);
      projects.delete(project);
      projects.set(project, progress);
      const oldest = projects.keys().next().value;
      if (projects.size > PROJECTS_MOST && oldest !== undefined) projects.delete(oldest);
    },
    forget(project) {
      if (project === null) {
        all.delete(endpoint);
        attempt((storage) => storage.removeItem(name));
        return;
      }
      all.get(endpoint)?.projects.delete(project);
      save();
    },
    save,
  };
}
