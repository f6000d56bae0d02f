/** Sample ingestions, one for each state of a job, all at one fixed moment. Data only. */
import type { PhaseMetrics, PhaseProgress, Progress } from '@ingestion-progress/widget/client';

/** The fixed moment of all samples, in ms since the epoch. */
export const NOW = Date.UTC(2026, 4, 4, 9, 30, 0);

const MINUTE = 60_000;
const NAMES = ['Discovery', 'Extraction', 'Analysis', 'Indexing'] as const;
const WEIGHTS = [0.15, 0.35, 0.3, 0.2] as const;

const NO_METRICS: PhaseMetrics = {
  itemsTotal: null,
  itemsProcessed: null,
  itemsFailed: null,
  bytesTotal: null,
  bytesProcessed: null,
  itemsPerSecond: null,
  etaSeconds: null,
  etaLowSeconds: null,
  etaHighSeconds: null,
  itemsTotalIsFinal: true,
  counters: [],
};

const EXTRACTING: PhaseMetrics = {
  ...NO_METRICS,
  itemsTotal: 9800,
  itemsProcessed: 4210,
  itemsFailed: 3,
  bytesTotal: 412_000_000,
  bytesProcessed: 177_400_000,
  itemsPerSecond: 62.4,
  counters: [{ name: 'pages', label: 'Pages', value: 18_231, unit: null }],
};

/** Four phases; those before `current` are complete. */
export function phasesAt(current: number, running: Partial<PhaseProgress> = {}): PhaseProgress[] {
  return phasesOf(NAMES, current, running, WEIGHTS);
}

/** Phases of these names, of equal weight if none are given; those before `current` are complete. */
export function phasesOf(
  names: readonly string[],
  current: number,
  running: Partial<PhaseProgress> = {},
  weights: readonly number[] = [],
): PhaseProgress[] {
  return names.map((name, index) => {
    const number = index + 1;
    const base: PhaseProgress = {
      number,
      name,
      weight: weights[index] ?? 1 / names.length,
      status: 'PENDING',
      percent: null,
      message: null,
      startedAt: null,
      completedAt: null,
      metrics: null,
    };
    if (number < current) {
      const startedAt = NOW - 12 * MINUTE + ((index * 8) / names.length) * MINUTE;
      return {
        ...base,
        status: 'COMPLETED',
        percent: 100,
        startedAt,
        completedAt: startedAt + (index + 1) * 47_000,
      };
    }
    if (number > current) return base;
    return { ...base, status: 'RUNNING', startedAt: NOW - 4 * MINUTE, ...running };
  });
}

const NO_ETA = { etaSeconds: null, etaLowSeconds: null, etaHighSeconds: null } as const;

const RUNNING: Progress = {
  id: 'sample',
  projectId: 'p1',
  status: 'RUNNING',
  revision: 1,
  currentPhase: 2,
  progressPercent: 30.04,
  etaSeconds: 214,
  etaLowSeconds: 200,
  etaHighSeconds: 235,
  title: null,
  labels: [],
  attempt: 1,
  maxAttempts: null,
  pause: null,
  waiting: null,
  problems: { errors: 0, warnings: 0 },
  phases: phasesAt(2, {
    percent: 42.96,
    message: 'Extracting text: 4,210 of 9,800 documents',
    metrics: EXTRACTING,
  }),
  result: null,
  error: null,
  retryOf: null,
  fromPhase: 1,
  cancellable: true,
  cancelRequestedAt: null,
  staleAfterMs: 300_000,
  startedAt: NOW - 12 * MINUTE,
  updatedAt: NOW - 400,
  progressedAt: NOW - 400,
  completedAt: null,
};

const TWELVE = [
  'Authenticate',
  'List the folders',
  'Download',
  'Check for viruses',
  'Extract text',
  'Resolving references between documents',
  'Split',
  'Detect languages',
  'Translate',
  'Embed',
  'Build the index',
  'Publish',
];

const SEVEN = ['Connect', 'Download', 'Convert', 'Split', 'Embed', 'Index', 'Publish'];

const COMPLETED = {
  ...RUNNING,
  status: 'COMPLETED',
  currentPhase: 4,
  progressPercent: 100,
  ...NO_ETA,
  phases: phasesAt(5),
  result: {
    outcome: 'SUCCESS',
    itemsProcessed: 9800,
    itemsFailed: 0,
    bytesProcessed: 412_000_000,
    links: [],
    durationMs: 11 * MINUTE + 42_000,
    summary: '9,800 documents are searchable now.',
    output: null,
  },
  completedAt: NOW - 20_000,
} as const satisfies Progress;

const FAILED = {
  ...RUNNING,
  status: 'FAILED',
  ...NO_ETA,
  phases: phasesAt(2, { status: 'FAILED', percent: 42.96, metrics: EXTRACTING, completedAt: NOW - 9000 }),
  error: {
    phase: 2,
    errorCode: 'SOURCE_UNREACHABLE',
    message: 'The document source stopped answering after 4,210 documents.',
    recoverable: true,
    occurredAt: NOW - 9000,
    retryOptions: { canRetry: true, fromPhase: 2, retryAfterMs: null, attempt: 1, maxAttempts: 3 },
  },
} as const satisfies Progress;

/** One sample for each state of a job; null if the project never ingested. */
export const SAMPLES = {
  none: null,
  waiting: {
    ...RUNNING,
    currentPhase: 0,
    progressPercent: null,
    ...NO_ETA,
    phases: phasesAt(0),
    startedAt: NOW - 4000,
  },
  running: RUNNING,
  unknownPercent: {
    ...RUNNING,
    currentPhase: 1,
    progressPercent: null,
    ...NO_ETA,
    phases: phasesAt(1, {
      percent: null,
      message: 'Walking the folder',
      metrics: { ...NO_METRICS, itemsProcessed: 1204 },
    }),
  },
  skipped: {
    ...RUNNING,
    currentPhase: 4,
    progressPercent: 86,
    etaSeconds: 31,
    etaLowSeconds: 27,
    etaHighSeconds: 36,
    phases: phasesAt(4, { percent: 30, message: 'Writing the index' }).map((phase) =>
      phase.number === 3 ? { ...phase, status: 'SKIPPED' as const, percent: null } : phase,
    ),
  },
  stalled: { ...RUNNING, updatedAt: NOW - 97_000 },
  cancelling: { ...RUNNING, cancelRequestedAt: NOW - 1000 },
  completed: COMPLETED,
  partial: {
    ...COMPLETED,
    result: {
      outcome: 'PARTIAL',
      itemsProcessed: 9800,
      itemsFailed: 37,
      bytesProcessed: 408_100_000,
      links: [],
      durationMs: 11 * MINUTE + 42_000,
      summary: 'Everything readable is searchable; 37 documents could not be read.',
      output: null,
    },
  },
  titled: {
    ...RUNNING,
    title: 'Annual reports 2025',
    labels: [{ name: 'source', value: 'SharePoint' }],
  },
  problems: { ...RUNNING, problems: { errors: 37, warnings: 5 } },
  links: {
    ...COMPLETED,
    title: 'Annual reports 2025',
    problems: { errors: 0, warnings: 2 },
    result: {
      ...COMPLETED.result,
      links: [
        { label: 'Open the index', url: 'https://search.example/reports' },
        { label: 'Log of the run', url: 'https://logs.example/run/42' },
      ],
    },
  },
  failedRetryable: FAILED,
  failedRecoverable: {
    ...FAILED,
    error: {
      phase: 2,
      errorCode: 'INGESTION_STALLED',
      message: 'The job has not been heard of for 5 minutes.',
      recoverable: true,
      occurredAt: NOW - 9000,
      retryOptions: null,
    },
  },
  failedPermanently: {
    ...FAILED,
    completedAt: NOW - 9000,
    error: {
      phase: 2,
      errorCode: 'LICENCE_EXPIRED',
      message: 'The text extractor has no valid licence.',
      recoverable: false,
      occurredAt: NOW - 9000,
      retryOptions: null,
    },
  },
  cancelled: {
    ...RUNNING,
    status: 'CANCELLED',
    ...NO_ETA,
    phases: phasesAt(2, {
      status: 'STOPPED',
      percent: 42.96,
      metrics: EXTRACTING,
      completedAt: NOW - 30_000,
    }),
    completedAt: NOW - 30_000,
  },
  waitingInQueue: {
    ...RUNNING,
    currentPhase: 0,
    progressPercent: null,
    ...NO_ETA,
    phases: phasesAt(0),
    waiting: { waitingFor: 'a worker', queuePosition: 3 },
    startedAt: NOW - 4000,
  },
  paused: {
    ...RUNNING,
    pause: {
      reason: 'The source allows downloads at night only',
      until: NOW + 90 * MINUTE,
      since: NOW - MINUTE,
    },
    updatedAt: NOW - 55_000,
    progressedAt: NOW - MINUTE,
  },
  secondAttempt: { ...RUNNING, attempt: 2, maxAttempts: 5 },
  retrying: {
    ...FAILED,
    attempt: 2,
    maxAttempts: 5,
    error: {
      ...FAILED.error,
      retryOptions: { canRetry: false, fromPhase: 2, retryAfterMs: 39_000, attempt: 2, maxAttempts: 5 },
    },
  },
  noProgress: {
    ...RUNNING,
    phases: phasesAt(4, { percent: 12, message: 'Building the index' }),
    currentPhase: 4,
    progressPercent: 82.4,
    progressedAt: NOW - 40 * MINUTE,
    startedAt: NOW - 58 * MINUTE,
  },
  openTotal: {
    ...RUNNING,
    currentPhase: 1,
    progressPercent: 7.5,
    phases: phasesAt(1, {
      percent: 50,
      message: 'Walking the folder',
      metrics: { ...NO_METRICS, itemsTotal: 500, itemsProcessed: 250, itemsTotalIsFinal: false },
    }),
  },
  onePhase: {
    ...RUNNING,
    currentPhase: 1,
    progressPercent: 42.96,
    phases: phasesOf(['Copy'], 1, {
      percent: 42.96,
      message: 'Copying: 4,210 of 9,800 files',
      metrics: { ...EXTRACTING, counters: [] },
    }),
  },
  twoPhases: {
    ...RUNNING,
    progressPercent: 71.48,
    phases: phasesOf(['Download', 'Import'], 2, {
      percent: 42.96,
      message: 'Importing row 4,210 of 9,800',
      metrics: { ...EXTRACTING, counters: [] },
    }),
  },
  sevenPhases: {
    ...RUNNING,
    currentPhase: 4,
    progressPercent: 47,
    phases: phasesOf(SEVEN, 4, { percent: 30, message: 'Splitting into chunks' }),
  },
  twelvePhases: {
    ...RUNNING,
    currentPhase: 6,
    progressPercent: 45.2,
    etaSeconds: 9_900,
    etaLowSeconds: 7_200,
    etaHighSeconds: 13_600,
    phases: phasesOf(TWELVE, 6, { percent: 42.4, message: null }),
  },
  overlapping: {
    ...RUNNING,
    currentPhase: 3,
    progressPercent: 56.7,
    phases: phasesOf(['List', 'Extract', 'Embed', 'Publish'], 3, {
      percent: 40,
      message: 'Embedding: batch 40 of 100',
      metrics: { ...NO_METRICS, itemsTotal: 100, itemsProcessed: 40 },
    }).map((phase) =>
      phase.number === 2 ? { ...phase, status: 'RUNNING' as const, percent: 85, completedAt: null } : phase,
    ),
  },
} as const satisfies Readonly<Record<string, Progress | null>>;

/** Name of a sample. */
export type SampleName = keyof typeof SAMPLES;
