/** The numbers that a job may report of a phase: `SafeInt` is a count, `Float` any number from 0. */
export const METRICS = {
  bytesProcessed: 'SafeInt',
  bytesTotal: 'SafeInt',
  itemsFailed: 'SafeInt',
  itemsPerSecond: 'Float',
  itemsProcessed: 'SafeInt',
  itemsTotal: 'SafeInt',
} as const;
