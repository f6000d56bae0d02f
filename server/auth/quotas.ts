/**
 * How much one viewer may have open, and how fast it may report, whatever connections it uses. Knows subjects and
 * counts; who a viewer is and what it may do are the guard's.
 */
import type { Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import type { OffenderLog } from '../observability/limit-logger.js';

/** Bounds of one viewer, by the token's subject. */
export interface QuotaLimits {
  /** Subscriptions open at once. */
  readonly subscriptions: number;
  /** Different projects subscribed to at once. */
  readonly projects: number;
  /** Reports a second over the network; as many may come at once. */
  readonly reportsPerSecond: number;
}

/** See the file's head. */
export interface Quotas {
  /** Counts a subscription; throws `RATE_LIMITED`. */
  open(subject: string, projectId: string): void;
  /** Counts one no more; to be called once for each that was opened. */
  close(subject: string, projectId: string): void;
  /** Counts a report; throws `RATE_LIMITED`. */
  report(subject: string): void;
}

/** What is left of a second's reports, when that was last worked out. */
interface Bucket {
  left: number;
  at: number;
}

/** Buckets remembered; a full one says nothing, so that the oldest may be forgotten. */
const MOST_BUCKETS = 10_000;

/** Makes the quotas; they hold no timer, and nothing of a viewer who has nothing open. */
export function createQuotas(
  limits: QuotaLimits,
  offenders: OffenderLog,
  clock: Pick<Clock, 'monotonicNow'>,
): Quotas {
  /** The project of each open subscription, by subject: a few for each of very many viewers. */
  const open = new Map<string, readonly string[]>();
  const buckets = new Map<string, Bucket>();

  function refuse(limit: string, subject: string, most: number, sentence: string): never {
    offenders.tell(limit, subject, most);
    throw new ProgressError('RATE_LIMITED', sentence);
  }

  return {
    open: (subject, projectId) => {
      const projects = open.get(subject) ?? [];
      if (projects.length >= limits.subscriptions) {
        const sentence = `At most ${limits.subscriptions} subscriptions may be open for one viewer.`;
        refuse('subscriptions of a viewer', subject, limits.subscriptions, sentence);
      }
      if (!projects.includes(projectId) && new Set(projects).size >= limits.projects) {
        const sentence = `At most ${limits.projects} projects may be watched by one viewer.`;
        refuse('projects of a viewer', subject, limits.projects, sentence);
      }
      open.set(subject, projects.concat(projectId));
    },
    close: (subject, projectId) => {
      const projects = open.get(subject) ?? [];
      const left = projects.toSpliced(projects.indexOf(projectId), 1);
      if (left.length === 0) open.delete(subject);
      else open.set(subject, left);
    },
    report: (subject) => {
      const most = limits.reportsPerSecond;
      const now = clock.monotonicNow();
      const bucket = buckets.get(subject) ?? { left: most, at: now };
      bucket.left = Math.min(most, bucket.left + ((now - bucket.at) / 1_000) * most);
      bucket.at = now;
      buckets.delete(subject);
      buckets.set(subject, bucket);
      const oldest = buckets.keys().next();
      if (buckets.size > MOST_BUCKETS && oldest.done !== true) buckets.delete(oldest.value);
      if (bucket.left < 1) refuse('reports a second', subject, most, `At most ${most} reports a second.`);
      bucket.left -= 1;
    },
  };
}
