/**
 * The ingestions of every subject: the same projects, updates and fields. Peers send `stateAt` as it is; our server
 * computes its state from the same reports.
 */
import jwt from 'jsonwebtoken';
import type { IngestionProgress, MetricsInput, Phase, PhaseMetrics } from '@ingestion-progress/schema';

/** The secret of every subject's server and its watchers. */
export const BENCH_SECRET = 'a secret of the benches, long enough for HS256';

/**
 * The time between two events of a project: a little more than our server's window of 500 ms, so that each event is sent
 * at once and none is merged. The same for every subject.
 */
export const EVENT_INTERVAL_MS = 510;

/** Items of the only phase that progresses. */
export const ITEMS_TOTAL = 100_000;

/** The message of each event. The fields besides `progress` are those of the widget's document. */
export interface ProgressMessage {
  readonly __typename: 'ProgressUpdate';
  readonly revision: number;
  readonly timestamp: number;
  readonly progress: IngestionProgress;
}

/** The ids of the projects. */
export function projectIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `project-${index}`);
}

/** A token for all projects, valid for an hour. */
export function token(subject = 'bench'): string {
  return jwt.sign({ projects: '*', scope: 'progress:read' }, BENCH_SECRET, { subject, expiresIn: '1h' });
}

/** The id of a project's only ingestion. */
export function ingestionId(projectId: string): string {
  return `${projectId}-ingestion`;
}

/** The percent of phase 1 at a sequence, which starts at 1. */
export function percentAt(sequence: number): number {
  return Math.min(100, (100 * sequence) / ITEMS_TOTAL);
}

/** The metrics at a sequence; `itemsProcessed` is the sequence, which matches receipts to emissions. */
export function metricsAt(sequence: number): MetricsInput {
  return {
    itemsTotal: ITEMS_TOTAL,
    itemsProcessed: sequence,
    itemsFailed: 0,
    bytesTotal: ITEMS_TOTAL * 4_096,
    bytesProcessed: sequence * 4_096,
  };
}

const PHASES = ['Discovery', 'Extraction', 'Analysis', 'Indexing'] as const;
const STARTED_AT = Date.now();

function phase(index: number, name: string, percent: number, metrics: PhaseMetrics): Phase {
  const running = index === 0;
  return {
    number: index + 1,
    name,
    status: running ? 'RUNNING' : 'PENDING',
    weight: 0.25,
    percent: running ? percent : null,
    message: running ? 'Reading the folder' : null,
    metrics: running ? metrics : null,
    error: null,
    startedAt: running ? STARTED_AT : null,
    completedAt: null,
  };
}

/** The state that a peer sends, created for each event as an application would. */
export function stateAt(projectId: string, sequence: number): ProgressMessage {
  const now = Date.now();
  const percent = percentAt(sequence);
  const metrics: PhaseMetrics = {
    itemsTotal: ITEMS_TOTAL,
    itemsProcessed: sequence,
    itemsFailed: 0,
    bytesTotal: ITEMS_TOTAL * 4_096,
    bytesProcessed: sequence * 4_096,
    itemsPerSecond: 1.96,
    etaSeconds: 50_000,
    etaLowSeconds: null,
    etaHighSeconds: null,
    itemsTotalIsFinal: true,
    counters: [],
  };
  return {
    __typename: 'ProgressUpdate',
    revision: now,
    timestamp: now,
    progress: {
      id: ingestionId(projectId),
      projectId,
      status: 'RUNNING',
      revision: now,
      currentPhase: 1,
      // Rounded like our server.
      progressPercent: Math.round(percent * 2_500) / 10_000,
      etaSeconds: null,
      etaLowSeconds: null,
      etaHighSeconds: null,
      title: null,
      labels: [],
      attempt: 1,
      maxAttempts: null,
      pause: null,
      waiting: null,
      problems: { errors: 0, warnings: 0, byCode: [] },
      phases: PHASES.map((name, index) => phase(index, name, percent, metrics)),
      metrics,
      result: null,
      error: null,
      retryOf: null,
      fromPhase: 1,
      cancellable: false,
      cancelRequestedAt: null,
      staleAfterMs: 300_000,
      startedAt: STARTED_AT,
      updatedAt: now,
      progressedAt: now,
      completedAt: null,
    },
  };
}

/**
 * The same state with the fields of the widget's document: what peers without GraphQL send, so that they send no bytes
 * that our server doesn't.
 */
export function messageAt(projectId: string, sequence: number) {
  const { progress, ...event } = stateAt(projectId, sequence);
  const { metrics: _metrics, phases, problems, ...rest } = progress;
  const { errors, warnings } = problems;
  return {
    ...event,
    progress: {
      ...rest,
      problems: { errors, warnings },
      phases: phases.map(({ error: _error, ...asked }) => asked),
    },
  };
}

const VOLATILE = new Set([
  ...['revision', 'timestamp', 'startedAt', 'updatedAt', 'progressedAt', 'itemsPerSecond'],
  ...['etaSeconds', 'etaLowSeconds', 'etaHighSeconds'],
]);

/**
 * The content of a message in a canonical order: each field's name, and its value unless it depends on the time. Equal
 * for two subjects that send the same information.
 */
export function informationOf(message: unknown): string {
  const canonical = (value: unknown, name: string): unknown => {
    if (Array.isArray(value)) return value.map((item) => canonical(item, name));
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
      return Object.fromEntries(entries.map(([key, item]) => [key, canonical(item, key)]));
    }
    return VOLATILE.has(name) ? '*' : value;
  };
  return JSON.stringify(canonical(message, ''));
}
