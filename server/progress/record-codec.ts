/**
 * Records and log entries as text, and back: text from a store or a bus is untrusted, and rejected with a sentence if it
 * is not a record of this version. Pure; reading and writing are the adapters' business.
 */
import { describeIssues, metricShape, timestampSchema, type RecordedEvent } from '@ingestion-progress/schema';
import { z } from 'zod';
import { ProgressError } from '../shared/errors.js';
import type { IngestionRecord } from './record.js';

const count = z.int().min(0).nullable();
const time = timestampSchema;

const retryOptionsSchema = z.object({
  attempt: z.int().nullable(),
  canRetry: z.boolean(),
  fromPhase: z.int().nullable(),
  maxAttempts: z.int().nullable(),
  retryAfterMs: count,
});

const failureSchema = z.object({
  errorCode: z.string(),
  message: z.string(),
  occurredAt: time,
  phase: z.int().nullable(),
  recoverable: z.boolean(),
  retryOptions: retryOptionsSchema.nullable(),
});

const metricsSchema = z.object({
  // Absent in records that were stored before the metric was introduced.
  ...metricShape({ SafeInt: count.default(null), Float: z.number().nullable().default(null) }),
  counters: z.array(
    z.object({ label: z.string(), name: z.string(), unit: z.string().nullable(), value: z.number() }),
  ),
  etaSeconds: z.number().nullable(),
});

const phaseSchema = z.object({
  completedAt: time.nullable(),
  error: failureSchema.nullable(),
  message: z.string().nullable(),
  metrics: metricsSchema.nullable(),
  name: z.string(),
  number: z.int().min(1).max(4),
  percent: z.number().nullable(),
  startedAt: time.nullable(),
  status: z.enum(['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'SKIPPED']),
  weight: z.number(),
});

const resultSchema = z.object({
  bytesProcessed: count,
  durationMs: z.int(),
  itemsFailed: count,
  itemsProcessed: count,
  outcome: z.enum(['SUCCESS', 'PARTIAL']),
  output: z.unknown(),
  summary: z.string().nullable(),
});

const progressSchema = z.looseObject({
  cancelRequestedAt: time.nullable(),
  cancellable: z.boolean(),
  completedAt: time.nullable(),
  currentPhase: z.int().min(0).max(4),
  error: failureSchema.nullable(),
  etaSeconds: z.number().nullable(),
  fromPhase: z.int(),
  id: z.string(),
  metrics: metricsSchema.nullable(),
  phases: z.array(phaseSchema).length(4),
  progressPercent: z.number().nullable(),
  projectId: z.string(),
  result: resultSchema.nullable(),
  retryOf: z.string().nullable(),
  revision: z.int().min(0),
  staleAfterMs: z.int(),
  startedAt: time,
  status: z.enum(['RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED']),
  updatedAt: time,
});

const recordSchema: z.ZodType<IngestionRecord> = z.looseObject({
  version: z.literal(1),
  progress: progressSchema,
  lastSequence: z.int().nullable(),
  ownerServerId: z.string().nullable(),
  rate: z.looseObject({ phase: z.number() }).nullable(),
  cancelRequestedBy: z.string().nullable(),
});

const recordedEventSchema: z.ZodType<RecordedEvent> = z.object({
  id: z.string(),
  payload: z.unknown(),
  revision: z.int(),
  timestamp: time,
  type: z.string(),
});

function parse<T>(schema: z.ZodType<T>, text: unknown, what: string): T {
  const refuse = (why: string, cause?: unknown) => {
    const mend = 'mend it by hand, or delete it';
    return new ProgressError('INTERNAL_SERVER_ERROR', `The ${what} does not parse: ${why}; ${mend}.`, {
      cause,
    });
  };
  if (typeof text !== 'string') throw refuse(`expected JSON text, found ${typeof text}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse('it is not JSON', cause);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw refuse(describeIssues(parsed.error));
  return parsed.data;
}

/** A record as JSON text. */
export function serializeRecord(record: IngestionRecord): string {
  return JSON.stringify(record);
}

/** The record of that text; `INTERNAL_SERVER_ERROR` with the document's name and what is wrong with it. */
export function parseRecord(text: unknown, what: string): IngestionRecord {
  return parse(recordSchema, text, what);
}

/** A log entry as JSON text. */
export function serializeEvent(event: RecordedEvent): string {
  return JSON.stringify(event);
}

/** The log entry of that text; refuses as `parseRecord` does. */
export function parseEvent(text: unknown, what: string): RecordedEvent {
  return parse(recordedEventSchema, text, what);
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
    logger.error({ document: what, error: error.message }, 'stored document does not parse');
    return fallback;
  }
}
