/** What waits to be sent, in order, merged so that it stays small however long the server is away. Knows no network. */
import type { MetricsInput } from '@ingestion-progress/schema';
import type { MutationName } from './documents.js';
import { ReporterError } from './errors.js';

/** One report that waits. */
export interface Waiting {
  readonly mutation: Exclude<MutationName, 'acknowledge'>;
  /** The phase that it is about; null for the whole ingestion. */
  readonly phase: number | null;
  /** What the job said. */
  body: Readonly<Record<string, unknown>>;
  /** Told when it was taken, or refused for good. */
  readonly settle: ((error: ReporterError | null) => void)[];
}

/** An ordered queue. */
export interface Outbox {
  readonly length: number;
  readonly first: Waiting | undefined;
  /** Merges into what waits already, or stands at the end. */
  push(waiting: Waiting): void;
  shift(): Waiting | undefined;
}

/** As many as a report may have, and a phase keeps. */
const MOST_COUNTERS = 20;
/** More than four phases and their updates wait only where a job floods with errors. */
const MOST_WAITING = 100;

/** Begins an empty one. */
export function createOutbox(): Outbox {
  const queue: Waiting[] = [];

  /** One of the same kind and phase, with nothing of another kind or phase after it but starts and updates of it. */
  function mergeable({ mutation, phase, body }: Waiting): Waiting | undefined {
    if (mutation === 'error') {
      const last = queue.at(-1);
      return last?.mutation === 'error' && sameError(last, body, phase) ? last : undefined;
    }
    if (mutation !== 'phase' && mutation !== 'update') return undefined;
    for (const earlier of queue.toReversed()) {
      if (earlier.phase !== phase || (earlier.mutation !== 'phase' && earlier.mutation !== 'update'))
        return undefined;
      if (earlier.mutation === mutation) return earlier;
    }
    return undefined;
  }

  return {
    get length() {
      return queue.length;
    },
    get first() {
      return queue[0];
    },
    push(waiting) {
      const earlier = mergeable(waiting);
      if (earlier !== undefined) {
        earlier.body =
          waiting.mutation === 'update' ? mergeUpdates(earlier.body, waiting.body) : waiting.body;
        earlier.settle.push(...waiting.settle);
        return;
      }
      if (queue.length >= MOST_WAITING) {
        throw new ReporterError('RATE_LIMITED', `${MOST_WAITING} reports wait to be sent already.`);
      }
      queue.push(waiting);
    },
    shift: () => queue.shift(),
  };
}

function sameError(last: Waiting, body: Waiting['body'], phase: number | null): boolean {
  const isRecoverable = body['recoverable'] === true;
  return isRecoverable && last.phase === phase && JSON.stringify(last.body) === JSON.stringify(body);
}

/** The newer percent, or the older where the newer is not known; metrics by field, counters by name. */
function mergeUpdates(older: Waiting['body'], newer: Waiting['body']): Waiting['body'] {
  const metrics = mergeMetrics(older['metrics'] ?? {}, newer['metrics'] ?? {});
  return {
    ...older,
    ...newer,
    progressPercent: newer['progressPercent'] ?? older['progressPercent'] ?? null,
    metrics,
  };
}

function mergeMetrics(older: MetricsInput, newer: MetricsInput): MetricsInput {
  const told = Object.fromEntries(
    Object.entries(newer).filter(([, value]) => value !== null && value !== undefined),
  );
  const counters = new Map((older.counters ?? []).map((counter) => [counter.name, counter]));
  for (const counter of newer.counters ?? []) {
    // One too many, and the server would refuse both reports.
    if (counters.has(counter.name) || counters.size < MOST_COUNTERS) counters.set(counter.name, counter);
  }
  const merged: MetricsInput = { ...older, ...told };
  return counters.size === 0 ? merged : { ...merged, counters: [...counters.values()] };
}
