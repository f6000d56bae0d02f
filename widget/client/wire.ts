/**
 * Reads what a server says. Nothing of it is trusted: what cannot be a state is refused, what is out of range is clamped,
 * and whatever a newer server adds is left alone.
 */
import { METRICS } from '../generated/metrics.js';
import type { TokenLifetime } from './transport.js';
import type { IngestionError, IngestionResult, PhaseMetrics, PhaseProgress, Progress } from './types.js';

type Reader<T> = (value: unknown) => T;
type Plain = string | number | boolean;
/** How each field is read: by a function, or as whatever is of the same type as the value that else stands for it. */
type Readers<T> = {
  readonly [Name in keyof T]: Reader<T[Name]> | Extract<T[Name], Plain>;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
const isLike = (value: unknown, other: Plain): value is Plain =>
  typeof value === typeof other && value !== Infinity && value !== -Infinity;
/** Reads each named field; null where there are no fields at all. */
const record =
  <T extends object>(readers: Readers<T>): Reader<T | null> =>
  (value) => {
    if (!isObject(value)) return null;
    const entries = Object.entries<Reader<unknown> | Plain>(readers).map(([name, read]) => {
      const field = value[name];
      return [name, typeof read === 'function' ? read(field) : isLike(field, read) ? field : read];
    });
    return Object.fromEntries(entries) as T;
  };
const or =
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
const within =
  (least: number, most: number): Reader<number | null> =>
  (value) =>
    Number.isFinite(value) ? Math.min(most, Math.max(least, value as number)) : null;
const text: Reader<string | null> = (value) => (typeof value === 'string' ? value : null);
const number = within(-Infinity, Infinity);
const count = within(0, Infinity);
const percent = within(0, 100);

/** What the server says of the token: in the ack, and after a refresh. */
export const readLifetime = (value: unknown): TokenLifetime =>
  record<TokenLifetime>({
    expiresAt: number,
    serverTime: number,
    scopes: (scopes) => (Array.isArray(scopes) ? listOf(text)(scopes) : null),
  })(value ?? {}) as TokenLifetime;

const counter = record<PhaseMetrics['counters'][number]>({ name: '', label: '', value: NaN, unit: text });
const metrics = record<PhaseMetrics>({
  ...(Object.fromEntries(Object.keys(METRICS).map((name) => [name, count])) as Record<
    keyof typeof METRICS,
    typeof count
  >),
  etaSeconds: count,
  counters: (value) =>
    listOf(counter)(value)
      .filter((each) => each.name && Number.isFinite(each.value))
      .map((each) => ({ ...each, label: each.label || each.name })),
});
const phase = record<PhaseProgress>({
  number: 0,
  name: '',
  status: oneOf(['RUNNING', 'COMPLETED', 'FAILED', 'SKIPPED'], 'PENDING'),
  weight: or(count, 0.25),
  percent,
  message: text,
  startedAt: number,
  completedAt: number,
  metrics,
});
const error = record<IngestionError>({
  phase: within(1, 4),
  errorCode: 'UNKNOWN',
  message: '',
  recoverable: false,
  occurredAt: 0,
  retryOptions: record<NonNullable<IngestionError['retryOptions']>>({
    canRetry: false,
    fromPhase: within(1, 4),
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
  durationMs: or(count, 0),
  summary: text,
  output: (value) => value ?? null,
});
const progress = record<Progress>({
  id: '',
  projectId: '',
  // Refused below where it is none.
  status: oneOf<Progress['status']>(['RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'], '' as 'RUNNING'),
  revision: NaN,
  currentPhase: or(within(0, 4), 0),
  progressPercent: percent,
  etaSeconds: count,
  phases: listOf(phase),
  result,
  error,
  retryOf: text,
  fromPhase: or(within(1, 4), 1),
  cancellable: false,
  cancelRequestedAt: number,
  staleAfterMs: or(count, 300_000),
  startedAt: 0,
  updatedAt: 0,
  completedAt: number,
});

/**
 * A state: null where the server says that there is none, undefined where what it says cannot be one (no id, no revision,
 * a status that nobody knows, not four phases in order).
 */
export function readProgress(value: unknown): Progress | null | undefined {
  if (value === null) return null;
  const read = progress(value);
  const fits =
    read?.id &&
    read.status &&
    Number.isSafeInteger(read.revision) &&
    Number.isInteger(read.currentPhase) &&
    read.phases.map((each) => each.number).join() === '1,2,3,4';
  return fits ? read : undefined;
}
