/** Something that waits to be folded onto a project's state, and how its caller hears of the outcome. */
import type { CancelTimer, Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import { isEnded } from '@ingestion-progress/schema';
import type { Draft, Manner } from '../progress/change.js';
import { applyReport, type FoldOutcome } from '../progress/reduce.js';
import type { IngestionRecord } from '../progress/record.js';
import type { Report } from '../progress/report.js';

/** What a change came to. */
export interface Settled {
  /** False where nothing changed, and that is no error. */
  readonly accepted: boolean;
  readonly record: IngestionRecord;
}

/** A change that waits. */
export interface Waiting {
  /** Works the change out; asked again whenever a newer state turns up. */
  readonly fold: (base: IngestionRecord | null, nowMs: number) => FoldOutcome;
  readonly resolve: (settled: Settled) => void;
  readonly reject: (error: ProgressError) => void;
  /** Monotonic; null for one that waits as long as it takes. */
  readonly deadlineAt: number | null;
  /** True once its caller was told, by outcome or deadline. */
  readonly isSettled: () => boolean;
  /** The request that brought it, for the log; absent for a job in this process. */
  readonly requestId?: string | undefined;
  /** How many reports it is made of. @default 1 */
  readonly merges?: number;
  /** When it arrived, among those of its project; given by the project. */
  order: number;
}

/** The fold of a report; one without an ingestion's id is for the ingestion that runs. */
export function foldOf(report: Report, addressed: boolean): Waiting['fold'] {
  return (base, nowMs) => {
    if (base === null) {
      return { kind: 'rejected', message: 'This project has no ingestion; start one.' };
    }
    if (addressed) return applyReport(base, report, nowMs);
    if (isEnded(base.progress)) {
      return {
        kind: 'rejected',
        message: `Ingestion ${base.progress.id} has ended and no other runs; start one.`,
      };
    }
    const toRunning = { ...report, report: { ...report.report, ingestionId: base.progress.id } } as Report;
    return applyReport(base, toRunning, nowMs);
  };
}

/** Makes a waiting change with a promise, rejected with `UNAVAILABLE` when `deadlineMs` have passed. */
export function createWaiting(
  clock: Clock,
  fold: Waiting['fold'],
  deadlineMs: number,
  requestId?: string,
): { readonly waiting: Waiting; readonly settled: Promise<Settled> } {
  let done = false;
  let stopTimer: CancelTimer = () => undefined;
  let resolvePromise: (settled: Settled) => void = () => undefined;
  let rejectPromise: (error: ProgressError) => void = () => undefined;
  const settled = new Promise<Settled>((resolve, reject) => {
    resolvePromise = resolve;
    rejectPromise = reject;
  });
  const once =
    <T>(tell: (value: T) => void) =>
    (value: T) => {
      if (done) return;
      done = true;
      stopTimer();
      tell(value);
    };
  const reject = once((error: ProgressError) => rejectPromise(error));
  stopTimer = clock.setTimer(deadlineMs, () =>
    reject(new ProgressError('UNAVAILABLE', `Not stored within ${deadlineMs / 1000} s; it may be repeated.`)),
  );
  const resolve = once((outcome: Settled) => resolvePromise(outcome));
  const deadlineAt = clock.monotonicNow() + deadlineMs;
  const waiting = { fold, resolve, reject, deadlineAt, isSettled: () => done, requestId, order: 0 };
  return { waiting, settled };
}

/** One step over a list of waiting changes: those that travel together. */
export interface FoldRun {
  /** How many of the list it took, from its head. */
  readonly taken: number;
  /** What they come to together; null where nothing changes. */
  readonly draft: Draft | null;
  readonly manner: Manner;
  /** Outcome of each that was taken. */
  readonly outcomes: readonly FoldOutcome[];
}

/** Folds from the head of the list as many as may be merged into one event, or one that may not. */
export function foldRun(base: IngestionRecord | null, list: readonly Waiting[], nowMs: number): FoldRun {
  const outcomes: FoldOutcome[] = [];
  let draft = null as Draft | null;
  for (const waiting of list) {
    const outcome = waiting.fold(draft?.record ?? base, nowMs);
    if (outcome.kind === 'changed') {
      if (outcome.manner !== 'merge') {
        if (draft !== null) break;
        return {
          taken: outcomes.length + 1,
          draft: outcome.draft,
          manner: outcome.manner,
          outcomes: [...outcomes, outcome],
        };
      }
      const { record, payload } = outcome.draft;
      draft = { record, payload: payload.type === 'snapshot' ? (draft?.payload ?? payload) : payload };
    }
    outcomes.push(outcome);
  }
  return { taken: outcomes.length, draft, manner: 'merge', outcomes };
}
