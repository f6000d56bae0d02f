/** Many jobs in one process; each reports its own ingestion with a reporter until `finish` is called. */
import { createReporter } from '../../server/reporter/index.js';
import type { ReporterRun } from '../../server/reporter/index.js';

/** The jobs of a test. */
export interface Jobs {
  readonly projectIds: readonly string[];
  /** One sentence per rejected report. */
  readonly rejections: readonly string[];
  /** The overall percent that the job of a project has reported. */
  reported(projectId: string): number;
  /** The items that the job of a project has counted. */
  items(projectId: string): number;
  /** Completes all ingestions; resolves when all endings are acknowledged. */
  finish(): Promise<void>;
  dispose(): void;
}

/** Milliseconds between two updates of one job. */
const UPDATE_MS = 500;
/** Updates for all four phases; afterwards a job repeats its last one. */
const UPDATES = 240;

/** Starts `count` jobs; resolves once all ingestions are stored. */
export async function startJobs(options: {
  readonly endpoint: string;
  readonly count: number;
  readonly token: string;
}): Promise<Jobs> {
  const { endpoint, count, token } = options;
  const rejections: string[] = [];
  const jobs = new Map<string, { readonly run: ReporterRun; step: number; readonly dispose: () => void }>();

  await Promise.all(
    Array.from({ length: count }, async (_, place) => {
      const projectId = `project-${place}`;
      const reporter = createReporter({
        endpoint,
        projectId,
        token,
        onRejected: (error) => rejections.push(`${projectId}: ${error.code} ${error.message}`),
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
    rejections,
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
