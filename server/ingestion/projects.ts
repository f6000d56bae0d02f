/** The projects that this server has to do with, each with its actor, let go when there is nothing more to do. */
import type { CancelTimer } from '../shared/clock.js';
import { ProjectActor } from './project-actor.js';
import type { ProjectContext } from './project-context.js';
import type { IngestionRecord } from '../progress/record.js';

/** How often projects without anything to do are looked for, in milliseconds. */
const REAP_EVERY_MS = 10_000;
/** How long one whose ingestion runs is kept nevertheless, in milliseconds. */
const IDLE_RUNNING_MS = 60_000;

/** The projects of a server. */
export interface ProjectTable {
  readonly size: number;
  /** The actor of a project, made where there is none. */
  get(projectId: string): ProjectActor;
  /** The state that this server holds; null where it holds none. */
  live(projectId: string): IngestionRecord | null;
  /** What is known may be old: the next change of each project reads first. */
  forget(): void;
  /** A state that was to be stored met a newer one there. */
  refused(projectId: string, stored: IngestionRecord): void;
  /** Resolves once nothing waits any more. */
  drain(): Promise<void>;
  dispose(): void;
}

/** Makes the table. */
export function createProjectTable(context: ProjectContext): ProjectTable {
  const { clock, logger } = context;
  const actors = new Map<string, ProjectActor>();
  let reaper: CancelTimer | null = null;
  let disposed = false;

  const reap = () => {
    reaper = null;
    for (const [projectId, actor] of actors) {
      const isRunning = actor.state.live?.progress.status === 'RUNNING';
      const idleMs = actor.idleMs();
      if (idleMs === 0 || (isRunning && idleMs < IDLE_RUNNING_MS)) continue;
      actor.dispose();
      actors.delete(projectId);
    }
    if (actors.size > 0) reaper = clock.setTimer(REAP_EVERY_MS, reap);
  };

  return {
    get size() {
      return actors.size;
    },
    get: (projectId) => {
      const known = actors.get(projectId);
      if (known !== undefined) return known;
      const made = new ProjectActor(projectId, context);
      actors.set(projectId, made);
      if (!disposed) reaper ??= clock.setTimer(REAP_EVERY_MS, reap);
      return made;
    },
    live: (projectId) => actors.get(projectId)?.state.live ?? null,
    forget: () => {
      for (const actor of actors.values()) actor.state.forget();
    },
    refused: (projectId, stored) => {
      const actor = actors.get(projectId);
      actor
        ?.inOrder(() => actor.state.refused(stored))
        .catch((cause: unknown) =>
          logger.error({ projectId, cause }, 'a newer stored state was not taken over'),
        );
    },
    drain: async () => {
      await Promise.all([...actors.values()].map((actor) => actor.drain()));
    },
    dispose: () => {
      disposed = true;
      reaper?.();
      reaper = null;
      for (const actor of actors.values()) actor.dispose();
      actors.clear();
    },
  };
}
