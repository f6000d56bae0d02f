/**
 * Takes what went wrong item by item: the store keeps it and says how many there are of each code, the state gets the
 * counts. They are totals and no differences, so that a repeat or a crash in between cannot count twice; after a crash
 * they are short until the next report of the attempt. What the store only counts, it cannot know again: a repeat of that
 * counts twice.
 */
import type { IngestionProblem, ProblemSeverity } from '@ingestion-progress/schema';
import { reduceProblems } from '../progress/reduce-problems.js';
import type { ParsedReport, Report } from '../progress/report.js';
import type { Clock } from '../shared/clock.js';
import type { Page, PageRequest, ProgressStore } from '../store/progress-store.js';
import type { ChangeResult } from '../progress/change.js';
import type { IngestionRecord } from '../progress/record.js';
import type { Project } from './projects.js';

/** Problems kept per ingestion by default. */
export const DEFAULT_MAX_PROBLEMS = 1_000;

/** Which problems of an ingestion. */
export interface ProblemQuery {
  /** @default both */
  readonly severity: ProblemSeverity | null;
  /** @default any */
  readonly code: string | null;
  /** @default the newest */
  readonly attempt: number | null;
}

/** A report of problems, checked. */
export type ProblemReport = Extract<Report, { type: 'problems' }> & {
  readonly report: { readonly ingestionId: string };
};

/** Options. */
export interface ProblemReportsOptions {
  readonly store: ProgressStore;
  readonly clock: Clock;
  readonly maxProblems: number;
  /** How long a report may wait for the state, in milliseconds. */
  readonly timeoutMs: number;
  readonly read: (projectId: string, ingestionId: string) => Promise<IngestionRecord | null>;
}

/** Keeps and lists problems. */
export interface ProblemReports {
  /** Resolves once they are stored. */
  take(
    project: Project,
    parsed: ParsedReport<ProblemReport>,
    requestId: string | undefined,
  ): Promise<{ readonly result: ChangeResult; readonly adjustments: readonly string[] }>;
  list(
    projectId: string,
    ingestionId: string,
    query: ProblemQuery,
    page: PageRequest,
  ): Promise<Page<IngestionProblem>>;
}

/** Creates it over a store. */
export function createProblemReports(options: ProblemReportsOptions): ProblemReports {
  const { store, clock, maxProblems, timeoutMs, read } = options;
  return {
    take: async (project, { report: given, adjustments }, requestId) => {
      const { projectId, ingestionId, problems } = given.report;
      project.acquireProblemRate(ingestionId);
      const { record } = await project.takeReport(given, clock.monotonicNow() + timeoutMs, requestId);
      const { attempt } = record.progress;
      const reportedAt = clock.now();
      const stored = problems.map(({ message = null, phase = null, url = null, ...problem }, index) => ({
        ...problem,
        ...{ attempt, message, phase, url, reportedAt, index },
      }));
      const { added, counted, totals } = await store.appendProblems(
        projectId,
        ingestionId,
        stored,
        maxProblems,
      );
      project.enqueueCounts((base, nowMs) => reduceProblems(base, { ingestionId, attempt, totals }, nowMs));
      const only = `problems: ${counted} only counted, since ${maxProblems} are kept of an ingestion`;
      return {
        result: { accepted: added + counted > 0, record },
        adjustments: counted === 0 ? adjustments : [...adjustments, only],
      };
    },
    list: async (projectId, ingestionId, { severity, code, attempt }, page) => {
      const newest = attempt ?? (await read(projectId, ingestionId))?.progress.attempt ?? null;
      if (newest === null) return { items: [], hasNextPage: false };
      return store.listProblems(projectId, ingestionId, { attempt: newest, severity, code }, page);
    },
  };
}
