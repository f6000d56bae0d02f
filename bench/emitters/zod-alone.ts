/** The cost of validating each update with its schema, and nothing else. */
import { progressUpdateReportSchema } from '@ingestion-progress/schema';
import { ingestionId } from '../workload.js';
import { reusableMetrics, type Emitter } from './emitter.js';

/** Parses each call's report. */
export function createZodEmitter(): Emitter {
  const metrics = reusableMetrics();
  const report = {
    projectId: 'project-0',
    ingestionId: ingestionId('project-0'),
    phase: 1,
    progressPercent: 0,
    metrics,
  };
  let last: number | null = null;
  return {
    open: async () => undefined,
    report: (calls, firstSequence) => {
      for (let call = 0; call < calls; call += 1) {
        metrics.itemsProcessed = firstSequence + call;
        report.progressPercent = (firstSequence + call) / 1e8;
        last = progressUpdateReportSchema.parse(report).metrics?.itemsProcessed ?? null;
      }
    },
    lastReported: async () => last,
  };
}
