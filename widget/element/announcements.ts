/** Announcements for screen readers: milestones only, at most eight for each ingestion. */
import type { ConnectionState } from '../client/index.js';
import type { ConnectionNotice } from './connection-notice.js';
import type { Job } from './job.js';
import { jobText, phaseText } from './job-text.js';
import type { Localization } from './localization.js';

/** One announcement. */
export interface Announcement {
  readonly text: string;
  /** Errors interrupt; milestones are polite. */
  readonly isUrgent: boolean;
}

/** Most announcements of one ingestion; the last is reserved for its ending. */
const MAX_ANNOUNCEMENTS = 8;
/** Characters of a job's message that are spoken. */
const MAX_SPOKEN = 160;
/** How long a connection may be lost before that is announced, in ms. */
export const CONNECTION_LOST_DELAY_MS = 5000;

/** Keeps track of what has been announced. */
export class Announcer {
  #hasInitialState = false;
  #ingestion: string | null = null;
  #phase = 0;
  #milestone = 0;
  #state: Job['state'] = 'unknown';
  #count = 0;
  #connectionStatus: 'back' | 'lost' | 'over' = 'back';
  #commandError: string | null = null;
  #current: Announcement = { text: '', isUrgent: false };

  /**
   * The current content of the live region; the same object until there is something new. `commandError`: why the user's
   * command failed, which doesn't count towards the limit.
   */
  next(
    job: Job,
    connection: ConnectionState,
    stateDurationMs: number,
    notice: ConnectionNotice | null,
    commandError: string | null,
    localization: Localization,
  ): Announcement {
    const ingestion = job.progress?.id ?? null;
    if (ingestion !== this.#ingestion) {
      this.#ingestion = ingestion;
      this.#phase = 0;
      this.#milestone = 0;
      this.#count = 0;
      this.#state = 'unknown';
    }
    if (!this.#hasInitialState) this.#markAnnounced(job); // the initial state is read, not announced
    this.#hasInitialState = job.state !== 'unknown';
    const isOver = job.progress !== null && job.progress.status !== 'RUNNING';
    const hasJustEnded = isOver && job.state !== this.#state;

    const parts = hasJustEnded ? endingTexts(job, localization) : this.#milestones(job, localization);
    parts.push(...this.#connection(connection, stateDurationMs, notice, localization));
    this.#markAnnounced(job);
    if (commandError !== this.#commandError)
      this.#current = { text: commandError ?? '', isUrgent: commandError !== null };
    this.#commandError = commandError;

    if (parts.length > 0 && (hasJustEnded || this.#count < MAX_ANNOUNCEMENTS - 1)) {
      this.#count += 1;
      this.#current = { text: parts.join(' '), isUrgent: hasJustEnded && job.state === 'failed' };
    }
    return this.#current;
  }

  #markAnnounced(job: Job): void {
    this.#state = job.state;
    this.#phase = Math.max(this.#phase, job.progress?.currentPhase ?? 0);
    this.#milestone = Math.max(this.#milestone, milestoneOf(job));
  }

  #milestones(job: Job, localization: Localization): string[] {
    const texts: string[] = [];
    const phase = phaseText(job, localization);
    if (phase !== null && (job.progress?.currentPhase ?? 0) > this.#phase) texts.push(`${phase}.`);
    const milestone = milestoneOf(job);
    if (milestone > this.#milestone) {
      texts.push(
        `${localization.translate('announcePercent', { percent: localization.format.percent(milestone) })}.`,
      );
    }
    return texts;
  }

  #connection(
    connection: ConnectionState,
    stateDurationMs: number,
    notice: ConnectionNotice | null,
    { translate }: Localization,
  ): string[] {
    const before = this.#connectionStatus;
    if (notice?.tone === 'bad') {
      // a configuration error is read, not announced
      if (before === 'over' || !notice.hasReconnect) return [];
      this.#connectionStatus = 'over';
      return [`${notice.label}. ${notice.detail ?? ''}`];
    }
    if (connection === 'connected' || connection === 'polling') {
      this.#connectionStatus = 'back';
      return before === 'back' ? [] : [translate('announceConnectionBack')];
    }
    if (before === 'over') {
      this.#connectionStatus = 'lost'; // retried: announce the outcome again, even in the same words
      this.#current = { text: '', isUrgent: false };
    }
    const isLost = connection === 'reconnecting' || connection === 'offline';
    if (before !== 'back' || !isLost || stateDurationMs < CONNECTION_LOST_DELAY_MS) return [];
    this.#connectionStatus = 'lost';
    return [translate('announceConnectionLost')];
  }
}

/** The last quarter passed, up to 75; the ending is announced separately. */
function milestoneOf({ percent }: Job): number {
  return Math.min(75, Math.floor((percent ?? 0) / 25) * 25);
}

function endingTexts(job: Job, localization: Localization): string[] {
  return [
    `${jobText(job, localization)}.`,
    ...(job.error === null ? [] : [localization.text(job.error.message, MAX_SPOKEN)]),
  ];
}
