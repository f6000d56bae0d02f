/**
 * The reports that the server has taken and may not have stored: the newest of a kind for each phase and part. They are
 * sent again if the server shows that it knows less than it did. Knows no network. (invariant: kept-at-stop)
 */
import type { MutationResult } from './documents.js';
import { isEnding, keyOf, merge, type PendingReport } from './outbox.js';

/** See the file's head. */
export interface UnstoredReports {
  /** Notes a report and its answer, at a monotonic time in ms; returns what is to be sent again, in order. */
  answered(report: PendingReport, result: MutationResult, nowMs: number): readonly PendingReport[];
}

/** One of several servers may be behind the others for a moment: least time between two repetitions, in milliseconds. */
const REPEAT_INTERVAL_MS = 5_000;

/** Creates an empty list. */
export function createUnstored(): UnstoredReports {
  /** With the revision from which each is stored. */
  const kept = new Map<string, readonly [PendingReport, number]>();
  /** Greatest revision that was answered. */
  let seen = 0;
  let repeatAt = 0;

  return {
    answered(report, { progress, storedRevision }, nowMs) {
      // A server before 0.1.0 tells no revision.
      if (progress?.revision === undefined || isEnding(report)) return [];
      const { revision, currentPhase } = progress;
      const isBehind = revision < seen && nowMs >= repeatAt;
      const lost: PendingReport[] = [];
      for (const [key, [one, storedAt]] of kept) {
        if (storedAt <= (storedRevision ?? 0)) kept.delete(key);
        // The start of an earlier phase would be a conflict.
        else if (isBehind && (one.mutation !== 'phase' || Number(one.phase) >= currentPhase)) lost.push(one);
      }
      if (isBehind) repeatAt = nowMs + REPEAT_INTERVAL_MS;
      if (isBehind || revision > seen) seen = revision;
      const { mutation, phase, body } = report;
      // A sign of life changes nothing.
      if (mutation === 'heartbeat') return lost;
      const key = keyOf(report);
      const earlier = kept.get(key)?.[0].body ?? body;
      // Behind all that was reported before.
      kept.delete(key);
      // An update shows in the next event.
      const storedAt = mutation === 'update' ? revision + 1 : revision;
      kept.set(key, [{ mutation, phase, body: merge(mutation, earlier, body) }, storedAt]);
      return lost;
    },
  };
}
