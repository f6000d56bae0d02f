/** The numbers that a job may report of a phase: `SafeInt` is a count, `Float` any number from 0. */
export const METRICS = {
  bytesProcessed: 'SafeInt',
  bytesTotal: 'SafeInt',
  itemsFailed: 'SafeInt',
  itemsPerSecond: 'Float',
  itemsProcessed: 'SafeInt',
  itemsTotal: 'SafeInt',
} as const;

/** A number that a job may report of a phase. */
export type MetricName = keyof typeof METRICS;

/** Whether a field is one of them. */
export function isMetricName(name: string): name is MetricName {
  switch (name) {
    case 'bytesProcessed':
    case 'bytesTotal':
    case 'itemsFailed':
    case 'itemsPerSecond':
    case 'itemsProcessed':
    case 'itemsTotal':
      return true;
    default:
      return false;
  }
}

/** Whether each of them passes the check of its scalar. */
export function everyMetric(
  metrics: { readonly [Name in MetricName]?: unknown },
  isCount: (value: unknown) => boolean,
  isNumber: (value: unknown) => boolean,
): boolean {
  return (
    isCount(metrics.bytesProcessed) &&
    isCount(metrics.bytesTotal) &&
    isCount(metrics.itemsFailed) &&
    isNumber(metrics.itemsPerSecond) &&
    isCount(metrics.itemsProcessed) &&
    isCount(metrics.itemsTotal)
  );
}

/** Copies those that are given to their places in `numbers`, which are those of `METRICS`. */
export function copyMetrics(
  metrics: { readonly [Name in MetricName]?: number | null | undefined },
  numbers: Float64Array,
): void {
  const { bytesProcessed, bytesTotal, itemsFailed, itemsPerSecond, itemsProcessed, itemsTotal } = metrics;
  if (bytesProcessed !== null && bytesProcessed !== undefined) numbers[0] = bytesProcessed;
  if (bytesTotal !== null && bytesTotal !== undefined) numbers[1] = bytesTotal;
  if (itemsFailed !== null && itemsFailed !== undefined) numbers[2] = itemsFailed;
  if (itemsPerSecond !== null && itemsPerSecond !== undefined) numbers[3] = itemsPerSecond;
  if (itemsProcessed !== null && itemsProcessed !== undefined) numbers[4] = itemsProcessed;
  if (itemsTotal !== null && itemsTotal !== undefined) numbers[5] = itemsTotal;
}
