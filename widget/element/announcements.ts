/** What a screen reader is told of a run: milestones only, at most eight of them. Pure but for its own memory. */
import type { ConnectionState } from '../client/index.js';
import type { Job } from './job.js';
import type { NumberFormat } from './number-format.js';
import type { Translate } from './translator.js';

/** One thing said. */
export interface Announcement {
  readonly text: string;
  /** Errors interrupt; milestones wait their turn. */
  readonly isUrgent: boolean;
}

/** Most that is said of one ingestion; the last is kept for its end. */
export const MAX_ANNOUNCEMENTS = 8;
/** How long a connection may be gone before it is mentioned, in ms. */
export const CONNECTION_SILENCE_MS = 5000;

const MARKS = [25, 50, 75] as const;
const LOST: ReadonlySet<ConnectionState> = new Set(['reconnecting', 'offline', 'disconnected']);

/** Remembers what was said of the ingestion at hand. */
export class Announcer {
  #hasLooked = false;
  #ingestion: string | null = null;
  #phase = 0;
  #mark = 0;
  #state: Job['state'] = 'unknown';
  #count = 0;
  #saidLost = false;
  #current: Announcement = { text: '', isUrgent: false };

  /** What the live region holds now; the same object until something new is to be said. */
  next(
    job: Job,
    connection: ConnectionState,
    inStateMs: number,
    translate: Translate,
    format: NumberFormat,
  ): Announcement {
    const parts: string[] = [];
    if ((job.progress?.id ?? null) !== this.#ingestion) this.#begin(job);
    if (!this.#hasLooked) this.#catchUp(job); // what is there at the first sight is read, not announced
    this.#hasLooked ||= job.state !== 'unknown';
    const isEnd = job.state !== this.#state && END_KEYS[job.state] !== undefined;

    if (isEnd) parts.push(ending(job, translate));
    else if (job.progress !== null) parts.push(...this.#milestones(job, translate, format));
    parts.push(...this.#connection(connection, inStateMs, translate));
    this.#catchUp(job);

    const isAllowed = isEnd || this.#count < MAX_ANNOUNCEMENTS - 1;
    if (parts.length > 0 && isAllowed) {
      this.#count += 1;
      this.#current = { text: parts.join(' '), isUrgent: isEnd && job.state === 'failed' };
    }
    return this.#current;
  }

  #begin(job: Job): void {
    this.#ingestion = job.progress?.id ?? null;
    this.#phase = 0;
    this.#mark = 0;
    this.#count = 0;
    this.#state = 'unknown';
  }

  #catchUp(job: Job): void {
    this.#state = job.state;
    this.#phase = Math.max(this.#phase, job.progress?.currentPhase ?? 0);
    this.#mark = Math.max(this.#mark, ...MARKS.filter((mark) => (job.percent ?? 0) >= mark));
  }

  #milestones(job: Job, translate: Translate, format: NumberFormat): string[] {
    const said: string[] = [];
    const { progress, phase } = job;
    if (progress !== null && phase !== null && progress.currentPhase > this.#phase) {
      const values = { phase: phase.number, count: progress.phases.length, name: phase.name };
      said.push(`${translate('phaseOf', values)}.`);
    }
    const mark = MARKS.findLast((each) => (job.percent ?? 0) >= each) ?? 0;
    if (mark > this.#mark) said.push(`${translate('announcePercent', { percent: format.percent(mark) })}.`);
    return said;
  }

  #connection(connection: ConnectionState, inStateMs: number, translate: Translate): string[] {
    if (LOST.has(connection)) {
      if (this.#saidLost || inStateMs < CONNECTION_SILENCE_MS) return [];
      this.#saidLost = true;
      return [translate('announceConnectionLost')];
    }
    if (!this.#saidLost || (connection !== 'connected' && connection !== 'polling')) return [];
    this.#saidLost = false;
    return [translate('announceConnectionBack')];
  }
}

const END_KEYS = {
  completed: 'completed',
  partial: 'completedPartly',
  failed: 'failed',
  cancelled: 'cancelled',
} as const satisfies Partial<Record<Job['state'], string>> as Partial<
  Record<Job['state'], 'completed' | 'completedPartly' | 'failed' | 'cancelled'>
>;

function ending(job: Job, translate: Translate): string {
  const said = translate(END_KEYS[job.state] ?? 'completed');
  return job.error === null ? `${said}.` : `${said}. ${job.error.message}`;
}
