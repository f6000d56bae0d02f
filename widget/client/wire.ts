/**
 * Parses what a server sends, without trusting it: an invalid state is rejected, values out of range are clamped, and fields
 * that a newer server adds are ignored.
 */
import type { TokenLifetime } from './transport.js';
import type { IngestionError, IngestionResult, PhaseMetrics, PhaseProgress, Progress } from './types.js';

type Reader<T> = (value: unknown) => T;
type Primitive = string | number | boolean;
/** How each field is read: by a function, or as a value of the same type as the default given here. */
type Readers<T> = {
  readonly [Name in keyof T]: Reader<T[Name]> | Extract<T[Name], Primitive>;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
const isSameType = (value: unknown, other: Primitive): value is Primitive =>
  typeof value === typeof other && value !== Infinity && value !== -Infinity;
/** Reads each named field; null if the value is not an object. */
const record =
  <T extends object>(readers: Readers<T>): Reader<T | null> =>
  (value) => {
    if (!isObject(value)) return null;
    const entries = Object.entries<Reader<unknown> | Primitive>(readers).map(([name, read]) => {
      const field = value[name];
      return [name, typeof read === 'function' ? read(field) : isSameType(field, read) ? field : read];
    });
    return Object.fromEntries(entries) as T;
  };
const withDefault =
  <T>(read: Reader<T | null>, otherwise: T): Reader<T> =>
  (value) =>
    read(value) ?? otherwise;
const listOf =
  <T>(read: Reader<T | null>): Reader<T[]> =>
  (value) =>
    Array.isArray(value) ? value.map(read).filter((item) => item !== null) : [];
const oneOf =
  <T extends string>(names: readonly T[], otherwise: T): Reader<T> =>
  (value) =>
    names.find((name) => name === value) ?? otherwise;
const clampedTo =
  (least: number, most: number): Reader<number | null> =>
  (value) =>
    Number.isFinite(value) ? Math.min(most, Math.max(least, value as number)) : null;
const text: Reader<string | null> = (value) => (typeof value === 'string' ? value : null);
const number = clampedTo(-Infinity, Infinity);
const count = clampedTo(0, Infinity);
const percent = clampedTo(0, 100);

/** Reads the token's lifetime from the ack, or from the response to a refresh. */
export const readLifetime = (value: unknown): TokenLifetime =>
  record<TokenLifetime>({
    expiresAt: number,
    serverTime: number,
    scopes: (scopes) => (Array.isArray(scopes) ? listOf(text)(scopes) : null),
  })(value ?? {}) as TokenLifetime;

const counter = record<PhaseMetrics['counters'][number]>({ name: '', label: '', value: NaN, unit: text });
const eta = { etaSeconds: count, etaLowSeconds: count, etaHighSeconds: count };
const phaseNumber = clampedTo(1, 12);
const metrics = record<PhaseMetrics>({
  itemsTotal: count,
  itemsProcessed: count,
  itemsFailed: count,
  bytesTotal: count,
  bytesProcessed: count,
  itemsPerSecond: count,
  itemsTotalIsFinal: true,
  ...eta,
  counters: (value) =>
    listOf(counter)(value)
      .filter((each) => each.name && Number.isFinite(each.value))
      .map((each) => ({ ...each, label: each.label || each.name })),
});
const phase = record<PhaseProgress>({
  number: 0,
  name: '',
  status: oneOf(['RUNNING', 'COMPLETED', 'FAILED', 'SKIPPED', 'STOPPED'], 'PENDING'),
  weight: withDefault(count, 0.25),
  percent,
  message: text,
  startedAt: number,
  completedAt: number,
  metrics,
});
const error = record<IngestionError>({
  phase: phaseNumber,
  errorCode: 'UNKNOWN',
  message: '',
  recoverable: false,
  occurredAt: 0,
  retryOptions: record<NonNullable<IngestionError['retryOptions']>>({
    canRetry: false,
    fromPhase: phaseNumber,
    retryAfterMs: count,
    attempt: number,
    maxAttempts: number,
  }),
});
const result = record<IngestionResult>({
  outcome: oneOf(['PARTIAL'], 'SUCCESS'),
  itemsProcessed: count,
  itemsFailed: count,
  bytesProcessed: count,
  durationMs: withDefault(count, 0),
  summary: text,
  output: (value) => value ?? null,
  links: listOf(record<IngestionResult['links'][number]>({ label: '', url: '' })),
});
const progress = record<Progress>({
  id: '',
  projectId: '',
  // An empty status is rejected below.
  status: oneOf<Progress['status']>(['RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'], '' as 'RUNNING'),
  revision: NaN,
  currentPhase: withDefault(clampedTo(0, 12), 0),
  progressPercent: percent,
  ...eta,
  title: text,
  labels: listOf(record<Progress['labels'][number]>({ name: '', value: '' })),
  attempt: 1,
  maxAttempts: number,
  pause: record<NonNullable<Progress['pause']>>({ reason: '', until: number, since: 0 }),
  waiting: record<NonNullable<Progress['waiting']>>({ waitingFor: text, queuePosition: number }),
  problems: withDefault(record<Progress['problems']>({ errors: 0, warnings: 0 }), { errors: 0, warnings: 0 }),
  phases: listOf(phase),
  result,
  error,
  retryOf: text,
  fromPhase: withDefault(phaseNumber, 1),
  cancellable: false,
  cancelRequestedAt: number,
  staleAfterMs: withDefault(count, 300_000),
  startedAt: 0,
  updatedAt: 0,
  progressedAt: 0,
  completedAt: number,
});

/**
 * Reads a state: null if the server says that there is none, undefined if it is invalid (no id, no revision, an unknown
 * status, no phases or not in order).
 */
export function readProgress(value: unknown): Progress | null | undefined {
  if (value === null) return null;
  const read = progress(value);
  const isValid =
    read?.id &&
    read.status &&
    Number.isSafeInteger(read.revision) &&
    Number.isInteger(read.currentPhase) &&
    read.phases.length > 0 &&
    read.phases.every((each, index) => each.number === index + 1);
  return isValid ? read : undefined;
}
