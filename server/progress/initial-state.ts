/** The state of an ingestion at its start. Pure; the fold of what follows is `progress.ts`'s. */
import { DEFAULT_PHASE_NAMES, type Phase, type StartReport } from '@ingestion-progress/schema';
import { NO_METRICS, overallPercent } from './metrics.js';
import type { Draft } from './change.js';

/** How long a job may be silent, in milliseconds, where it does not say. */
export const DEFAULT_STALE_AFTER_MS = 300_000;

/** What the server adds to a start. */
export interface StartFacts {
  /** The id, chosen by the job or made by the server. */
  readonly ingestionId: string;
  /** Server whose lease guards the job; null for a job in another process. */
  readonly ownerServerId: string | null;
  readonly nowMs: number;
}

function shares(weights: readonly number[] | null | undefined): readonly number[] {
  if (weights === null || weights === undefined) return [0.25, 0.25, 0.25, 0.25];
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** A new ingestion: waiting for its first phase, those before `fromPhase` skipped. */
export function startIngestion(
  report: StartReport,
  { ingestionId, ownerServerId, nowMs }: StartFacts,
): Draft {
  const weights = shares(report.phaseWeights);
  const fromPhase = report.fromPhase ?? 1;
  const phases = DEFAULT_PHASE_NAMES.map((defaultName, index): Phase => {
    const number = index + 1;
    const totals = report.totals?.filter((entry) => entry.phase === number) ?? [];
    const skipped = number < fromPhase;
    return {
      number,
      name: report.phaseNames?.[index] ?? defaultName,
      status: skipped ? 'SKIPPED' : 'PENDING',
      weight: weights[index] ?? 0.25,
      percent: null,
      message: null,
      metrics:
        totals.length === 0
          ? null
          : {
              ...NO_METRICS,
              itemsTotal:
                totals.findLast((entry) => typeof entry.itemsTotal === 'number')?.itemsTotal ?? null,
              bytesTotal:
                totals.findLast((entry) => typeof entry.bytesTotal === 'number')?.bytesTotal ?? null,
            },
      error: null,
      startedAt: null,
      completedAt: skipped ? nowMs : null,
    };
  });
  return {
    payload: { type: 'snapshot' },
    record: {
      version: 1,
      progress: {
        id: ingestionId,
        projectId: report.projectId,
        status: 'RUNNING',
        revision: 0,
        currentPhase: 0,
        progressPercent: overallPercent(phases, null),
        phases,
        metrics: null,
        etaSeconds: null,
        result: null,
        error: null,
        retryOf: report.retryOf ?? null,
        fromPhase,
        cancellable: report.cancellable ?? false,
        cancelRequestedAt: null,
        staleAfterMs: report.staleAfterMs ?? DEFAULT_STALE_AFTER_MS,
        startedAt: nowMs,
        updatedAt: nowMs,
        completedAt: null,
      },
      lastSequence: null,
      ownerServerId,
      rate: null,
      cancelRequestedBy: null,
      weighted: Array.isArray(report.phaseWeights),
    },
  };
}
