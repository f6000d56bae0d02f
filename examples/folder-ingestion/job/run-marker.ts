/** A file that exists while a run is in progress. If it exists at start, the previous process died during a run. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Source } from '../pipeline/documents.js';

/** The run that was in progress. */
export interface MarkedRun {
  readonly ingestionId: string;
  readonly source: Source;
}

/** The marker of a DATA_DIR. */
export interface RunMarker {
  /** Null if the last run ended normally. */
  read(): Promise<MarkedRun | null>;
  set(run: MarkedRun): Promise<void>;
  clear(): Promise<void>;
}

/** @param home The folder of the collections, which must exist. */
export function createRunMarker(home: string): RunMarker {
  const path = join(home, 'running.json');
  return {
    async read() {
      try {
        return JSON.parse(await readFile(path, 'utf8')) as MarkedRun;
      } catch {
        // Missing, or truncated when the process died: there is no source to continue with.
        return null;
      }
    },
    set: (run) => writeFile(path, JSON.stringify(run)),
    clear: () => rm(path, { force: true }),
  };
}
