/** The way in of updates: checked by hand, copied into their slots, and the schema asked only to word what is wrong. */
import { describeIssues, progressUpdateReportSchema, type MetricsInput } from '@ingestion-progress/schema';
import { ProgressError } from '../shared/errors.js';
import type { Lane } from '../ingestion/pending-changes.js';
import type { IngestionService } from '../ingestion/service.js';
import { isUpdate } from './update-guard.js';
import { UpdateSlots } from './update-slots.js';

/** Updates of one handle. */
export interface UpdateLane {
  /** Throws `BAD_USER_INPUT` with path and rule where the schema refuses. */
  check(phase: number, percent: number | null | undefined, metrics: MetricsInput | null | undefined): void;
  /** Takes an update; throws as `check`, and then nothing changed. */
  put(phase: number, percent: number | null | undefined, metrics: MetricsInput | null | undefined): void;
}

/** Makes a lane for one ingestion, or, with null, for whichever runs. */
export function createUpdateLane(
  service: Pick<IngestionService, 'touch'>,
  projectId: string,
  ingestionId: string | null,
  onRejected: (error: ProgressError) => void,
): UpdateLane {
  const slots = new UpdateSlots();
  const lane: Lane = { slots, ingestionId, onRejected, isDirty: false };

  const parse = (
    phase: number,
    percent: number | null | undefined,
    metrics: MetricsInput | null | undefined,
  ) => {
    const report = {
      projectId,
      ingestionId: ingestionId ?? 'running',
      phase,
      progressPercent: percent,
      metrics,
    };
    const outcome = progressUpdateReportSchema.safeParse(report);
    if (!outcome.success) throw new ProgressError('BAD_USER_INPUT', describeIssues(outcome.error));
    return outcome.data;
  };

  return {
    check: (phase, percent, metrics) => void parse(phase, percent, metrics),
    put: (phase, percent, metrics) => {
      if (isUpdate(phase, percent, metrics)) {
        if (slots.put(phase, percent, metrics)) service.touch(projectId, lane, phase);
        return;
      }
      const parsed = parse(phase, percent, metrics);
      if (slots.put(parsed.phase, parsed.progressPercent, parsed.metrics))
        service.touch(projectId, lane, phase);
    },
  };
}
