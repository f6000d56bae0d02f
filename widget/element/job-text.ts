/** The words for the state of a job, wherever it is told: the headline, the bar's value, an announcement. */
import type { Job, JobState } from './job.js';
import type { MessageKey } from './messages.js';
import type { Voice } from './localization.js';

/** Most states are called as their sentence is. */
function sentenceOf(state: JobState): MessageKey {
  switch (state) {
    case 'unknown':
      return 'loading';
    case 'none':
      return 'notIngested';
    case 'partial':
      return 'completedPartly';
    default:
      return state;
  }
}

/** What the job is, in a few words. */
export function jobWords({ state, phase, quietMs }: Job, { translate, format, text }: Voice): string {
  return state === 'failed' && phase !== null
    ? translate('failedIn', { phase: text(phase.name) })
    : translate(sentenceOf(state), { age: format.duration(quietMs ?? 0) });
}

/** Which phase it is in; null before the first. */
export function phaseWords({ progress, phase }: Job, { translate, text }: Voice): string | null {
  if (progress === null || phase === null) return null;
  const count = progress.phases.length;
  return translate('phaseOf', { phase: phase.number, count, name: text(phase.name) });
}

/** Parts of a line, set apart by a middle dot that never begins a line. */
export function line(...parts: readonly (string | null)[]): string {
  return parts.filter(Boolean).join('\u00a0· ');
}
