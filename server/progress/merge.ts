/**
 * Merges what two servers know of one ingestion if neither heard of the other's changes: each phase at its high-water
 * mark, the rest from the newer state (invariant: never-back). Pure.
 */
import { isEnded, type Phase } from '@ingestion-progress/schema';
import { mergePercent, overallPercent, phaseAt } from './phases.js';
import type { IngestionRecord } from './record.js';

const RANK = Object.freeze({ PENDING: 0, RUNNING: 1, FAILED: 1, SKIPPED: 2, COMPLETED: 2 });

function highWaterMark(newer: Phase, older: Phase): Phase {
  const base = RANK[older.status] > RANK[newer.status] ? older : newer;
  const percent = mergePercent(newer.percent, older.percent);
  return { ...base, percent, metrics: base.metrics ?? newer.metrics ?? older.metrics };
}

/** True if the newer state of a running ingestion is behind the older one, in any phase or overall. */
export function isBehind(newer: IngestionRecord, older: IngestionRecord): boolean {
  const [now, before] = [newer.progress, older.progress];
  if (now.id !== before.id || isEnded(now) || isEnded(before)) return false;
  if (now.currentPhase < before.currentPhase) return true;
  if ((now.progressPercent ?? 0) < (before.progressPercent ?? 0)) return true;
  return now.phases.some((phase) => {
    const known = phaseAt(before.phases, phase.number);
    return RANK[phase.status] < RANK[known.status] || (phase.percent ?? 0) < (known.percent ?? 0);
  });
}

/**
 * The newer of two states, raised to the high-water mark of both, under the greater revision. If they belong to different
 * ingestions, or one has ended, the newer one is returned as it is.
 */
export function mergeStates(a: IngestionRecord, b: IngestionRecord): IngestionRecord {
  const [newer, older] = a.progress.revision >= b.progress.revision ? [a, b] : [b, a];
  const isOther = newer.progress.id !== older.progress.id;
  if (isOther || isEnded(newer.progress) || isEnded(older.progress)) return newer;
  const phases = newer.progress.phases.map((phase) =>
    highWaterMark(phase, phaseAt(older.progress.phases, phase.number)),
  );
  const currentPhase = Math.max(newer.progress.currentPhase, older.progress.currentPhase);
  const previous = mergePercent(newer.progress.progressPercent, older.progress.progressPercent);
  const sequences = [newer.lastSequence, older.lastSequence].filter((sequence) => sequence !== null);
  return {
    ...newer,
    lastSequence: sequences.length === 0 ? null : Math.max(...sequences),
    cancelRequestedBy: newer.cancelRequestedBy ?? older.cancelRequestedBy,
    cancelTaken: newer.cancelTaken === true || older.cancelTaken === true,
    progress: {
      ...newer.progress,
      phases,
      currentPhase,
      metrics: currentPhase === 0 ? null : phaseAt(phases, currentPhase).metrics,
      progressPercent: overallPercent(phases, previous),
      cancelRequestedAt: newer.progress.cancelRequestedAt ?? older.progress.cancelRequestedAt,
    },
  };
}
