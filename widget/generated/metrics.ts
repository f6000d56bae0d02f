/** The numbers that a job may report of a phase. */
export const METRIC_NAMES = [
  'bytesProcessed',
  'bytesTotal',
  'itemsFailed',
  'itemsPerSecond',
  'itemsProcessed',
  'itemsTotal',
] as const;
