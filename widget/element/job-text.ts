/** Text for the state of a job, as used by the headline, the progress bar and the announcements. */
import type { Job, JobState } from './job.js';
import type { MessageKey } from './messages.js';
import type { Localization } from './localization.js';

/** Characters of a phase's name within a sentence or a button; the list of phases has the whole. */
export const MAX_NAME = 60;

/** The message of a state; most have the same name. */
function messageKeyFor(state: JobState): MessageKey {
  switch (state) {
    case 'unknown':
      return 'loading';
    case 'none':
      return 'notIngested';
    case 'partial':
      return 'completedWithErrors';
    default:
      return state;
  }
}

/** The state of the job, in a few words. */
export function jobText(
  { state, phase, sinceUpdateMs }: Job,
  { translate, format, text }: Localization,
): string {
  return state === 'failed' && phase !== null
    ? translate('failedIn', { phase: text(phase.name, MAX_NAME) })
    : translate(messageKeyFor(state), { age: format.duration(sinceUpdateMs ?? 0) });
}

/** The current phase, by its name alone if there is no other; null before the first. */
export function phaseText({ progress, phase }: Job, { translate, text }: Localization): string | null {
  if (progress === null || phase === null) return null;
  const count = progress.phases.length;
  const name = text(phase.name, MAX_NAME);
  return count === 1 ? name : translate('phaseOf', { phase: phase.number, count, name });
}

/** Joins parts with a middle dot that never starts a line. */
export function joinParts(...parts: readonly (string | null)[]): string {
  return parts.filter(Boolean).join('\u00a0· ');
}
