/**
 * Reduces incoming states to the one to show: drops what is not newer, and never goes back. Pure.
 * (invariant: never-back) (invariant: ending-is-final)
 */
import type { PhaseProgress, Progress } from './types.js';

/** Whether the ingestion has ended for good; a recoverable failure is not an ending. */
export function hasEnded(progress: Progress): boolean {
  if (progress.status === 'RUNNING') return false;
  return progress.status !== 'FAILED' || progress.error?.recoverable !== true;
}

const max = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b);

/**
 * The state to show after `incoming`; `known` itself if `incoming` is not newer. Within an attempt the highest percents and
 * the furthest phase are kept, since updates that were not stored yet may be lost with a server.
 */
export function reduceProgress(known: Progress | null, incoming: Progress): Progress {
  if (known === null) return incoming;
  if (incoming.revision <= known.revision) return known;
  if (incoming.id !== known.id) return incoming;
  if (hasEnded(known) && !hasEnded(incoming)) return known;
  if (incoming.attempt !== known.attempt) return incoming.attempt > known.attempt ? incoming : known;
  const wentBack = incoming.currentPhase < known.currentPhase;
  return {
    ...incoming,
    currentPhase: Math.max(known.currentPhase, incoming.currentPhase),
    progressPercent: max(known.progressPercent, incoming.progressPercent),
    phases: incoming.phases.map((phase, index) => {
      const before = known.phases[index];
      if (before === undefined) return phase;
      const latest = wentBack && phase.number >= incoming.currentPhase ? before : phase;
      return furthest(before, latest);
    }),
  };
}

const furthest = (before: PhaseProgress, phase: PhaseProgress): PhaseProgress =>
  phase === before ? phase : { ...phase, percent: max(before.percent, phase.percent) };
