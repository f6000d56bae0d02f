/**
 * Whether an update keeps its schema's rules, told without allocating anything: the way in of a job that reports every
 * item. Says yes only where it is sure; whatever it does not know goes to the schema, which words the error.
 */
import { LIMITS } from '@ingestion-progress/schema';
import { everyMetric, isMetricName } from '@ingestion-progress/schema/metrics';

const isCount = (value: unknown): boolean =>
  value === undefined || value === null || (Number.isSafeInteger(value) && (value as number) >= 0);

const isRate = (value: unknown): boolean =>
  value === undefined || value === null || (Number.isFinite(value) && (value as number) >= 0);

const isText = (value: unknown, most: number): boolean =>
  typeof value === 'string' && value.length >= 1 && value.length <= most;

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

function isCounter(value: unknown): boolean {
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

function areCounters(value: unknown): boolean {
  if (isAbsent(value)) return true;
  if (!Array.isArray(value) || value.length > LIMITS.counters) return false;
  for (let index = 0; index < value.length; index += 1) if (!isCounter(value[index])) return false;
  return true;
}

/** True where `phaseMetricsSchema.nullish()` accepts it. */
export function isMetrics(value: unknown): boolean {
  if (isAbsent(value)) return true;
  if (typeof value !== 'object' || Array.isArray(value)) return false;
  for (const key in value as object) if (!isMetricName(key) && key !== 'counters') return false;
  const metrics = value as Record<string, unknown>;
  return everyMetric(metrics, isCount, isRate) && areCounters(metrics['counters']);
}

/** True where phase, percent and metrics are such that `progressUpdateReportSchema` accepts them. */
export function isUpdate(phase: unknown, percent: unknown, metrics: unknown): boolean {
  return (
    (phase === 1 || phase === 2 || phase === 3 || phase === 4) &&
    (isAbsent(percent) || (typeof percent === 'number' && percent >= 0 && percent <= 100)) &&
    isMetrics(metrics)
  );
}
