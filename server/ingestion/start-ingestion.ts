/**
 * Starting an ingestion: the same start again, one that takes over from another, and one that is stored before anybody
 * hears of it. (invariant: store-first-ending)
 */
import { isEnded, type StartReport } from '@ingestion-progress/schema';
import { ProgressError } from '../shared/errors.js';
import { seal } from '../progress/change.js';
import { takenOver } from '../progress/endings.js';
import type { ProjectActor } from './project-actor.js';
import type { ProjectContext } from './project-context.js';
import { recordedEvent, recordedStart } from '../progress/log-entry.js';
import { ofRequest } from '../progress/record.js';
import type { IngestionRecord } from '../progress/record.js';
import type { JobPlace } from '../progress/report.js';
import { startIngestion } from '../progress/initial-state.js';

/** How long between attempts to read a project while store and bus are away, in milliseconds. */
const ASK_AGAIN_MS = 250;

/** How a start came, and what it is to be called. */
export interface StartCircumstances {
  readonly place: JobPlace;
  readonly ingestionId: string;
  /** The request that brought it, for the log. */
  readonly requestId: string | undefined;
}

/** Starts an ingestion on its project's actor; `report` was checked. Call it in order with the project's reports. */
export async function startOn(
  actor: ProjectActor,
  context: ProjectContext,
  report: StartReport,
  { place, ingestionId, requestId }: StartCircumstances,
): Promise<IngestionRecord> {
  const { clock, counts, store, serverId } = context;
  const { state } = actor;
  const deadlineAt = clock.monotonicNow() + context.deadlineMs;
  let charged = false;
  for (;;) {
    let base: IngestionRecord | null;
    let earlier: IngestionRecord | null;
    try {
      base = await state.load();
      const isNamed = typeof report.ingestionId === 'string' && base?.progress.id !== ingestionId;
      earlier = isNamed ? await store.readIngestion(report.projectId, ingestionId) : null;
    } catch (cause) {
      if (clock.monotonicNow() >= deadlineAt || !isUnavailable(cause)) throw cause;
      await new Promise<void>((resolve) => void clock.setTimer(ASK_AGAIN_MS, resolve));
      continue;
    }
    if (base?.progress.id === ingestionId) return base;
    if (earlier !== null) return earlier;
    if (base?.progress.status === 'RUNNING' && report.replace !== true) {
      counts.conflicts += 1;
      throw new ProgressError(
        'CONFLICT',
        `Ingestion ${base.progress.id} of this project is running; start with replace to end it.`,
      );
    }
    if (!charged) actor.charge();
    charged = true;
    const nowMs = clock.now();
    const ownerServerId = place === 'in-process' ? serverId : null;
    const ending =
      base !== null && !isEnded(base.progress)
        ? seal(takenOver(base, nowMs), base.progress.revision, nowMs)
        : null;
    if (ending !== null && base !== null) {
      const event = recordedEvent(ending);
      const outcome = await state.storeEnding(ending, base, event === null ? [] : [event], deadlineAt);
      if (outcome.kind === 'given-up') throw unavailable();
      if (outcome.kind === 'newer') continue;
    }
    const before = (ending?.record ?? base)?.progress.revision ?? 0;
    const draft = startIngestion(report, { ingestionId, ownerServerId, nowMs });
    const change = ofRequest(seal(draft, before, nowMs), requestId);
    const outcome = await state.commitStored(change, [recordedStart(change)], { kind: 'start' }, deadlineAt);
    if (outcome.kind === 'committed') {
      counts.starts += 1;
      state.onCommitted(change, 'now');
      return change.record;
    }
    // The old one has ended all the same: whoever watches it must hear.
    if (ending !== null) await state.tell(ending);
    if (outcome.kind === 'given-up') throw unavailable();
  }
}

const isUnavailable = (cause: unknown) => cause instanceof ProgressError && cause.code === 'UNAVAILABLE';

const unavailable = () =>
  new ProgressError('UNAVAILABLE', 'The start could not be stored; it may be repeated.');
