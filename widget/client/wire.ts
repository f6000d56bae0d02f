/**
 * Reads what a server says. Nothing of it is trusted: what cannot be a state is refused, what is out of range is clamped,
 * and whatever a newer server adds is left alone.
 */
import type { TokenLifetime } from './transport.js';
import type { IngestionError, IngestionResult, PhaseMetrics, PhaseProgress, Progress } from './types.js';

type Fields = Readonly<Record<string, unknown>>;
type Reader<T> = (value: unknown) => T;

const fieldsOf = (value: unknown): Fields | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
/** Reads each named field by its reader; null where there are no fields at all. */
const record =
  <T extends object>(readers: { readonly [Name in keyof T]: Reader<T[Name]> }): Reader<T | null> =>
  (value) => {
    const from = fieldsOf(value);
    if (from === null) return null;
    const entries = Object.entries<Reader<unknown>>(readers).map(([name, read]) => [name, read(from[name])]);
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
  <T extends string>(...names: T[]): Reader<T | null> =>
  (value) =>
    names.find((name) => name === value) ?? null;
const within =
  (least: number, most: number): Reader<number | null> =>
  (value) =>
    typeof value === 'number' && Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : null;

const text: Reader<string | null> = (value) => (typeof value === 'string' ? value : null);
const flag: Reader<boolean> = (value) => value === true;
const number = within(-Infinity, Infinity);
const count = within(0, Infinity);
const percent = within(0, 100);
const phaseNumber = within(1, 4);

const lifetime = record<TokenLifetime>({
  expiresAt: number,
  serverTime: number,
  scopes: (value) => (Array.isArray(value) ? listOf(text)(value) : null),
});
/** What the server says of the token: in the ack, and after a refresh. */
export const readLifetime = or(lifetime, { expiresAt: null, serverTime: null, scopes: null });

const counter: Reader<PhaseMetrics['counters'][number] | null> = (value) => {
  const from = fieldsOf(value);
  const name = text(from?.['name']);
  const amount = number(from?.['value']);
  if (from === null || name === null || amount === null) return null;
  return { name, label: text(from['label']) ?? name, value: amount, unit: text(from['unit']) };
};
const metrics = record<PhaseMetrics>({
  itemsTotal: count,
  itemsProcessed: count,
  itemsFailed: count,
  bytesTotal: count,
  bytesProcessed: count,
  itemsPerSecond: count,
  etaSeconds: count,
  counters: listOf(counter),
});
const phase = record<PhaseProgress>({
  number: or(phaseNumber, 1),
  name: or(text, ''),
  status: or(oneOf('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'SKIPPED'), 'PENDING'),
  weight: or(count, 0.25),
  percent,
  message: text,
  startedAt: number,
  completedAt: number,
  metrics,
});
const error = record<IngestionError>({
  phase: phaseNumber,
  errorCode: or(text, 'UNKNOWN'),
  message: or(text, ''),
  recoverable: flag,
  occurredAt: or(number, 0),
  retryOptions: record<NonNullable<IngestionError['retryOptions']>>({
    canRetry: flag,
    fromPhase: phaseNumber,
    retryAfterMs: count,
    attempt: number,
    maxAttempts: number,
  }),
});
const result = record<IngestionResult>({
  outcome: or(oneOf('SUCCESS', 'PARTIAL'), 'SUCCESS'),
  itemsProcessed: count,
  itemsFailed: count,
  bytesProcessed: count,
  durationMs: or(count, 0),
  summary: text,
  output: (value) => value ?? null,
});
const status = oneOf('RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED');
const progress = record<Progress>({
  id: or(text, ''),
  projectId: or(text, ''),
  status: or(status, 'RUNNING'),
  revision: or(number, 0),
  currentPhase: or(within(0, 4), 0),
  progressPercent: percent,
  etaSeconds: count,
  phases: listOf(phase),
  result,
  error,
  retryOf: text,
  fromPhase: or(phaseNumber, 1),
  cancellable: flag,
  cancelRequestedAt: number,
  staleAfterMs: or(count, 300_000),
  startedAt: or(number, 0),
  updatedAt: or(number, 0),
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
    read !== null &&
    read.id !== '' &&
    Number.isSafeInteger(fieldsOf(value)?.['revision']) &&
    status(fieldsOf(value)?.['status']) !== null &&
    Number.isInteger(read.currentPhase) &&
    read.phases.length === 4 &&
    read.phases.every((each, index) => each.number === index + 1);
  return fits ? read : undefined;
}
