/**
 * What a watcher may believe: drops what is not newer, and never shows an ingestion going back. Pure.
 * (invariant: never-back) (invariant: ending-is-final)
 */
import type { PhaseProgress, Progress } from './types.js';

/** An ending is final; a recoverable failure is not one. */
export function hasEnded(progress: Progress): boolean {
  if (progress.status === 'RUNNING') return false;
  return progress.status !== 'FAILED' || progress.error?.recoverable !== true;
}

const higher = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b);

/**
 * The state to show once `incoming` has been heard; `known` itself where that says nothing newer. Within an ingestion the
 * highest percents and the furthest phase stay: updates that were never stored may have died with a server.
 */
export function foldProgress(known: Progress | null, incoming: Progress): Progress {
  if (known === null) return incoming;
  if (incoming.revision <= known.revision) return known;
  if (incoming.id !== known.id) return incoming;
  if (hasEnded(known) && !hasEnded(incoming)) return known;
  const fellBack = incoming.currentPhase < known.currentPhase;
  return {
    ...incoming,
    currentPhase: Math.max(known.currentPhase, incoming.currentPhase),
    progressPercent: higher(known.progressPercent, incoming.progressPercent),
    phases: incoming.phases.map((phase, index) => {
      const before = known.phases[index];
      if (before === undefined) return phase;
      const behind = fellBack && phase.number >= incoming.currentPhase ? before : phase;
      return furthest(before, behind);
    }),
  };
}

const furthest = (before: PhaseProgress, phase: PhaseProgress): PhaseProgress =>
  phase === before ? phase : { ...phase, percent: higher(before.percent, phase.percent) };
