/**
 * Per-viewer quotas across all of a viewer's connections: open subscriptions and their documents, watched projects, reports and commands a
 * second, and the CPU that its documents cost. Knows subjects and counts; who a viewer is and what it may do is the
 * guard's.
 */
import { getHeapStatistics } from 'node:v8';
import { createBoundedMap } from '../shared/bounded-map.js';
import type { Clock } from '../shared/clock.js';
import { ProgressError } from '../shared/errors.js';
import type { LimitLogger } from '../observability/limit-logger.js';

/** A document that stays in memory while subscriptions with it are open. */
export interface HeldDocument {
  /** Estimated. */
  readonly bytes: number;
}

/** Limits of one viewer, by the token's subject. */
export interface QuotaLimits {
  /** Subscriptions open at once. */
  readonly subscriptions: number;
  /** Different projects subscribed to at once. */
  readonly projects: number;
  /** Reports a second over the network; also the largest burst. */
  readonly reportsPerSecond: number;
  /** Milliseconds of CPU a second for documents; a burst may use five times as many. @default 200 */
  readonly cpuMsPerSecond?: number;
  /**
   * Bytes of the documents of open subscriptions. A document counts once, however many watch by it, for whoever opened
   * it first. @default a 32nd of the heap
   */
  readonly documentBytes?: number;
}

/** Commands (retry, cancel, acknowledge) of one viewer: a burst, and how many a second afterwards. */
const COMMAND_RATE = Object.freeze({ burst: 30, perSecond: 5 });
const DEFAULT_CPU_MS = 200;
const DEFAULT_DOCUMENT_BYTES = Math.round(getHeapStatistics().heap_size_limit / 32);
/** Seconds' worth of CPU that a viewer may use at once: 1,000 watchers of one subject come back in a moment. */
const CPU_BURST_SECONDS = 5;

/** See the file's head. */
export interface Quotas {
  /** Counts a subscription and its document; throws `RATE_LIMITED`. */
  acquireSubscription(subject: string, projectId: string, document?: HeldDocument): void;
  /** Frees a subscription; to be called once for each one acquired, with the same arguments. */
  releaseSubscription(subject: string, projectId: string, document?: HeldDocument): void;
  /** Counts a report; throws `RATE_LIMITED`. */
  countReport(subject: string): void;
  /** Counts a command, or the answer to one; throws `RATE_LIMITED`. */
  countCommand(subject: string): void;
  /** Throws `RATE_LIMITED` if the viewer's budget of CPU is used up; asked before a document is parsed. */
  checkCpu(subject: string): void;
  /** Charges CPU that was used, in milliseconds; also for what was refused in the end. */
  chargeCpu(subject: string, usedMs: number): void;
}

/** A token bucket: what was left at a moment of the monotonic clock. */
interface Bucket {
  left: number;
  at: number;
}

/** The token buckets of one limit, by subject. */
function createBuckets(capacity: number, perSecond: number, clock: Pick<Clock, 'monotonicNow'>) {
  const buckets = createBoundedMap<Bucket>({ maxEntries: MAX_BUCKETS });
  /** The bucket of a subject, filled up to this moment. */
  return (subject: string): Bucket => {
    const now = clock.monotonicNow();
    let bucket = buckets.get(subject);
    if (bucket === undefined) buckets.set(subject, (bucket = { left: capacity, at: now }));
    bucket.left = Math.min(capacity, bucket.left + ((now - bucket.at) / 1_000) * perSecond);
    bucket.at = now;
    return bucket;
  };
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
  /** Documents of open subscriptions: whose they are, and how many subscriptions hold each. */
  const held = new Map<HeldDocument, { readonly owner: string; open: number }>();
  const heldBytes = new Map<string, number>();
  const maxHeldBytes = limits.documentBytes ?? DEFAULT_DOCUMENT_BYTES;
  const cpuMs = limits.cpuMsPerSecond ?? DEFAULT_CPU_MS;
  const reports = createBuckets(limits.reportsPerSecond, limits.reportsPerSecond, clock);
  const commands = createBuckets(COMMAND_RATE.burst, COMMAND_RATE.perSecond, clock);
  const cpu = createBuckets(cpuMs * CPU_BURST_SECONDS, cpuMs, clock);

  function reject(limit: string, subject: string, max: number, message: string): never {
    limitLogger.logExceeded(limit, subject, max);
    throw new ProgressError('RATE_LIMITED', message);
  }

  function holdDocument(document: HeldDocument, subject: string): void {
    const known = held.get(document);
    if (known !== undefined) {
      known.open += 1;
      return;
    }
    const bytes = (heldBytes.get(subject) ?? 0) + document.bytes;
    if (bytes > maxHeldBytes) {
      const message = 'Your subscriptions use too many different documents; put what differs into variables.';
      reject('bytes of documents of a viewer', subject, maxHeldBytes, message);
    }
    heldBytes.set(subject, bytes);
    held.set(document, { owner: subject, open: 1 });
  }

  function letGoOfDocument(document: HeldDocument): void {
    const known = held.get(document);
    if (known === undefined || (known.open -= 1) > 0) return;
    held.delete(document);
    const bytes = (heldBytes.get(known.owner) ?? 0) - document.bytes;
    if (bytes > 0) heldBytes.set(known.owner, bytes);
    else heldBytes.delete(known.owner);
  }

  return {
    acquireSubscription: (subject, projectId, document) => {
      const projects = open.get(subject) ?? [];
      if (projects.length >= limits.subscriptions) {
        const message = `At most ${limits.subscriptions} subscriptions may be open for one viewer.`;
        reject('subscriptions of a viewer', subject, limits.subscriptions, message);
      }
      if (!projects.includes(projectId) && new Set(projects).size >= limits.projects) {
        const message = `At most ${limits.projects} projects may be watched by one viewer.`;
        reject('projects of a viewer', subject, limits.projects, message);
      }
      if (document !== undefined) holdDocument(document, subject);
      open.set(subject, projects.concat(projectId));
    },
    releaseSubscription: (subject, projectId, document) => {
      if (document !== undefined) letGoOfDocument(document);
      const projects = open.get(subject) ?? [];
      const left = projects.toSpliced(projects.indexOf(projectId), 1);
      if (left.length === 0) open.delete(subject);
      else open.set(subject, left);
    },
    countReport: (subject) => {
      const max = limits.reportsPerSecond;
      const bucket = reports(subject);
      if (bucket.left < 1) reject('reports a second', subject, max, `At most ${max} reports a second.`);
      bucket.left -= 1;
    },
    countCommand: (subject) => {
      const max = COMMAND_RATE.perSecond;
      const bucket = commands(subject);
      if (bucket.left < 1) reject('commands a second', subject, max, `At most ${max} commands a second.`);
      bucket.left -= 1;
    },
    checkCpu: (subject) => {
      if (cpu(subject).left > 0) return;
      const message = `Your requests use more than ${cpuMs} ms of CPU a second; retry later.`;
      reject('ms of CPU a second', subject, cpuMs, message);
    },
    chargeCpu: (subject, usedMs) => {
      cpu(subject).left -= usedMs;
    },
  };
}
