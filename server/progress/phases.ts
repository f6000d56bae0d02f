/** The four phases and how they go forward. Pure; what a report means for them is `progress.ts`'s. */
import type { EventPayload, IngestionProgress, Phase, PhaseNumber } from '@ingestion-progress/schema';

/** The phase of that number, 1 to 4. */
export function phaseAt(phases: readonly Phase[], number: number): Phase {
  const phase = phases[number - 1];
  if (phase === undefined) throw new RangeError(`An ingestion has four phases; there is no phase ${number}.`);
  return phase;
}

/** The phase below which nothing starts any more. */
export const furthest = (progress: IngestionProgress) => Math.max(progress.currentPhase, progress.fromPhase);

/** The event of a phase that began, or whose message changed. */
export function phaseStarted(phases: readonly Phase[], number: number): EventPayload {
  const { name, message } = phaseAt(phases, number);
  return { type: 'phase_started', phase: number as PhaseNumber, phaseName: name, message: message ?? name };
}

/** A failed phase runs again. */
export const revive = (phases: readonly Phase[]): Phase[] =>
  phases.map((phase) =>
    phase.status === 'FAILED' ? { ...phase, status: 'RUNNING', error: null, completedAt: null } : phase,
  );

const withoutEta = (phase: Phase): Phase =>
  phase.metrics === null ? phase : { ...phase, metrics: { ...phase.metrics, etaSeconds: null } };

/** A phase that is done. */
export const completed = (phase: Phase, nowMs: number): Phase => ({
  ...withoutEta(phase),
  status: 'COMPLETED',
  percent: 100,
  completedAt: nowMs,
});

/** A phase that is passed over. */
export const skipped = (phase: Phase, nowMs: number): Phase => ({
  ...withoutEta(phase),
  status: 'SKIPPED',
  completedAt: nowMs,
});

/** Brings the phases to where `number` runs, those before it done or passed over, and changes that one. */
export function goTo(
  phases: readonly Phase[],
  number: number,
  nowMs: number,
  change: (phase: Phase) => Phase,
): Phase[] {
  return phases.map((phase) => {
    if (phase.number === number) {
      return change(phase.status === 'PENDING' ? { ...phase, status: 'RUNNING', startedAt: nowMs } : phase);
    }
    if (phase.number > number) return phase;
    if (phase.status === 'RUNNING') return completed(phase, nowMs);
    return phase.status === 'PENDING' ? skipped(phase, nowMs) : phase;
  });
}
