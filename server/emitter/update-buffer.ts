/**
 * Buffers the updates of one producer until its project drains them: checked by hand, merged into one slot per phase, into
 * which the numbers are copied (a job may reuse its object), so that a merged call allocates nothing. The schema is asked
 * only to word what is wrong.
 */
import { LIMITS, METRIC_NAMES, type MetricsInput } from '@ingestion-progress/schema';
import { copyMetrics, everyMetric, isMetricName } from '@ingestion-progress/schema/metrics';
import type { MergedUpdate, ProducerHandle } from '../ingestion/pending-changes.js';
import type { Projects } from '../ingestion/projects.js';
import { parseReport, type ReportOf } from '../progress/report.js';
import type { ProgressError } from '../shared/errors.js';

type CounterInput = NonNullable<MetricsInput['counters']>[number];

const PERCENT = METRIC_NAMES.length;

/** The merged updates of one phase. */
class Slot {
  isFilled = false;
  merges = 0;
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

  drain(phase: number): MergedUpdate {
    const counters =
      this.counters === null ? null : [...this.counters].map(([name, counter]) => ({ name, ...counter }));
    const metrics: MetricsInput | null = this.hasMetrics
      ? { ...Object.fromEntries(METRIC_NAMES.map((field, index) => [field, this.number(index)])), counters }
      : null;
    const progressPercent = this.number(PERCENT);
    const { merges } = this;
    this.merges = 0;
    this.isFilled = false;
    this.hasMetrics = false;
    this.numbers.fill(Number.NaN);
    this.counters = null;
    return { phase, progressPercent, metrics, merges };
  }
}

/** The merged updates of one producer. */
export class UpdateSlots {
  private readonly slots = [new Slot(), new Slot(), new Slot(), new Slot()] as const;
  /** Phases with an update, in order of arrival. */
  private readonly order: number[] = [];
  private furthest = 0;

  /**
   * Merges a checked update; true if its phase was empty before. One for a phase before a buffered later one changes
   * nothing, as the reducer would decide.
   */
  put(phase: number, percent: number | null | undefined, metrics: MetricsInput | null | undefined): boolean {
    const slot = this.slots[(phase - 1) as 0 | 1 | 2 | 3];
    slot.merges += 1;
    if (phase < this.furthest && slot.isFilled) return false;
    if (percent !== null && percent !== undefined) {
      const known = slot.numbers[PERCENT];
      // As the reducer would clamp one after the other; NaN is not greater than anything.
      slot.numbers[PERCENT] = known !== undefined && known > percent ? known : percent;
    }
    if (metrics !== null && metrics !== undefined) {
      slot.hasMetrics = true;
      copyMetrics(metrics, slot.numbers);
      if (metrics.counters) slot.putCounters(metrics.counters);
    }
    if (slot.isFilled) return false;
    slot.isFilled = true;
    this.order.push(phase);
    if (phase > this.furthest) this.furthest = phase;
    return true;
  }

  /** Empties the slots, in order of arrival. */
  drain(): MergedUpdate[] {
    this.furthest = 0;
    return this.order.splice(0).map((phase) => this.slots[(phase - 1) as 0 | 1 | 2 | 3].drain(phase));
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
  for (const key in value as object) if (!isMetricName(key) && key !== 'counters') return false;
  const metrics = value as Record<string, unknown>;
  return everyMetric(metrics, isCount, isRate) && areValidCounters(metrics['counters']);
}

/** True if `progressUpdateReportSchema` accepts phase, percent and metrics; allocates nothing. */
export function isValidUpdate(phase: unknown, percent: unknown, metrics: unknown): boolean {
  return (
    (phase === 1 || phase === 2 || phase === 3 || phase === 4) &&
    (isAbsent(percent) || (typeof percent === 'number' && percent >= 0 && percent <= 100)) &&
    isValidMetrics(metrics)
  );
}

/** Where a producer's updates go. */
export interface UpdateBufferOptions {
  readonly projects: Pick<Projects, 'enqueueUpdates'>;
  readonly projectId: string;
  /** Null: the running ingestion. */
  readonly ingestionId: string | null;
  readonly onRejected: (error: ProgressError) => void;
}

/** The buffer of one emitter or run. */
export class UpdateBuffer implements ProducerHandle {
  isQueued = false;
  readonly ingestionId: string | null;
  readonly onRejected: (error: ProgressError) => void;
  private readonly projects: UpdateBufferOptions['projects'];
  private readonly projectId: string;
  private readonly slots = new UpdateSlots();

  constructor({ projects, projectId, ingestionId, onRejected }: UpdateBufferOptions) {
    this.projects = projects;
    this.projectId = projectId;
    this.ingestionId = ingestionId;
    this.onRejected = onRejected;
  }

  /** Throws `BAD_USER_INPUT` with path and rule if the schema rejects the update. */
  check(
    phase: number,
    progressPercent: number | null | undefined,
    metrics: MetricsInput | null | undefined,
  ): ReportOf<'progress_update'> {
    const { projectId, ingestionId } = this;
    const report = { projectId, ingestionId, phase, progressPercent, metrics };
    return parseReport({ type: 'progress_update', report }, 'in-process').report;
  }

  /** Adds an update; throws as `check` does, and then nothing has changed. */
  put(phase: number, percent: number | null | undefined, metrics: MetricsInput | null | undefined): void {
    if (isValidUpdate(phase, percent, metrics)) {
      if (this.slots.put(phase, percent, metrics)) this.projects.enqueueUpdates(this.projectId, this, phase);
      return;
    }
    const checked = this.check(phase, percent, metrics);
    if (this.slots.put(checked.phase, checked.progressPercent, checked.metrics))
      this.projects.enqueueUpdates(this.projectId, this, checked.phase);
  }

  drain(): MergedUpdate[] {
    return this.slots.drain();
  }
}
