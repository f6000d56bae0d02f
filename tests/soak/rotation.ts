/** Jobs in rotation: each project ingests again and again. Some ingestions complete, some fail, some die silently. */
import { ReporterError, createReporter } from '../../server/reporter/index.js';
import type { ReporterRun } from '../../server/reporter/index.js';

/** The jobs of a soak test. */
export interface Rotation {
  /** Ingestions started so far. */
  readonly ingestions: number;
  /** One sentence per report that was rejected unexpectedly. */
  readonly rejections: readonly string[];
  stop(): void;
}

const UPDATE_MS = 1_000;
const UPDATES_PER_PHASE = 8;

/** How an ingestion ends, by its number. */
function endingOf(number: number): 'complete' | 'fail' | 'die' {
  if (number % 10 === 7) return 'die';
  return number % 10 === 3 ? 'fail' : 'complete';
}

/** Starts one job per project, spread over time. */
export function startRotation(options: {
  readonly endpoint: string;
  readonly projectIds: readonly string[];
  readonly token: string;
}): Rotation {
  const { endpoint, projectIds, token } = options;
  const rejections: string[] = [];
  const stops: (() => void)[] = [];
  let ingestions = 0;
  let stopped = false;

  async function rotate(projectId: string): Promise<void> {
    const note = (error: unknown) => {
      // Expected: the reporter of a job that died is closed.
      const isClosed = error instanceof ReporterError && error.code === 'CLOSED';
      if (!stopped && !isClosed) rejections.push(`${projectId}: ${String(error)}`);
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
          // The previous ingestion may have died and may still count as running.
          run = await reporter.startIngestion({ replace: true });
          [phase, update] = [1, 0];
        }
        update += 1;
        run.emitProgressUpdate(phase, (update / UPDATES_PER_PHASE) * 100, { itemsProcessed: update });
        if (update < UPDATES_PER_PHASE) return;
        [phase, update] = [phase + 1, 0];
        if (phase <= 4) return;
        const ending = endingOf(number);
        if (ending === 'complete') await run.emitComplete({ itemsProcessed: UPDATES_PER_PHASE * 4 });
        if (ending === 'fail') {
          await run.emitError(4, { errorCode: 'SOAKED', message: 'Failed on purpose.', recoverable: false });
        }
        if (ending === 'die') {
          // Its pending reports die with it.
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
      (place / projectIds.length) * UPDATES_PER_PHASE * 4 * UPDATE_MS,
    );
    stops.push(() => clearTimeout(start));
  });

  return {
    get ingestions() {
      return ingestions;
    },
    rejections,
    stop: () => {
      stopped = true;
      for (const stop of stops) stop();
    },
  };
}
