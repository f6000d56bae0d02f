/**
 * Reads what a server says. Nothing of it is trusted: what cannot be a state is refused, what is out of range is clamped,
 * and whatever a newer server adds is left alone.
 */
import type { TokenLifetime } from './transport.js';
import type { IngestionError, IngestionResult, PhaseMetrics, PhaseProgress, Progress } from './types.js';

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const number = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;
const count = (value: unknown): number | null => {
  const read = number(value);
  return read === null ? null : Math.max(0, read);
};
const percent = (value: unknown): number | null => {
  const read = count(value);
  return read === null ? null : Math.min(100, read);
};
const phaseNumber = (value: unknown): number | null => {
  const read = number(value);
  return read === null ? null : Math.min(4, Math.max(1, Math.trunc(read)));
};
const oneOf = <T extends string>(names: readonly T[], value: unknown): T | null =>
  names.find((name) => name === value) ?? null;

const STATUSES = ['RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;
const PHASE_STATUSES = ['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'SKIPPED'] as const;

/** What the server says of the token: in the ack, and after a refresh. */
export function readLifetime(value: unknown): TokenLifetime {
  const from = fields(value) ?? {};
  const scopes = from['scopes'];
  return {
    expiresAt: number(from['expiresAt']),
    serverTime: number(from['serverTime']),
    scopes: Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string') : null,
  };
}

function readMetrics(value: unknown): PhaseMetrics | null {
  const from = fields(value);
  if (from === null) return null;
  const counters = list(from['counters']).flatMap((entry) => {
    const counter = fields(entry);
    const name = text(counter?.['name']);
    const amount = number(counter?.['value']);
    if (counter === null || name === null || amount === null) return [];
    return [{ name, label: text(counter['label']) ?? name, value: amount, unit: text(counter['unit']) }];
  });
  return {
    itemsTotal: count(from['itemsTotal']),
    itemsProcessed: count(from['itemsProcessed']),
    itemsFailed: count(from['itemsFailed']),
    bytesTotal: count(from['bytesTotal']),
    bytesProcessed: count(from['bytesProcessed']),
    itemsPerSecond: count(from['itemsPerSecond']),
    etaSeconds: count(from['etaSeconds']),
    counters,
  };
}

function readPhase(value: unknown, index: number): PhaseProgress | null {
  const from = fields(value);
  const status = oneOf(PHASE_STATUSES, from?.['status']);
  if (from === null || status === null) return null;
  return {
    number: index + 1,
    name: text(from['name']) ?? '',
    status,
    weight: count(from['weight']) ?? 0.25,
    percent: percent(from['percent']),
    message: text(from['message']),
    startedAt: number(from['startedAt']),
    completedAt: number(from['completedAt']),
    metrics: readMetrics(from['metrics']),
  };
}

function readError(value: unknown): IngestionError | null {
  const from = fields(value);
  if (from === null) return null;
  const retry = fields(from['retryOptions']);
  return {
    phase: phaseNumber(from['phase']),
    errorCode: text(from['errorCode']) ?? 'UNKNOWN',
    message: text(from['message']) ?? '',
    recoverable: from['recoverable'] === true,
    occurredAt: number(from['occurredAt']) ?? 0,
    retryOptions: retry && {
      canRetry: retry['canRetry'] === true,
      fromPhase: phaseNumber(retry['fromPhase']),
      retryAfterMs: count(retry['retryAfterMs']),
      attempt: number(retry['attempt']),
      maxAttempts: number(retry['maxAttempts']),
    },
  };
}

function readResult(value: unknown): IngestionResult | null {
  const from = fields(value);
  if (from === null) return null;
  return {
    outcome: from['outcome'] === 'PARTIAL' ? 'PARTIAL' : 'SUCCESS',
    itemsProcessed: count(from['itemsProcessed']),
    itemsFailed: count(from['itemsFailed']),
    bytesProcessed: count(from['bytesProcessed']),
    durationMs: count(from['durationMs']) ?? 0,
    summary: text(from['summary']),
    output: from['output'] ?? null,
  };
}

/**
 * A state: null where the server says that there is none, undefined where what it says cannot be one (no id, no revision,
 * a status that nobody knows, not four phases).
 */
export function readProgress(value: unknown): Progress | null | undefined {
  if (value === null) return null;
  const from = fields(value);
  const id = text(from?.['id']);
  const status = oneOf(STATUSES, from?.['status']);
  const revision = number(from?.['revision']);
  const phases = list(from?.['phases']).map(readPhase);
  if (from === null || id === null || status === null || !Number.isSafeInteger(revision)) return undefined;
  if (phases.length !== 4 || phases.includes(null)) return undefined;
  return {
    id,
    projectId: text(from['projectId']) ?? '',
    status,
    revision: revision ?? 0,
    currentPhase: Math.min(4, Math.trunc(count(from['currentPhase']) ?? 0)),
    progressPercent: percent(from['progressPercent']),
    etaSeconds: count(from['etaSeconds']),
    phases: phases as PhaseProgress[],
    result: readResult(from['result']),
    error: readError(from['error']),
    retryOf: text(from['retryOf']),
    fromPhase: phaseNumber(from['fromPhase']) ?? 1,
    cancellable: from['cancellable'] === true,
    cancelRequestedAt: number(from['cancelRequestedAt']),
    staleAfterMs: count(from['staleAfterMs']) ?? 300_000,
    startedAt: number(from['startedAt']) ?? 0,
    updatedAt: number(from['updatedAt']) ?? 0,
    completedAt: number(from['completedAt']),
  };
}
