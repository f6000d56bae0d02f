/** What a screen reader is told of a run: milestones only, at most eight of them. Pure but for its own memory. */
import type { ConnectionState } from '../client/index.js';
import type { ConnectionNotice } from './connection-notice.js';
import type { Job } from './job.js';
import { jobWords, phaseWords } from './job-text.js';
import type { Voice } from './localization.js';

/** One thing said. */
export interface Announcement {
  readonly text: string;
  /** Errors interrupt; milestones wait their turn. */
  readonly isUrgent: boolean;
}

/** Most that is said of one ingestion; the last is kept for its end. */
const MAX_ANNOUNCEMENTS = 8;
/** How long a connection may be gone before it is mentioned, in ms. */
export const CONNECTION_SILENCE_MS = 5000;

/** Remembers what was said of the ingestion at hand. */
export class Announcer {
  #hasLooked = false;
  #ingestion: string | null = null;
  #phase = 0;
  #mark = 0;
  #state: Job['state'] = 'unknown';
  #count = 0;
  #said: 'back' | 'lost' | 'over' = 'back';
  #refusal: string | null = null;
  #current: Announcement = { text: '', isUrgent: false };

  /**
   * What the live region holds now; the same object until something new is to be said. `refusal`: why what a person asked
   * for came to nothing, which is not counted.
   */
  next(
    job: Job,
    connection: ConnectionState,
    inStateMs: number,
    notice: ConnectionNotice | null,
    refusal: string | null,
    voice: Voice,
  ): Announcement {
    const ingestion = job.progress?.id ?? null;
    if (ingestion !== this.#ingestion) {
      this.#ingestion = ingestion;
      this.#phase = 0;
      this.#mark = 0;
      this.#count = 0;
      this.#state = 'unknown';
    }
    if (!this.#hasLooked) this.#catchUp(job); // what is there at the first sight is read, not announced
    this.#hasLooked = job.state !== 'unknown';
    const isOver = job.progress !== null && job.progress.status !== 'RUNNING';
    const isEnd = isOver && job.state !== this.#state;

    const parts = isEnd ? ending(job, voice) : this.#milestones(job, voice);
    parts.push(...this.#connection(connection, inStateMs, notice, voice));
    this.#catchUp(job);
    if (refusal !== this.#refusal) this.#current = { text: refusal ?? '', isUrgent: refusal !== null };
    this.#refusal = refusal;

    if (parts.length > 0 && (isEnd || this.#count < MAX_ANNOUNCEMENTS - 1)) {
      this.#count += 1;
      this.#current = { text: parts.join(' '), isUrgent: isEnd && job.state === 'failed' };
    }
    return this.#current;
  }

  #catchUp(job: Job): void {
    this.#state = job.state;
    this.#phase = Math.max(this.#phase, job.progress?.currentPhase ?? 0);
    this.#mark = Math.max(this.#mark, markOf(job));
  }

  #milestones(job: Job, voice: Voice): string[] {
    const said: string[] = [];
    const phase = phaseWords(job, voice);
    if (phase !== null && (job.progress?.currentPhase ?? 0) > this.#phase) said.push(`${phase}.`);
    const mark = markOf(job);
    if (mark > this.#mark) {
      said.push(`${voice.translate('announcePercent', { percent: voice.format.percent(mark) })}.`);
    }
    return said;
  }

  #connection(
    connection: ConnectionState,
    inStateMs: number,
    notice: ConnectionNotice | null,
    { translate }: Voice,
  ): string[] {
    const before = this.#said;
    if (notice?.tone === 'bad') {
      // what the page itself has to mend is read, not announced
      if (before === 'over' || !notice.hasReconnect) return [];
      this.#said = 'over';
      return [`${notice.word}. ${notice.detail ?? ''}`];
    }
    if (connection === 'connected' || connection === 'polling') {
      this.#said = 'back';
      return before === 'back' ? [] : [translate('announceConnectionBack')];
    }
    if (before === 'over') {
      this.#said = 'lost'; // tried again: the same words may follow, and are news then
      this.#current = { text: '', isUrgent: false };
    }
    const isLost = connection === 'reconnecting' || connection === 'offline';
    if (before !== 'back' || !isLost || inStateMs < CONNECTION_SILENCE_MS) return [];
    this.#said = 'lost';
    return [translate('announceConnectionLost')];
  }
}

/** The last quarter passed; the fourth is the end, which is told as such. */
function markOf({ percent }: Job): number {
  return Math.min(75, Math.floor((percent ?? 0) / 25) * 25);
}

function ending(job: Job, voice: Voice): string[] {
  return [`${jobWords(job, voice)}.`, ...(job.error === null ? [] : [job.error.message])];
}
