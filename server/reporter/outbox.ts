/**
 * Reports to be sent, in order. Keeps one report of a kind for each phase and part, the newest, so that it stays small
 * during any outage. Knows no network.
 */
import type { MetricsInput, ProblemInput } from '@ingestion-progress/schema';
import type { MutationName } from './documents.js';
import { ReporterError } from './errors.js';

/** What some callers of one report wait for. */
export interface Outcome {
  readonly promise: Promise<void>;
  /** Null: accepted. */
  readonly settle: (error: ReporterError | null) => void;
}

/** One queued report. */
export interface PendingReport {
  readonly mutation: Exclude<MutationName, 'acknowledge' | 'flush'>;
  /** The phase that it is about; null for the whole ingestion. */
  readonly phase: number | null;
  /** The report's fields. */
  body: Readonly<Record<string, unknown>>;
  /** Absent while nobody waits for it. */
  outcome?: Outcome | undefined;
}

/** An ordered queue. */
export interface Outbox {
  readonly length: number;
  /** Whether nothing is queued that must not wait for the end of the window. */
  readonly isMergeable: boolean;
  /** Merges into a queued report, or appends; returns the one that is queued. */
  push(report: PendingReport): PendingReport;
  shift(): PendingReport | undefined;
}

/** Counters per report and phase. */
const MAX_COUNTERS = 20;
/** Twelve phases of 256 parts and their starts; only a job with more parts than the server takes has more. */
const MAX_QUEUED = 4_000;

/** Bounds of the problems that are queued: how many, and their text, in characters. */
const MAX_PROBLEMS = 1_000;
const MAX_PROBLEMS_LENGTH = 1_000_000;

/** Of these only the last one tells how the ingestion is. */
const CHANGES: ReadonlySet<MutationName> = new Set<MutationName>(['error', 'pause', 'resume', 'waiting']);

/** These wait for the end of the window. */
const CAN_WAIT: ReadonlySet<MutationName> = new Set<MutationName>(['update', 'problems', 'heartbeat']);

/** Creates an empty outbox. */
export function createOutbox(): Outbox {
  /** Until the queued change of status, and after it: an update that follows a failure or a pause ends it. */
  let before = new Map<string, PendingReport>();
  let change: PendingReport | null = null;
  let after = new Map<string, PendingReport>();
  let urgent = 0;

  const count = (report: PendingReport, by: number): void => {
    if (!CAN_WAIT.has(report.mutation)) urgent += by;
  };

  /** Merges where an earlier one stands: there no phase that it is about can be over yet. */
  const put = (queue: Map<string, PendingReport>, key: string, report: PendingReport): PendingReport => {
    const earlier = queue.get(key);
    if (earlier === undefined) {
      queue.set(key, report);
      return report;
    }
    earlier.body = merge(report.mutation, earlier.body, report.body);
    earlier.outcome ??= report.outcome;
    return earlier;
  };

  return {
    get length() {
      return before.size + (change === null ? 0 : 1) + after.size;
    },
    get isMergeable() {
      return urgent === 0;
    },
    push(report) {
      if (CHANGES.has(report.mutation) && !isEnding(report)) {
        for (const [key, later] of after) if (put(before, key, later) !== later) count(later, -1);
        after = new Map();
        if (change === null) count(report, 1);
        // A caller that waits for the earlier one waits for this one, which says more.
        report.outcome ??= change?.outcome;
        change = report;
        return report;
      }
      const queue = change === null ? before : after;
      const key = keyOf(report);
      const isFull = before.size + after.size >= MAX_QUEUED && report.mutation === 'update';
      if (isFull && !queue.has(key)) {
        throw new ReporterError('RATE_LIMITED', `${MAX_QUEUED} reports are queued already.`);
      }
      const queued = put(queue, key, report);
      if (queued === report) count(report, 1);
      return queued;
    },
    shift() {
      for (const [key, first] of before) {
        before.delete(key);
        count(first, -1);
        return first;
      }
      const first = change ?? undefined;
      if (first !== undefined) count(first, -1);
      change = null;
      before = after;
      after = new Map();
      return first;
    },
  };
}

/** Whether no report of the ingestion can follow. */
export function isEnding({ mutation, body }: PendingReport): boolean {
  return (
    mutation === 'complete' ||
    mutation === 'cancelled' ||
    (mutation === 'error' && body['recoverable'] !== true)
  );
}

/** Reports with one key merge. */
export function keyOf({ mutation, phase, body }: PendingReport): string {
  const { part } = body;
  return mutation === 'update' && typeof part === 'string'
    ? `update ${phase} ${part}`
    : `${mutation} ${phase}`;
}

/** The fields of both, the newer ones first. */
export function merge(
  mutation: MutationName,
  older: PendingReport['body'],
  newer: PendingReport['body'],
): PendingReport['body'] {
  if (mutation === 'update') return mergeUpdates(older, newer);
  if (mutation !== 'problems') return newer;
  const queued = older['problems'] as QueuedProblems;
  for (const problem of (newer['problems'] as QueuedProblems).list()) queued.add(problem);
  return older;
}

/** Problems by phase, item and code, as the server knows them: a repeat changes nothing. */
export interface QueuedProblems {
  add(problem: ProblemInput): void;
  list(): readonly ProblemInput[];
}

/** Creates an empty list of problems. `onFull` is called for the first one that it does not take. */
export function createQueuedProblems(onFull: (message: string) => void): QueuedProblems {
  const problems = new Map<string, ProblemInput>();
  let length = 0;
  let isFull = false;
  return {
    add(problem) {
      const key = JSON.stringify([problem.phase ?? null, problem.item, problem.code]);
      if (isFull || problems.has(key)) return;
      length += JSON.stringify(problem).length;
      isFull = problems.size >= MAX_PROBLEMS || length > MAX_PROBLEMS_LENGTH;
      if (isFull) onFull(`${problems.size} problems are queued already; further ones are dropped.`);
      else problems.set(key, problem);
    },
    list: () => [...problems.values()],
  };
}

/** The newer value, or the older where the newer is not known; metrics by field, counters by name. */
function mergeUpdates(older: PendingReport['body'], newer: PendingReport['body']): PendingReport['body'] {
  return {
    ...older,
    ...newer,
    progressPercent: newer['progressPercent'] ?? older['progressPercent'] ?? null,
    metrics: mergeMetrics(older['metrics'] ?? {}, newer['metrics'] ?? {}),
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
