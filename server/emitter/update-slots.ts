/**
 * Where updates of one ingestion wait for their window: one slot a phase, into which accepted numbers are copied (a
 * job may reuse its object), so that a call that is merged away allocates nothing. Checks nothing; knows no time.
 */
import {
  LIMITS,
  METRIC_NAMES,
  type MetricsInput,
  type ProgressUpdateReport,
} from '@ingestion-progress/schema';
import { copyMetrics } from '@ingestion-progress/schema/metrics';

type CounterInput = NonNullable<MetricsInput['counters']>[number];

const PERCENT = METRIC_NAMES.length;

/** What waited in a slot. */
export interface MergedUpdate extends Pick<ProgressUpdateReport, 'phase' | 'progressPercent' | 'metrics'> {
  /** How many updates it is made of. */
  readonly merges: number;
}

/** The merged updates of one phase. */
class Slot {
  dirty = false;
  merges = 0;
  /** Numbers by `METRIC_NAMES`, then the percent; NaN where nobody gave one. */
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

  take(phase: number): MergedUpdate {
    const counters =
      this.counters === null ? null : [...this.counters].map(([name, counter]) => ({ name, ...counter }));
    const metrics: MetricsInput | null = this.hasMetrics
      ? { ...Object.fromEntries(METRIC_NAMES.map((field, index) => [field, this.number(index)])), counters }
      : null;
    const progressPercent = this.number(PERCENT);
    const { merges } = this;
    this.merges = 0;
    this.dirty = false;
    this.hasMetrics = false;
    this.numbers.fill(Number.NaN);
    this.counters = null;
    return { phase, progressPercent, metrics, merges };
  }
}

/** The updates of one ingestion that wait. */
export class UpdateSlots {
  private readonly slots = [new Slot(), new Slot(), new Slot(), new Slot()] as const;
  /** Phases that wait, in the order of their first update. */
  private readonly order: number[] = [];
  private furthest = 0;

  /**
   * Merges an update that was checked; true where its phase had nothing waiting before. One for a phase that is over by
   * what waits already changes nothing there, as the fold would have it.
   */
  put(phase: number, percent: number | null | undefined, metrics: MetricsInput | null | undefined): boolean {
    const slot = this.slots[(phase - 1) as 0 | 1 | 2 | 3];
    slot.merges += 1;
    if (phase < this.furthest && slot.dirty) return false;
    if (percent !== null && percent !== undefined) {
      const known = slot.numbers[PERCENT];
      // As the fold would clamp one after the other; NaN is not greater than anything.
      slot.numbers[PERCENT] = known !== undefined && known > percent ? known : percent;
    }
    if (metrics !== null && metrics !== undefined) {
      slot.hasMetrics = true;
      copyMetrics(metrics, slot.numbers);
      if (metrics.counters) slot.putCounters(metrics.counters);
    }
    if (slot.dirty) return false;
    slot.dirty = true;
    this.order.push(phase);
    if (phase > this.furthest) this.furthest = phase;
    return true;
  }

  /** Empties the slots: what waited, in order of arrival. */
  take(): MergedUpdate[] {
    this.furthest = 0;
    return this.order.splice(0).map((phase) => this.slots[(phase - 1) as 0 | 1 | 2 | 3].take(phase));
  }
}
