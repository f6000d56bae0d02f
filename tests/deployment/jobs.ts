/** Many jobs in one process, each reporting an ingestion of its own through the reporter until it is told to finish. */
import { createReporter } from '../../server/reporter/index.js';
import type { ReporterRun } from '../../server/reporter/index.js';

/** Jobs under a test's hand. */
export interface Jobs {
  readonly projectIds: readonly string[];
  /** What a job was refused; a sentence each. */
  readonly refusals: readonly string[];
  /** Percent of the whole that a project's job has reported. */
  reported(projectId: string): number;
  /** Items that a project's job has counted. */
  items(projectId: string): number;
  /** Completes them all; resolves once the servers have stored all endings. */
  finish(): Promise<void>;
  dispose(): void;
}

/** Milliseconds between two updates of one job. */
const UPDATE_MS = 500;
/** Updates until a job is through its four phases; afterwards it repeats its last one. */
const UPDATES = 240;

/** Starts `count` jobs; resolves once all ingestions are stored. */
export async function startJobs(options: {
  readonly endpoint: string;
  readonly count: number;
  readonly token: string;
}): Promise<Jobs> {
  const { endpoint, count, token } = options;
  const refusals: string[] = [];
  const jobs = new Map<string, { readonly run: ReporterRun; step: number; readonly dispose: () => void }>();

  await Promise.all(
    Array.from({ length: count }, async (_, place) => {
      const projectId = `project-${place}`;
      const reporter = createReporter({
        endpoint,
        projectId,
        token,
        onRejected: (error) => refusals.push(`${projectId}: ${error.code} ${error.message}`),
      });
      jobs.set(projectId, {
        run: await reporter.startIngestion({}),
        step: 0,
        dispose: () => reporter.dispose(),
      });
    }),
  );

  function report(): void {
    for (const job of jobs.values()) {
      job.step = Math.min(UPDATES, job.step + 1);
      const share = (job.step / UPDATES) * 4;
      const phase = Math.min(4, Math.floor(share) + 1);
      job.run.emitProgressUpdate(phase, (share - (phase - 1)) * 100, {
        itemsProcessed: job.step,
        itemsTotal: UPDATES,
      });
    }
  }
  const timer = setInterval(report, UPDATE_MS);

  return {
    projectIds: [...jobs.keys()],
    refusals,
    reported: (projectId) => ((jobs.get(projectId)?.step ?? 0) / UPDATES) * 100,
    items: (projectId) => jobs.get(projectId)?.step ?? 0,
    finish: async () => {
      clearInterval(timer);
      await Promise.all(
        [...jobs.values()].map(({ run, step }) => run.emitComplete({ itemsProcessed: step })),
      );
    },
    dispose: () => {
      clearInterval(timer);
      for (const { dispose } of jobs.values()) dispose();
    },
  };
}
