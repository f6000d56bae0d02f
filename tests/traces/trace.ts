/** The form of a trace: what one run told of its progress, and when. Recorded ones are JSON files beside this one. */
import { readFileSync, readdirSync } from 'node:fs';

/** One thing that a job said: time in ms since the start, then what was known of the running phase. */
export type TracePoint = readonly [
  ms: number,
  percent: number | null,
  itemsDone: number | null,
  itemsTotal: number | null,
  bytesDone: number | null,
  bytesTotal: number | null,
  /** 1 if the job only said that it lives. */
  heartbeat?: 0 | 1,
];

/** One phase of a trace; it lasts, and its points go on, until the next one starts. */
export interface TracePhase {
  readonly name: string;
  readonly startedAtMs: number;
  /** Index of its first point. */
  readonly firstPoint: number;
  /** Share of the whole time, as a job would have guessed it beforehand; null if it gives none. */
  readonly weight: number | null;
  readonly itemsTotal: number | null;
  readonly bytesTotal: number | null;
}

/** A stretch in which nothing ran. `isTold`: the job said so; otherwise it was simply silent. */
export interface TracePause {
  readonly fromMs: number;
  readonly toMs: number;
  readonly isTold: boolean;
}

/** One run. */
export interface Trace {
  /** What ran, with version and options. */
  readonly source: string;
  readonly phases: readonly TracePhase[];
  readonly points: readonly TracePoint[];
  readonly pauses?: readonly TracePause[];
  readonly endedAtMs: number;
}

const FOLDER = new URL('./', import.meta.url);

/** The recorded traces by name, such as `restic`. */
export function recordedTraces(): ReadonlyMap<string, Trace> {
  const names = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return new Map(
    names
      .sort()
      .map((file) => [
        file.replace('.json', ''),
        JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Trace,
      ]),
  );
}
