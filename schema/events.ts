/**
 * What an ingestion job reports, and the events that a watcher receives. Knows ranges and words; leaves
 * transports, storage and the folding of reports into state to others.
 */
import { z } from 'zod';
import { METRICS } from './generated/metrics.js';
import type { MetricName } from './generated/metrics.js';
import { ID_RULE, isId } from './ids.js';
import type {
  IngestionProgress,
  PhaseMetrics as GeneratedPhaseMetrics,
  IngestionResult,
  IngestionFailure,
  RetryOptions,
} from './generated/resolvers.js';

export type {
  CommandKind,
  CommandStatus,
  Counter,
  IngestionCommand,
  IngestionListChange,
  IngestionListCounts,
  IngestionListSnapshot,
  IngestionListStatus,
  IngestionOutcome,
  IngestionProgress,
  IngestionResult,
  IngestionFailure,
  IngestionRow,
  IngestionRowKey,
  IngestionStatus,
  Label,
  Pause,
  Phase,
  PhaseMetrics,
  PhaseStatus,
  IngestionProblem,
  ProblemCounts,
  ProblemSeverity,
  ResultLink,
  Waiting,
  RecordedEvent,
  RetryOptions,
} from './generated/resolvers.js';

/** All of them. */
export const METRIC_NAMES = Object.freeze(Object.keys(METRICS)) as readonly MetricName[];

/** Names of the phases if a job gives none. */
export const DEFAULT_PHASE_NAMES = ['Discovery', 'Extraction', 'Analysis', 'Indexing'] as const;

/** Limits of reports, in the unit of the name; in characters if the name has none. */
export const LIMITS = Object.freeze({
  phases: 12,
  phaseName: 80,
  attemptKey: 64,
  title: 200,
  labels: 10,
  labelName: 64,
  labelValue: 128,
  links: 10,
  url: 2_000,
  partName: 128,
  /** Parts of an ingestion. */
  parts: 256,
  message: 2_000,
  errorCode: 64,
  counters: 20,
  counterName: 64,
  counterUnit: 32,
  summary: 2_000,
  reason: 500,
  problemItem: 500,
  problemCode: 64,
  /** Problems of one report. */
  problems: 100,
  /** Codes that are counted by themselves. */
  problemCodes: 50,
  outputBytes: 16_384,
  jsonDepth: 16,
  staleAfterMsLeast: 1_000,
  staleAfterMsMost: 604_800_000,
  /** Latest time a Date can hold, in ms; ECMA-262, "Time Values and Time Range". */
  timestampMost: 8_640_000_000_000_000,
});

const text = (most: number) => z.string().min(1).max(most);

/** A text of at most so many UTF-16 code units: one that is longer ends in an ellipsis, and half a character is not kept. */
export function cutText(given: string, most: number): string {
  if (given.length <= most) return given;
  return `${given.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
const shortened = (most: number) => z.string().transform((given) => cutText(given, most));
const nothingIfEmpty = (given: string | null | undefined) => (given === '' ? null : given);

/** A project's, an ingestion's or a command's id. */
export const idSchema = z.string().refine(isId, { error: ID_RULE });

/** 1 to 12. */
export const phaseSchema = z.int().min(1).max(LIMITS.phases);

/** A percent as it is shown: within 0 to 100, and null for NaN (0 of 0). */
export function clampPercent(percent: number): number | null {
  return Number.isNaN(percent) ? null : Math.min(100, Math.max(0, percent));
}

/** 0 to 100, or null if not known. What is beyond is clamped: a rounding error ends no job. */
export const percentSchema = z
  .custom<number | null>((value) => value === null || typeof value === 'number', {
    error: 'must be a number from 0 to 100, or null if not known',
  })
  .transform((percent) => (percent === null ? null : clampPercent(percent)));
/** Milliseconds since the Unix epoch. */
export const timestampSchema = z.int().min(0).max(LIMITS.timestampMost);
const countSchema = z.int().min(0);

/** Depth of a JSON value: 0 for a scalar, 1 for a flat object or array. Stops looking at `limit`. */
function jsonDepth(value: unknown, limit: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (limit === 0) return 1;
  let deepest = 0;
  for (const child of Object.values(value)) deepest = Math.max(deepest, jsonDepth(child, limit - 1));
  return deepest + 1;
}

const outputSchema = z.unknown().superRefine((value, context) => {
  if (value === undefined || value === null) return;
  if (jsonDepth(value, LIMITS.jsonDepth) > LIMITS.jsonDepth) {
    context.addIssue({ code: 'custom', message: `must not nest deeper than ${LIMITS.jsonDepth}` });
    return;
  }
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    context.addIssue({ code: 'custom', message: `must be JSON: ${String(cause)}` });
    return;
  }
  if (json === undefined) context.addIssue({ code: 'custom', message: 'must be JSON' });
  else if (new TextEncoder().encode(json).length > LIMITS.outputBytes) {
    context.addIssue({ code: 'custom', message: `must be at most ${LIMITS.outputBytes} bytes as JSON` });
  }
});

/** A count of the job's own: pages, chunks, rows. */
export const counterSchema = z.strictObject({
  name: text(LIMITS.counterName),
  label: text(LIMITS.phaseName).nullish(),
  value: z.number(),
  unit: text(LIMITS.counterUnit).nullish(),
});

/** A zod shape with a field for each metric, by its scalar. */
export function metricShape<I extends z.ZodType, F extends z.ZodType>(byScalar: {
  readonly SafeInt: I;
  readonly Float: F;
}): { [Name in MetricName]: { SafeInt: I; Float: F }[(typeof METRICS)[Name]] } {
  const entries = METRIC_NAMES.map((name) => [name, byScalar[METRICS[name]]]);
  return Object.fromEntries(entries) as ReturnType<typeof metricShape<I, F>>;
}

/** Counts of a phase. What is absent stays as it was; unknown is not zero. */
export const phaseMetricsSchema = z.strictObject({
  ...metricShape({ SafeInt: countSchema.nullish(), Float: z.number().min(0).nullish() }),
  itemsTotalIsFinal: z.boolean().nullish(),
  counters: z.array(counterSchema).max(LIMITS.counters).nullish(),
});

/** Whether and how a failed ingestion may be tried again. */
export const retryOptionsSchema = z.strictObject({
  canRetry: z.boolean(),
  fromPhase: phaseSchema.nullish(),
  retryAfterMs: countSchema.nullish(),
  attempt: z.int().min(1).nullish(),
  maxAttempts: z.int().min(1).nullish(),
});

const webAddress = z
  .string()
  .max(LIMITS.url)
  .refine((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol), {
    error: 'must be an http or https address',
  });

/** An http or https address and its name. */
export const linkSchema = z.strictObject({ label: text(LIMITS.phaseName), url: webAddress });

/** What is wrong with one item: a file, a row, a page. */
export const problemSchema = z.strictObject({
  item: text(LIMITS.problemItem),
  code: text(LIMITS.problemCode),
  severity: z.enum(['WARNING', 'ERROR']),
  message: shortened(LIMITS.message).nullish().transform(nothingIfEmpty),
  phase: phaseSchema.nullish(),
  url: webAddress.nullish(),
});

/** How a completed ingestion came out. */
export const resultSchema = z.strictObject({
  outcome: z.enum(['SUCCESS', 'PARTIAL']).nullish(),
  itemsProcessed: countSchema.nullish(),
  itemsFailed: countSchema.nullish(),
  bytesProcessed: countSchema.nullish(),
  summary: text(LIMITS.summary).nullish(),
  output: outputSchema.optional(),
  links: z.array(linkSchema).max(LIMITS.links).nullish(),
});

/** Why an ingestion failed, in the job's words. */
export const errorSchema = z.strictObject({
  errorCode: z.string().regex(/^[A-Z0-9_]{1,64}$/, { error: 'must be 1 to 64 characters of A-Z 0-9 _' }),
  message: text(LIMITS.message),
  recoverable: z.boolean(),
  retryOptions: retryOptionsSchema.nullish(),
});

const totalsSchema = z.strictObject({
  phase: phaseSchema,
  itemsTotal: countSchema.nullish(),
  bytesTotal: countSchema.nullish(),
});

const phaseDefinitionSchema = z.strictObject({
  name: text(LIMITS.phaseName),
  weight: z.number().positive().max(1e9).nullish(),
  itemsTotal: countSchema.nullish(),
  bytesTotal: countSchema.nullish(),
});

const startShape = {
  ingestionId: idSchema.nullish(),
  phases: z.array(phaseDefinitionSchema).min(1).max(LIMITS.phases).nullish(),
  attemptKey: text(LIMITS.attemptKey).nullish(),
  maxAttempts: z.int().min(1).nullish(),
  title: text(LIMITS.title).nullish(),
  labels: z
    .array(z.strictObject({ name: text(LIMITS.labelName), value: text(LIMITS.labelValue) }))
    .max(LIMITS.labels)
    .nullish(),
  phaseNames: z.array(text(LIMITS.phaseName)).length(4).nullish(),
  phaseWeights: z.array(z.number().positive().max(1e9)).length(4).nullish(),
  totals: z.array(totalsSchema).max(4).nullish(),
  staleAfterMs: z.int().min(LIMITS.staleAfterMsLeast).max(LIMITS.staleAfterMsMost).optional(),
  retryOf: idSchema.nullish(),
  fromPhase: phaseSchema.optional(),
  cancellable: z.boolean().optional(),
  replace: z.boolean().optional(),
};

interface PhasesOfStart {
  readonly phases?: readonly z.output<typeof phaseDefinitionSchema>[] | null | undefined;
  readonly phaseNames?: readonly string[] | null | undefined;
  readonly phaseWeights?: readonly number[] | null | undefined;
  readonly totals?: readonly z.output<typeof totalsSchema>[] | null | undefined;
  readonly fromPhase?: number | undefined;
}

function checkPhases(start: PhasesOfStart, context: z.RefinementCtx): void {
  const { phases } = start;
  const refuse = (path: (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', path, message });
  const count = phases?.length ?? DEFAULT_PHASE_NAMES.length;
  if (start.fromPhase !== undefined && start.fromPhase > count) {
    refuse(['fromPhase'], `must be 1 to ${count}: there are ${count} phases`);
  }
  for (const [index, { phase }] of (start.totals ?? []).entries()) {
    if (phase > count) refuse(['totals', index, 'phase'], `must be 1 to ${count}`);
  }
  if (phases === null || phases === undefined) return;
  for (const name of ['phaseNames', 'phaseWeights', 'totals'] as const) {
    if (Array.isArray(start[name])) refuse([name], 'not beside phases, which has names, weights and totals');
  }
  const weighted = phases.filter(({ weight }) => typeof weight === 'number').length;
  if (weighted > 0 && weighted < phases.length) {
    refuse(['phases'], 'give a weight for every phase or for none');
  }
}

/** What a job may say of an ingestion at its start, beside the project. */
export const startOptionsSchema = z.strictObject(startShape).superRefine(checkPhases);

const attempt = { projectId: idSchema, ingestionId: idSchema, attemptKey: text(LIMITS.attemptKey).nullish() };
const address = { ...attempt, sequence: countSchema.nullish() };

/** The start of an ingestion: mutation `startIngestion`. */
export const startReportSchema = z
  .strictObject({ ...startShape, projectId: idSchema })
  .superRefine(checkPhases);
/** A phase began: mutation `reportPhaseStarted`. */
export const phaseStartedReportSchema = z.strictObject({
  ...address,
  phase: phaseSchema,
  message: text(LIMITS.message),
  keepRunning: z.boolean().optional(),
});
/** A phase is done: mutation `reportPhaseCompleted`. */
export const phaseCompletedReportSchema = z.strictObject({ ...address, phase: phaseSchema });
/** The process lives: mutation `reportHeartbeat`. */
export const heartbeatReportSchema = z.strictObject(attempt);
/** What the job waits for before its first phase: mutation `reportWaiting`. */
export const waitingReportSchema = z.strictObject({
  ...address,
  waitingFor: shortened(LIMITS.message).nullish().transform(nothingIfEmpty),
  queuePosition: z.int().min(1).nullish(),
});
/** The job waits on purpose: mutation `pauseIngestion`. */
export const pauseReportSchema = z.strictObject({
  ...address,
  reason: text(LIMITS.message),
  until: timestampSchema.nullish(),
});
/** The job goes on: mutation `resumeIngestion`. */
export const resumeReportSchema = z.strictObject(address);
/** The job got further: mutation `reportProgress`. */
export const progressUpdateReportSchema = z.strictObject({
  ...address,
  phase: phaseSchema,
  part: text(LIMITS.partName).nullish(),
  progressPercent: percentSchema.optional(),
  metrics: phaseMetricsSchema.nullish(),
  message: shortened(LIMITS.message).nullish().transform(nothingIfEmpty),
});
/** What is wrong item by item: mutation `reportProblems`. */
export const problemsReportSchema = z.strictObject({
  ...attempt,
  problems: z.array(problemSchema).min(1).max(LIMITS.problems),
});
/** The ingestion completed: mutation `completeIngestion`. */
export const completeReportSchema = z.strictObject({ ...address, result: resultSchema });
/** The ingestion failed: mutation `failIngestion`. */
export const errorReportSchema = errorSchema.extend({ ...address, phase: phaseSchema.nullish() });
/** The job stopped because it was asked to: mutation `confirmCancelled`. */
export const cancelledReportSchema = z.strictObject(address);

/** A job's answer to a command: mutation `acknowledgeCommand`. */
export const acknowledgementSchema = z.strictObject({
  projectId: idSchema,
  commandId: idSchema,
  accepted: z.boolean(),
  reason: z.string().max(LIMITS.reason).nullish(),
});

/** Counts of a phase, as a job gives them. */
export type MetricsInput = z.input<typeof phaseMetricsSchema>;
/** How the ingestion came out, as a job gives it. */
export type ResultInput = z.input<typeof resultSchema>;
/** Why it failed, as a job gives it. */
export type ErrorInput = z.input<typeof errorSchema>;
/** How to try again, as a job gives it. */
export type RetryOptionsInput = z.input<typeof retryOptionsSchema>;
/** Options of a start. */
export type StartOptions = z.input<typeof startOptionsSchema>;
/** Report of a start. */
export type StartReport = z.input<typeof startReportSchema>;
/** Report of a phase's start. */
export type PhaseStartedReport = z.input<typeof phaseStartedReportSchema>;
/** Report of progress. */
export type ProgressUpdateReport = z.input<typeof progressUpdateReportSchema>;
/** Report that a phase is done. */
export type PhaseCompletedReport = z.input<typeof phaseCompletedReportSchema>;
/** Sign of life. */
export type HeartbeatReport = z.input<typeof heartbeatReportSchema>;
/** Report of what the job waits for. */
export type WaitingReport = z.input<typeof waitingReportSchema>;
/** Report of a pause. */
export type PauseReport = z.input<typeof pauseReportSchema>;
/** Report that the job goes on. */
export type ResumeReport = z.input<typeof resumeReportSchema>;
/** A problem of one item, as a job gives it. */
export type ProblemInput = z.input<typeof problemSchema>;
/** Report of problems. */
export type ProblemsReport = z.input<typeof problemsReportSchema>;
/** Report of completion. */
export type CompleteReport = z.input<typeof completeReportSchema>;
/** Report of a failure. */
export type ErrorReport = z.input<typeof errorReportSchema>;
/** Report that the job stopped as asked. */
export type CancelledReport = z.input<typeof cancelledReportSchema>;

/** Every report schema, by its kind: the name of the event that it gives rise to, if it has one. */
export const reportSchemas = Object.freeze({
  phase_started: phaseStartedReportSchema,
  phase_completed: phaseCompletedReportSchema,
  heartbeat: heartbeatReportSchema,
  waiting: waitingReportSchema,
  pause: pauseReportSchema,
  resume: resumeReportSchema,
  progress_update: progressUpdateReportSchema,
  problems: problemsReportSchema,
  ingestion_complete: completeReportSchema,
  error: errorReportSchema,
  cancelled: cancelledReportSchema,
});

/** The state as it is: at the start of a subscription, and for changes without an event of their own. */
export interface SnapshotEvent {
  readonly type: 'snapshot';
}
/** A phase began. */
export interface PhaseStartedEvent {
  readonly type: 'phase_started';
  readonly phase: number;
  readonly phaseName: string;
  readonly message: string;
}
/** The job got further; `progressPercent` is of the phase. */
export interface ProgressUpdateEvent {
  readonly type: 'progress_update';
  readonly phase: number;
  readonly progressPercent: number | null;
  readonly metrics: GeneratedPhaseMetrics;
}
/** The ingestion completed. */
export interface IngestionCompleteEvent {
  readonly type: 'ingestion_complete';
  readonly result: IngestionResult;
}
/** The ingestion failed. */
export interface ErrorEvent {
  readonly type: 'error';
  readonly phase: number | null;
  readonly errorCode: string;
  readonly message: string;
  readonly recoverable: boolean;
  readonly retryOptions: RetryOptions | null;
}
/** The ingestion ended because a person asked for it. */
export interface CancelledEvent {
  readonly type: 'cancelled';
  readonly requestedBy: string | null;
}

/** What an event says beside the state that comes with it. */
export type EventPayload =
  | SnapshotEvent
  | PhaseStartedEvent
  | ProgressUpdateEvent
  | IngestionCompleteEvent
  | ErrorEvent
  | CancelledEvent;

/** The names of the events, as jobs and hosts know them. */
export type IngestionEventType = EventPayload['type'];

/** GraphQL type name of each event, and the event's own name. */
export const EVENT_TYPES = Object.freeze({
  ProgressSnapshot: 'snapshot',
  PhaseStarted: 'phase_started',
  ProgressUpdate: 'progress_update',
  IngestionComplete: 'ingestion_complete',
  IngestionFailed: 'error',
  IngestionCancelled: 'cancelled',
} as const satisfies Record<string, IngestionEventType>);

/** One message to a watcher: what happened, and the complete new state. */
export interface IngestionEvent {
  readonly projectId: string;
  /** Null in a snapshot of a project that never ingested. */
  readonly ingestionId: string | null;
  /** 0 where the project never ingested. */
  readonly revision: number;
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number;
  readonly progress: IngestionProgress | null;
  readonly payload: EventPayload;
}

/** An ending is final; a recoverable failure is not one. */
export function isEnded(progress: {
  readonly status: IngestionProgress['status'];
  readonly error?: { readonly recoverable: IngestionFailure['recoverable'] } | null;
}): boolean {
  if (progress.status === 'RUNNING') return false;
  return progress.status !== 'FAILED' || progress.error?.recoverable !== true;
}

/** One sentence for each thing that is wrong, each with its path. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .map((issue) => {
      const path = issue.path.map(String).join('.');
      return path === '' ? issue.message : `${path}: ${issue.message}`;
    })
    .join('; ');
}
