/**
 * Buffers the updates of one producer until its project drains them: checked by hand, merged into one slot per phase, into
 * which the numbers are copied (a job may reuse its object), so that a merged call allocates next to nothing. The schema is asked
 * only to word what is wrong.
 */
import { LIMITS, METRIC_NAMES, type MetricsInput } from '@ingestion-progress/schema';
import { copyMetrics, everyMetric, isMetricName } from '@ingestion-progress/schema/metrics';
import { parseReport, type Report, type ReportOf } from '../progress/report.js';
import type { ProgressError } from '../shared/errors.js';
import type { MergedUpdate, ProducerHandle } from './pending-changes.js';

type CounterInput = NonNullable<MetricsInput['counters']>[number];

const PERCENT = METRIC_NAMES.length;

const NO_DETAILS: UpdateDetails = Object.freeze({});

/** What an update may say beside phase, percent and counts. */
export interface UpdateDetails {
  readonly part?: string | null | undefined;
  readonly sequence?: number | null | undefined;
  readonly message?: string | null | undefined;
  /** The request that brought it, for the log. */
  readonly requestId?: string | undefined;
}

/** The merged updates of one phase, or of one part of it. */
class Slot {
  isFilled = false;
  merges = 0;
  isFinal: boolean | null = null;
  details: UpdateDetails = NO_DETAILS;
  /** Numbers by `METRIC_NAMES`, then the percent; NaN if none was given. */
  readonly numbers = new Float64Array(PERCENT + 1).fill(Number.NaN);
  hasMetrics = false;
  counters: Map<string, { label: string | null; value: number; unit: string | null }> | null = null;

  putCounters(given: readonly CounterInput[]): void {
    const counters = (this.counters ??= new Map());
    for (let index = 0; index < given.length; index += 1) {
      const counter = given[index];
      if (counter === undefined) continue;
      const known = counters.get(counter.name);
      if (known === undefined) {
        if (counters.size >= LIMITS.counters) continue;
        counters.set(counter.name, {
          label: counter.label ?? null,
          value: counter.value,
          unit: counter.unit ?? null,
        });
        continue;
      }
      known.value = counter.value;
      known.label = counter.label ?? known.label;
      known.unit = counter.unit ?? known.unit;
    }
  }

  private number(index: number): number | null {
    const value = this.numbers[index];
    return value === undefined || Number.isNaN(value) ? null : value;
  }

  constructor(readonly phase: number) {}

  drain(): MergedUpdate {
    const counters =
      this.counters === null ? null : [...this.counters].map(([name, counter]) => ({ name, ...counter }));
    const metrics: MetricsInput | null = this.hasMetrics
      ? {
          ...Object.fromEntries(METRIC_NAMES.map((field, index) => [field, this.number(index)])),
          itemsTotalIsFinal: this.isFinal,
          counters,
        }
      : null;
    const progressPercent = this.number(PERCENT);
    const { phase, merges, details } = this;
    this.details = NO_DETAILS;
    this.isFinal = null;
    this.merges = 0;
    this.isFilled = false;
    this.hasMetrics = false;
    this.numbers.fill(Number.NaN);
    this.counters = null;
    return { ...details, phase, progressPercent, metrics, merges };
  }
}

/** The merged updates of one producer. */
export class UpdateSlots {
  private readonly slots: Slot[] = Array.from({ length: LIMITS.phases }, (_, index) => new Slot(index + 1));
  /** Slots of parts, by phase and part. */
  private readonly ofParts = new Map<string, Slot>();
  /** Slots with an update, in order of arrival. */
  private order: Slot[] = [];

  /** Merges a checked update; true if its slot was empty before. */
  put(
    phase: number,
    percent: number | null | undefined,
    metrics: MetricsInput | null | undefined,
    details: UpdateDetails = NO_DETAILS,
  ): boolean {
    const slot = this.slotOf(phase, details.part);
    slot.merges += 1;
    if (percent !== null && percent !== undefined) {
      const { numbers } = slot;
      // As the reducer would clamp one after the other; NaN is not greater than anything. Written out: a function's
      // result would be an object for each call.
      if (percent > 100) numbers[PERCENT] = 100;
      else if (percent === percent && !((numbers[PERCENT] as number) >= percent))
        numbers[PERCENT] = percent < 0 ? 0 : percent;
    }
    if (metrics !== null && metrics !== undefined) {
      slot.hasMetrics = true;
      copyMetrics(metrics, slot.numbers);
      if (typeof metrics.itemsTotalIsFinal === 'boolean') slot.isFinal = metrics.itemsTotalIsFinal;
      if (metrics.counters) slot.putCounters(metrics.counters);
    }
    if (details !== NO_DETAILS) {
      slot.details = { ...details, message: details.message ?? slot.details.message };
    }
    if (slot.isFilled) return false;
    slot.isFilled = true;
    this.order.push(slot);
    return true;
  }

  /** Greatest sequence that waits, of a part or of those without one; null if none does. */
  waitingSequence(part: string | null): number | null {
    let greatest: number | null = null;
    for (const { details } of this.order) {
      const { sequence = null } = details;
      if ((details.part ?? null) !== part || sequence === null) continue;
      if (greatest === null || sequence > greatest) greatest = sequence;
    }
    return greatest;
  }

  /** Empties the slots: by sequence if they have any, else in order of arrival. */
  drain(): MergedUpdate[] {
    const filled = this.order;
    this.order = [];
    this.ofParts.clear();
    const updates = filled.map((slot) => slot.drain());
    return updates.length === 1 ? updates : updates.sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0));
  }

  private slotOf(phase: number, part: string | null | undefined): Slot {
    if (part === null || part === undefined) return this.slots[phase - 1] as Slot;
    const key = `${phase}!${part}`;
    let slot = this.ofParts.get(key);
    if (slot === undefined) {
      slot = new Slot(phase);
      this.ofParts.set(key, slot);
    }
    return slot;
  }
}

const isCount = (value: unknown): boolean =>
  value === undefined || value === null || (Number.isSafeInteger(value) && (value as number) >= 0);

const isRate = (value: unknown): boolean =>
  value === undefined || value === null || (Number.isFinite(value) && (value as number) >= 0);

const isText = (value: unknown, maxLength: number): boolean =>
  typeof value === 'string' && value.length >= 1 && value.length <= maxLength;

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

function isValidCounter(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const key in value) {
    if (key !== 'name' && key !== 'label' && key !== 'value' && key !== 'unit') return false;
  }
  const counter = value as Record<string, unknown>;
  return (
    isText(counter['name'], LIMITS.counterName) &&
    Number.isFinite(counter['value']) &&
    (isAbsent(counter['label']) || isText(counter['label'], LIMITS.phaseName)) &&
    (isAbsent(counter['unit']) || isText(counter['unit'], LIMITS.counterUnit))
  );
}

function areValidCounters(value: unknown): boolean {
  if (isAbsent(value)) return true;
  if (!Array.isArray(value) || value.length > LIMITS.counters) return false;
  for (let index = 0; index < value.length; index += 1) if (!isValidCounter(value[index])) return false;
  return true;
}

/** True if `phaseMetricsSchema.nullish()` accepts it. Yes only if it is sure: what it does not know goes to the schema. */
export function isValidMetrics(value: unknown): boolean {
  if (isAbsent(value)) return true;
  if (typeof value !== 'object' || Array.isArray(value)) return false;
  for (const key in value as object) {
    if (!isMetricName(key) && key !== 'counters' && key !== 'itemsTotalIsFinal') return false;
  }
  const metrics = value as Record<string, unknown>;
  const isFinal = metrics['itemsTotalIsFinal'];
  return (
    everyMetric(metrics, isCount, isRate) &&
    areValidCounters(metrics['counters']) &&
    (isAbsent(isFinal) || typeof isFinal === 'boolean')
  );
}

/** True if `progressUpdateReportSchema` accepts phase, percent and metrics; allocates nothing. */
export function isValidUpdate(phase: unknown, percent: unknown, metrics: unknown): boolean {
  return (
    Number.isInteger(phase) &&
    (phase as number) >= 1 &&
    (phase as number) <= LIMITS.phases &&
    (isAbsent(percent) || typeof percent === 'number') &&
    isValidMetrics(metrics)
  );
}

/** Where a producer's updates go. */
export interface UpdateBufferOptions {
  /** Takes the producer into its project's queue once its buffer is no longer empty. */
  readonly enqueue: (producer: ProducerHandle, phase: number) => void;
  readonly projectId: string;
  /** Null: the running ingestion. */
  readonly ingestionId: string | null;
  /** Key of the attempt; null if it has none. @default null */
  readonly attemptKey?: string | null;
  readonly onRejected: (error: ProgressError) => void;
}

/** The buffer of one emitter, of one run, or of the reports that come from elsewhere. */
export class UpdateBuffer implements ProducerHandle {
  isQueued = false;
  readonly ingestionId: string | null;
  readonly attemptKey: string | null;
  readonly onRejected: (error: ProgressError) => void;
  private readonly enqueue: UpdateBufferOptions['enqueue'];
  private readonly projectId: string;
  private readonly slots = new UpdateSlots();

  constructor({ enqueue, projectId, ingestionId, attemptKey = null, onRejected }: UpdateBufferOptions) {
    this.enqueue = enqueue;
    this.projectId = projectId;
    this.ingestionId = ingestionId;
    this.attemptKey = attemptKey;
    this.onRejected = onRejected;
  }

  /** Throws `BAD_USER_INPUT` with path and rule if the schema rejects the update. */
  check(
    phase: number,
    progressPercent: number | null | undefined,
    metrics: MetricsInput | null | undefined,
    { part, message }: UpdateDetails = NO_DETAILS,
  ): ReportOf<'progress_update'> {
    const { projectId, ingestionId } = this;
    const report = { projectId, ingestionId, phase, progressPercent, metrics, part, message };
    const given: Extract<Report, { type: 'progress_update' }> = { type: 'progress_update', report };
    return parseReport(given, 'in-process').report.report;
  }

  /** Adds an update; throws as `check` does, and then nothing has changed. */
  put(
    phase: number,
    percent: number | null | undefined,
    metrics: MetricsInput | null | undefined,
    details?: UpdateDetails,
  ): void {
    if (details === undefined && isValidUpdate(phase, percent, metrics)) {
      if (this.slots.put(phase, percent, metrics)) this.enqueue(this, phase);
      return;
    }
    const checked = this.check(phase, percent, metrics, details);
    this.putChecked({ ...checked, sequence: details?.sequence, requestId: details?.requestId });
  }

  /** Adds an update that was checked already. */
  putChecked(update: Omit<MergedUpdate, 'merges'>): void {
    const { phase, progressPercent, metrics, part, sequence, message, requestId } = update;
    const details = { part, sequence, message, requestId };
    if (this.slots.put(phase, progressPercent, metrics, details)) this.enqueue(this, phase);
  }

  /** Greatest sequence that waits, of a part or of those without one; null if none does. */
  waitingSequence(part: string | null): number | null {
    return this.slots.waitingSequence(part);
  }

  drain(): MergedUpdate[] {
    return this.slots.drain();
  }
}
