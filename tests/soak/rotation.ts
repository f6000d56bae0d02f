/** Jobs in rotation: each project ingests again and again; some complete, some fail, some die without a word. */
import { ReporterError, createReporter } from '../../server/reporter/index.js';
import type { ReporterRun } from '../../server/reporter/index.js';

/** Jobs under a soak's hand. */
export interface Rotation {
  /** Ingestions that were begun. */
  readonly ingestions: number;
  /** What jobs were refused, and should not have been; a sentence each. */
  readonly refusals: readonly string[];
  stop(): void;
}

const UPDATE_MS = 1_000;
const UPDATES_A_PHASE = 8;

/** How an ingestion ends, by its number. */
function fate(number: number): 'complete' | 'fail' | 'die' {
  if (number % 10 === 7) return 'die';
  return number % 10 === 3 ? 'fail' : 'complete';
}

/** Starts one job for each project, a little apart. */
export function startRotation(options: {
  readonly endpoint: string;
  readonly projectIds: readonly string[];
  readonly token: string;
}): Rotation {
  const { endpoint, projectIds, token } = options;
  const refusals: string[] = [];
  const stops: (() => void)[] = [];
  let ingestions = 0;
  let stopped = false;

  async function rotate(projectId: string): Promise<void> {
    const note = (error: unknown) => {
      // A job that died is told that its reporter is closed, as it should be.
      const isClosed = error instanceof ReporterError && error.code === 'CLOSED';
      if (!stopped && !isClosed) refusals.push(`${projectId}: ${String(error)}`);
    };
    const open = () => createReporter({ endpoint, projectId, token, onRejected: note });
    let reporter = open();
    stops.push(() => reporter.dispose());
    let run: ReporterRun | null = null;
    let phase = 1;
    let update = 0;
    let number = 0;
    let isBusy = false;

    const tick = async () => {
      if (isBusy || stopped) return;
      isBusy = true;
      try {
        if (run === null) {
          ingestions += 1;
          number = ingestions;
          // The one before may have died, and would be in the way.
          run = await reporter.startIngestion({ replace: true });
          [phase, update] = [1, 0];
        }
        update += 1;
        run.emitProgressUpdate(phase, (update / UPDATES_A_PHASE) * 100, { itemsProcessed: update });
        if (update < UPDATES_A_PHASE) return;
        [phase, update] = [phase + 1, 0];
        if (phase <= 4) return;
        const ending = fate(number);
        if (ending === 'complete') await run.emitComplete({ itemsProcessed: UPDATES_A_PHASE * 4 });
        if (ending === 'fail') {
          await run.emitError(4, { errorCode: 'SOAKED', message: 'As it was told to.', recoverable: false });
        }
        if (ending === 'die') {
          // What it had still to say dies with it.
          reporter.dispose();
          reporter = open();
        }
        run = null;
      } catch (error) {
        note(error);
        run = null;
      } finally {
        isBusy = false;
      }
    };
    const timer = setInterval(() => void tick(), UPDATE_MS);
    stops.push(() => clearInterval(timer));
  }

  projectIds.forEach((projectId, place) => {
    const start = setTimeout(
      () => void rotate(projectId),
      (place / projectIds.length) * UPDATES_A_PHASE * 4 * UPDATE_MS,
    );
    stops.push(() => clearTimeout(start));
  });

  return {
    get ingestions() {
      return ingestions;
    },
    refusals,
    stop: () => {
      stopped = true;
      for (const stop of stops) stop();
    },
  };
}
