/**
 * Per-viewer quotas across all of a viewer's connections: open subscriptions, watched projects, reports a second. Knows
 * subjects and counts; who a viewer is and what it may do is the guard's.
 */
import { createBoundedMap } from '../shared/bounded-map.js';
import type { Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import type { LimitLogger } from '../observability/limit-logger.js';

/** Limits of one viewer, by the token's subject. */
export interface QuotaLimits {
  /** Subscriptions open at once. */
  readonly subscriptions: number;
  /** Different projects subscribed to at once. */
  readonly projects: number;
  /** Reports a second over the network; also the largest burst. */
  readonly reportsPerSecond: number;
}

/** See the file's head. */
export interface Quotas {
  /** Counts a subscription; throws `RATE_LIMITED`. */
  acquireSubscription(subject: string, projectId: string): void;
  /** Frees a subscription; to be called once for each one acquired. */
  releaseSubscription(subject: string, projectId: string): void;
  /** Counts a report; throws `RATE_LIMITED`. */
  countReport(subject: string): void;
}

/** A token bucket: what was left of a second's reports at a moment of the monotonic clock. */
interface Bucket {
  left: number;
  at: number;
}

/** Buckets remembered: one that is evicted was most likely full again. */
const MAX_BUCKETS = 10_000;

/** Creates the quotas; they hold no timer, and nothing for a viewer without open subscriptions. */
export function createQuotas(
  limits: QuotaLimits,
  limitLogger: LimitLogger,
  clock: Pick<Clock, 'monotonicNow'>,
): Quotas {
  /** The project of each open subscription, by subject: a few for each of very many viewers. */
  const open = new Map<string, readonly string[]>();
  const buckets = createBoundedMap<Bucket>({ maxEntries: MAX_BUCKETS });

  function reject(limit: string, subject: string, max: number, message: string): never {
    limitLogger.logExceeded(limit, subject, max);
    throw new ProgressError('RATE_LIMITED', message);
  }

  return {
    acquireSubscription: (subject, projectId) => {
      const projects = open.get(subject) ?? [];
      if (projects.length >= limits.subscriptions) {
        const message = `At most ${limits.subscriptions} subscriptions may be open for one viewer.`;
        reject('subscriptions of a viewer', subject, limits.subscriptions, message);
      }
      if (!projects.includes(projectId) && new Set(projects).size >= limits.projects) {
        const message = `At most ${limits.projects} projects may be watched by one viewer.`;
        reject('projects of a viewer', subject, limits.projects, message);
      }
      open.set(subject, projects.concat(projectId));
    },
    releaseSubscription: (subject, projectId) => {
      const projects = open.get(subject) ?? [];
      const left = projects.toSpliced(projects.indexOf(projectId), 1);
      if (left.length === 0) open.delete(subject);
      else open.set(subject, left);
    },
    countReport: (subject) => {
      const max = limits.reportsPerSecond;
      const now = clock.monotonicNow();
      let bucket = buckets.get(subject);
      if (bucket === undefined) buckets.set(subject, (bucket = { left: max, at: now }));
      bucket.left = Math.min(max, bucket.left + ((now - bucket.at) / 1_000) * max);
      bucket.at = now;
      if (bucket.left < 1) reject('reports a second', subject, max, `At most ${max} reports a second.`);
      bucket.left -= 1;
    },
  };
}
