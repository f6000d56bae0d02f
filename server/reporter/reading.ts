/**
 * What a job says of its progress in a few plain fields, as a line of output, a match of a pattern or the progress of a
 * queue's job, and how that is reported.
 */
import type { MetricsInput, ProblemInput } from '@ingestion-progress/schema';
import type { ReporterRun } from './run.js';

const MAX_PHASE = 12;

/** What was said; a field that was not named is absent. */
export interface Reading {
  readonly phase?: number;
  readonly message?: string;
  /** Of the phase, 0 to 100. */
  readonly percent?: number;
  readonly metrics?: MetricsInput;
  readonly problem?: ProblemInput;
}

/** What may hold a reading. */
export type Fields = Readonly<Record<string, unknown>>;

/** A number from 0; undefined if the value is none. People write thousands with commas. */
export function numberOf(value: unknown): number | undefined {
  const given = typeof value === 'string' && value !== '' ? Number(value.replaceAll(/[,_ ]/g, '')) : value;
  return typeof given === 'number' && Number.isFinite(given) && given >= 0 ? given : undefined;
}

export function countOf(value: unknown): number | undefined {
  const given = numberOf(value);
  return given === undefined || given > Number.MAX_SAFE_INTEGER ? undefined : Math.round(given);
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** Drops what is undefined; null if nothing remains. */
export function present<T extends object>(fields: { [Name in keyof T]: T[Name] | undefined }): T | null {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? null : (Object.fromEntries(entries) as T);
}

/** The reading of the fields of our own convention, which the groups of a pattern have, too. */
export function readingOf(fields: Fields): Reading | null {
  const metrics = present<MetricsInput>({
    itemsProcessed: countOf(fields['done']),
    itemsTotal: countOf(fields['total']),
    bytesProcessed: countOf(fields['bytes']),
    bytesTotal: countOf(fields['bytesTotal']),
  });
  const phase = countOf(fields['phase']);
  return present<Reading>({
    phase: phase !== undefined && phase >= 1 && phase <= MAX_PHASE ? phase : undefined,
    message: textOf(fields['message']),
    percent: numberOf(fields['percent']),
    metrics: metrics ?? undefined,
    problem: isObject(fields['problem']) ? problemOf(fields['problem'], 'PROBLEM') : undefined,
  });
}

export function problemOf(
  { item, code, severity, message }: Fields,
  defaultCode: string,
): ProblemInput | undefined {
  const name = textOf(item);
  if (name === undefined) return undefined;
  return {
    item: name,
    code: textOf(code) ?? defaultCode,
    severity: severity === 'WARNING' ? 'WARNING' : 'ERROR',
    message: textOf(message) ?? null,
  };
}

/** Where readings go. */
export interface ReadingReport {
  /** The phase that runs. */
  readonly phase: number;
  add(reading: Reading): void;
}

/** Reports readings of the phase that runs; the first one begins at once. */
export function createReadingReport(run: ReporterRun, name: string): ReadingReport {
  let phase = 1;
  // A rejection is told by the reporter.
  const ignore = (): void => {};
  run.emitPhaseStarted(phase, name).catch(ignore);
  return {
    get phase() {
      return phase;
    },
    add(reading: Reading): void {
      const { message, percent, metrics, problem } = reading;
      if (reading.phase !== undefined && reading.phase !== phase) {
        phase = reading.phase;
        run.emitPhaseStarted(phase, message ?? `Phase ${phase}`).catch(ignore);
      }
      if (problem !== undefined) run.reportProblems([{ ...problem, phase }]).catch(ignore);
      if (percent === undefined && metrics === undefined && message === undefined) return;
      run.emitProgressUpdate(phase, percent, metrics, message === undefined ? {} : { message });
    },
  };
}
