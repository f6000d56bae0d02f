/** Text for the state of a job, as used by the headline, the progress bar and the announcements. */
import type { Progress } from '../client/index.js';
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
export function jobText(job: Job, localization: Localization): string {
  const { state, phase, sinceUpdateMs, pauseLeftMs } = job;
  const { translate, format, text } = localization;
  const { waiting = null, pause = null } = job.progress ?? {};
  if (state === 'failed' && phase !== null)
    return translate('failedIn', { phase: text(phase.name, MAX_NAME) });
  if (state === 'waiting' && waiting !== null) return waitingText(waiting, localization);
  if (pause?.until && pauseLeftMs !== null)
    return translate('pausedUntil', { time: format.moment(pause.until, pauseLeftMs) });
  return translate(messageKeyFor(state), { age: format.duration(sinceUpdateMs ?? 0) });
}

/** What the job waits for, and its place in the queue. */
function waitingText(
  { waitingFor, queuePosition }: NonNullable<Progress['waiting']>,
  { translate, format, text }: Localization,
): string {
  const words =
    waitingFor === null
      ? translate('waiting')
      : translate('waitingFor', { what: text(waitingFor, MAX_NAME) });
  return queuePosition === null
    ? words
    : translate('waitingInQueue', { waiting: words, position: format.number(queuePosition) });
}

/** `Attempt 2 of 5` of a job, or `Attempt 2` if nobody knows of how many; null for a first one that is all there is to it. */
export function jobAttempt({ progress, error, retryWaitMs }: Job, localization: Localization): string | null {
  const attempt = error?.retryOptions?.attempt ?? progress?.attempt ?? 1;
  const count = error?.retryOptions?.maxAttempts ?? progress?.maxAttempts ?? null;
  return attempt > 1 || (error !== null && (count !== null || retryWaitMs > 0))
    ? attemptText(attempt, count, localization)
    : null;
}

/** `Attempt 3 of 10`, for a connection or a job. */
export function attemptText(
  attempt: number,
  count: number | null,
  { translate, format }: Localization,
): string {
  const known = { attempt: format.number(attempt) };
  return count === null
    ? translate('attempt', known)
    : translate('attemptOf', { ...known, count: format.number(count) });
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
