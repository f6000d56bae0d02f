/**
 * Records and log entries as text, and back: text from a store or a bus is untrusted, and rejected with a sentence if it
 * is not a record of this version. Unknown fields at any depth come from a later version and are kept. Pure; leaves
 * reading and writing to the adapters.
 */
import {
  describeIssues,
  LIMITS,
  metricShape,
  timestampSchema,
  type RecordedEvent,
} from '@ingestion-progress/schema';
import { z } from 'zod';
import { ProgressError } from '../shared/errors.js';
import type { ProblemTotal, StoredProblem } from './problem.js';
import type { IngestionRecord, PhaseWork } from './record.js';

/** Version of the shape of a record. */
export const RECORD_VERSION = 1;

const count = z.int().min(0).nullable();
const time = timestampSchema;

const retryOptionsSchema = z.looseObject({
  attempt: z.int().nullable(),
  canRetry: z.boolean(),
  fromPhase: z.int().nullable(),
  maxAttempts: z.int().nullable(),
  retryAfterMs: count,
});

const failureSchema = z.looseObject({
  errorCode: z.string(),
  message: z.string(),
  occurredAt: time,
  phase: z.int().nullable(),
  recoverable: z.boolean(),
  retryOptions: retryOptionsSchema.nullable(),
});

// Absent in records of version 0.1.0, as all that has a default here.
const etaBounds = {
  etaLowSeconds: z.number().nullable().default(null),
  etaHighSeconds: z.number().nullable().default(null),
};

const metricsSchema = z.looseObject({
  // Absent in records that were stored before the metric was introduced.
  ...metricShape({ SafeInt: count.default(null), Float: z.number().nullable().default(null) }),
  counters: z.array(
    z.looseObject({ label: z.string(), name: z.string(), unit: z.string().nullable(), value: z.number() }),
  ),
  itemsTotalIsFinal: z.boolean().default(true),
  etaSeconds: z.number().nullable(),
  ...etaBounds,
});

const phaseSchema = z.looseObject({
  completedAt: time.nullable(),
  error: failureSchema.nullable(),
  message: z.string().nullable(),
  metrics: metricsSchema.nullable(),
  name: z.string(),
  number: z.int().min(1).max(LIMITS.phases),
  percent: z.number().nullable(),
  startedAt: time.nullable(),
  status: z.enum(['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'SKIPPED', 'STOPPED']),
  weight: z.number(),
});

const resultSchema = z.looseObject({
  bytesProcessed: count,
  durationMs: z.int(),
  itemsFailed: count,
  itemsProcessed: count,
  outcome: z.enum(['SUCCESS', 'PARTIAL']),
  output: z.unknown(),
  summary: z.string().nullable(),
  links: z.array(z.looseObject({ label: z.string(), url: z.string() })).default([]),
});

const severity = z.enum(['ERROR', 'WARNING']);
const totalsSchema = z.array(z.looseObject({ code: z.string(), severity, count: z.int() }));
const problemsSchema = z.looseObject({ errors: z.int(), warnings: z.int(), byCode: totalsSchema });

const problemSchema = z.looseObject({
  attempt: z.int(),
  phase: z.int().nullable(),
  item: z.string(),
  code: z.string(),
  severity,
  message: z.string().nullable(),
  url: z.string().nullable(),
  reportedAt: time,
  index: z.int(),
});

const stateShape = {
  attempt: z.int().min(1).default(1),
  cancelRequestedAt: time.nullable(),
  cancellable: z.boolean(),
  completedAt: time.nullable(),
  currentPhase: z.int().min(0).max(LIMITS.phases),
  error: failureSchema.nullable(),
  etaSeconds: z.number().nullable(),
  ...etaBounds,
  fromPhase: z.int(),
  id: z.string(),
  labels: z.array(z.looseObject({ name: z.string(), value: z.string() })).default([]),
  maxAttempts: z.int().nullable().default(null),
  metrics: metricsSchema.nullable(),
  pause: z.looseObject({ reason: z.string(), until: time.nullable(), since: time }).nullable().default(null),
  phases: z.array(phaseSchema).min(1).max(LIMITS.phases),
  problems: problemsSchema.default({ errors: 0, warnings: 0, byCode: [] }),
  progressPercent: z.number().nullable(),
  progressedAt: time.optional(),
  projectId: z.string(),
  result: resultSchema.nullable(),
  retryOf: z.string().nullable(),
  // Far enough from 2 ** 53 that no number of changes reaches it.
  revision: z.int().min(0).max(LIMITS.timestampMost),
  staleAfterMs: z.int(),
  startedAt: time,
  status: z.enum(['RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED']),
  title: z.string().nullable().default(null),
  updatedAt: time,
  waiting: z
    .looseObject({ waitingFor: z.string().nullable(), queuePosition: z.int().nullable() })
    .nullable()
    .default(null),
};

const progressSchema = z
  .looseObject(stateShape)
  .transform((progress) => ({ ...progress, progressedAt: progress.progressedAt ?? progress.updatedAt }));

const recordSchema = z.looseObject({
  version: z.literal(RECORD_VERSION),
  progress: progressSchema,
  lastSequence: z.int().nullable(),
  ownerServerId: z.string().nullable(),
  attemptKey: z.string().nullable().optional(),
  work: z.array(z.custom<PhaseWork>((value) => typeof value === 'object' && value !== null)).optional(),
  // Version 0.1.0 kept an estimate here, which is made anew.
  rate: z.unknown().transform(() => null),
  cancelRequestedBy: z.string().nullable(),
});

const leaseSchema = z.looseObject({
  serverId: z.string(),
  renewedAt: z.number(),
  ttlMs: z.number(),
});

const recordedEventSchema: z.ZodType<RecordedEvent> = z.looseObject({
  id: z.string(),
  payload: z.unknown(),
  revision: z.int(),
  timestamp: time,
  type: z.string(),
});

/** Whether a document says that it is of a version after this one. */
const isNewer = (value: unknown) =>
  typeof value === 'object' && value !== null && 'version' in value && Number(value.version) > RECORD_VERSION;

/** The message is for readers; the cause, for the log, names the document and what is wrong with it. */
function unreadable(what: string, why: string, cause?: unknown): ProgressError {
  const message = 'What is stored here cannot be read; the log of the server says why.';
  return new ProgressError('INTERNAL_SERVER_ERROR', message, {
    cause: new Error(`The ${what} does not parse: ${why}.`, { cause }),
  });
}

function parse<T>(schema: z.ZodType<T>, text: unknown, what: string): T {
  if (typeof text !== 'string') throw unreadable(what, `expected JSON text, found ${typeof text}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unreadable(what, 'it is not JSON; restore it from a backup', cause);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  if (isNewer(value)) throw unreadable(what, 'a newer version of the server wrote it; start that one again');
  throw unreadable(what, `${describeIssues(parsed.error)}; restore it from a backup`);
}

/** A record as JSON text. */
export function serializeRecord(record: IngestionRecord): string {
  return JSON.stringify(record);
}

/** The record of that text; `INTERNAL_SERVER_ERROR` with the document's name and what is wrong with it. */
export function parseRecord(text: unknown, what: string): IngestionRecord {
  return parse(recordSchema, text, what) as IngestionRecord;
}

/** A log entry as JSON text. */
export function serializeEvent(event: RecordedEvent): string {
  return JSON.stringify(event);
}

/** The log entry of that text; refuses as `parseRecord` does. */
export function parseEvent(text: unknown, what: string): RecordedEvent {
  return parse(recordedEventSchema, text, what);
}

/** The problem of that text; refuses as `parseRecord` does. */
export function parseProblem(text: unknown, what: string): StoredProblem {
  return parse(problemSchema, text, what);
}

/** The totals of that text; refuses as `parseRecord` does. */
export function parseTotals(text: unknown, what: string): readonly ProblemTotal[] {
  return parse(totalsSchema, text, what);
}

/** The lease of that text; refuses as `parseRecord` does. */
export function parseLease(text: unknown, what: string): z.infer<typeof leaseSchema> {
  return parse(leaseSchema, text, what);
}

/** Runs `read`; if it meets text that does not parse, logs that under its name and returns `fallback`. */
export function readOrLog<T, F>(
  logger: { error(fields: Readonly<Record<string, unknown>>, message: string): void },
  what: string,
  fallback: F,
  read: () => T,
): T | F {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ProgressError)) throw error;
    const { cause } = error;
    logger.error(
      { document: what, error: cause instanceof Error ? cause.message : error.message },
      'stored document does not parse',
    );
    return fallback;
  }
}
