/** Reports to be sent, in order, merged so that the queue stays small during any outage. Knows no network. */
import type { MetricsInput } from '@ingestion-progress/schema';
import type { MutationName } from './documents.js';
import { ReporterError } from './errors.js';

/** One queued report. */
export interface PendingReport {
  readonly mutation: Exclude<MutationName, 'acknowledge' | 'flush'>;
  /** The phase that it is about; null for the whole ingestion. */
  readonly phase: number | null;
  /** The report's fields. */
  body: Readonly<Record<string, unknown>>;
  /** Called when it was accepted (null), or failed for good. */
  readonly settle: ((error: ReporterError | null) => void)[];
}

/** An ordered queue. */
export interface Outbox {
  readonly length: number;
  readonly first: PendingReport | undefined;
  /** Merges into a queued report, or appends. */
  push(report: PendingReport): void;
  shift(): PendingReport | undefined;
}

/** Counters per report and phase. */
const MAX_COUNTERS = 20;
/** More than four phases and their updates are queued only if a job floods with errors. */
const MAX_QUEUED = 100;

/** Creates an empty outbox. */
export function createOutbox(): Outbox {
  const queue: PendingReport[] = [];

  /** One of the same kind and phase, with nothing of another kind or phase after it but starts and updates of it. */
  function mergeable({ mutation, phase, body }: PendingReport): PendingReport | undefined {
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
    push(report) {
      const earlier = mergeable(report);
      if (earlier !== undefined) {
        earlier.body = report.mutation === 'update' ? mergeUpdates(earlier.body, report.body) : report.body;
        earlier.settle.push(...report.settle);
        return;
      }
      if (queue.length >= MAX_QUEUED) {
        throw new ReporterError('RATE_LIMITED', `${MAX_QUEUED} reports are queued already.`);
      }
      queue.push(report);
    },
    shift: () => queue.shift(),
  };
}

function sameError(last: PendingReport, body: PendingReport['body'], phase: number | null): boolean {
  const isRecoverable = body['recoverable'] === true;
  return isRecoverable && last.phase === phase && JSON.stringify(last.body) === JSON.stringify(body);
}

/** The newer percent, or the older where the newer is not known; metrics by field, counters by name. */
function mergeUpdates(older: PendingReport['body'], newer: PendingReport['body']): PendingReport['body'] {
  const metrics = mergeMetrics(older['metrics'] ?? {}, newer['metrics'] ?? {});
  return {
    ...older,
    ...newer,
    progressPercent: newer['progressPercent'] ?? older['progressPercent'] ?? null,
    metrics,
  };
}

function mergeMetrics(older: MetricsInput, newer: MetricsInput): MetricsInput {
  const given = Object.fromEntries(
    Object.entries(newer).filter(([, value]) => value !== null && value !== undefined),
  );
  const counters = new Map((older.counters ?? []).map((counter) => [counter.name, counter]));
  for (const counter of newer.counters ?? []) {
    // With one too many the server would reject both reports.
    if (counters.has(counter.name) || counters.size < MAX_COUNTERS) counters.set(counter.name, counter);
  }
  const merged: MetricsInput = { ...older, ...given };
  return counters.size === 0 ? merged : { ...merged, counters: [...counters.values()] };
}
