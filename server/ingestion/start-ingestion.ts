/**
 * Starts an ingestion: repeats a known start, ends the ingestion that it replaces, and stores the new one before it is
 * published. (invariant: store-first-ending)
 */
import { isEnded, type StartReport } from '@ingestion-progress/schema';
import { stampRevision, withRequestId } from '../progress/change.js';
import { endReplaced } from '../progress/endings.js';
import { initialState, nextAttempt } from '../progress/initial-state.js';
import { startEntry } from '../progress/log-entry.js';
import type { IngestionRecord } from '../progress/record.js';
import type { Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import { sleep } from '../shared/sleep.js';
import type { ProgressStore } from '../store/progress-store.js';
import type { IngestionCounts } from './counts.js';
import type { Project } from './projects.js';

/** How long between attempts to read a project while store and bus are away, in milliseconds. */
const RETRY_INTERVAL_MS = 250;

/** A start, checked. */
export interface StartRequest {
  readonly report: StartReport;
  readonly ingestionId: string;
  /** Server whose lease guards the job; null for a job in another process. */
  readonly ownerServerId: string | null;
  /** The request that brought it, for the log. */
  readonly requestId: string | undefined;
}

/** What it works with. */
export interface StartOptions {
  readonly store: ProgressStore;
  readonly clock: Clock;
  readonly counts: IngestionCounts;
  /** How long the start may wait for store and bus, in milliseconds. */
  readonly timeoutMs: number;
}

/** Starts an ingestion of a project. Run it in order with the project's changes. */
export async function startIngestion(
  project: Project,
  { report, ingestionId, ownerServerId, requestId }: StartRequest,
  { store, clock, counts, timeoutMs }: StartOptions,
): Promise<IngestionRecord> {
  const { state } = project;
  const deadlineAt = clock.monotonicNow() + timeoutMs;
  let isRateCounted = false;
  for (;;) {
    let base: IngestionRecord | null;
    let earlier: IngestionRecord | null;
    try {
      base = await state.load();
      const isNamed = typeof report.ingestionId === 'string' && base?.progress.id !== ingestionId;
      earlier = isNamed ? await store.readIngestion(report.projectId, ingestionId) : null;
    } catch (cause) {
      if (clock.monotonicNow() >= deadlineAt || !isUnavailable(cause)) throw cause;
      await sleep(clock, RETRY_INTERVAL_MS);
      continue;
    }
    const same = base?.progress.id === ingestionId ? base : earlier;
    if (same !== null && isSameStart(same, report)) return same;
    if (same !== null && (same !== base || isEnded(same.progress))) {
      counts.conflicts += 1;
      throw new ProgressError('CONFLICT', `Ingestion ${ingestionId} has ended; start another one.`);
    }
    if (same !== null) {
      if (!isRateCounted) project.acquireRate();
      isRateCounted = true;
      const change = withRequestId(
        stampRevision(
          nextAttempt(same, report, { ingestionId, ownerServerId, nowMs: clock.now() }),
          same.progress.revision,
          clock.now(),
        ),
        requestId,
      );
      const { kind } = await project.commitAttempt(change, same, deadlineAt);
      if (kind === 'committed') return change.record;
      if (kind === 'given-up') throw unavailable();
      continue;
    }
    if (base?.progress.status === 'RUNNING' && report.replace !== true) {
      counts.conflicts += 1;
      throw new ProgressError(
        'CONFLICT',
        `Ingestion ${base.progress.id} of this project is running; start with replace to end it.`,
      );
    }
    if (!isRateCounted) project.acquireRate();
    isRateCounted = true;
    const nowMs = clock.now();
    const ending =
      base !== null && !isEnded(base.progress)
        ? stampRevision(endReplaced(base, nowMs), base.progress.revision, nowMs)
        : null;
    if (ending !== null && base !== null) {
      const { kind } = await project.storeReplacedEnding(ending, base, deadlineAt);
      if (kind === 'given-up') throw unavailable();
      if (kind === 'stale') continue;
    }
    const previousRevision = (ending?.record ?? base)?.progress.revision ?? 0;
    const previousStartedAt = base?.progress.startedAt ?? 0;
    const initial = initialState(report, { ingestionId, ownerServerId, nowMs, previousStartedAt });
    const change = withRequestId(stampRevision(initial, previousRevision, nowMs), requestId);
    const { kind } = await state.store(change, [startEntry(change)], { kind: 'start' }, deadlineAt);
    if (kind === 'committed') {
      await state.publish(change);
      counts.starts += 1;
      project.recordCommit(change, 'immediate');
      return change.record;
    }
    // The old ingestion has ended all the same.
    if (ending !== null) await state.publish(ending);
    if (kind === 'given-up') throw unavailable();
  }
}

/** Whether a start repeats one: it has no key, or the key of the attempt that runs. */
const isSameStart = (record: IngestionRecord, { attemptKey = null }: StartReport) =>
  attemptKey === null || attemptKey === record.attemptKey;

const isUnavailable = (cause: unknown) => cause instanceof ProgressError && cause.code === 'UNAVAILABLE';

const unavailable = () => new ProgressError('UNAVAILABLE', 'The start could not be stored; retry.');
