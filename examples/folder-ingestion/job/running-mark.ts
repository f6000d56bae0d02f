/** A mark on the disk while a run is under way: who finds one at start knows that the process before died in mid-run. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Source } from '../pipeline/documents.js';

/** The run that was under way. */
export interface RunningMark {
  readonly ingestionId: string;
  readonly source: Source;
}

/** The mark of one DATA_DIR. */
export interface RunningMarks {
  /** Null where the last run came to an end of its own. */
  read(): Promise<RunningMark | null>;
  set(mark: RunningMark): Promise<void>;
  clear(): Promise<void>;
}

/** @param home The folder of the collections, which is there. */
export function createRunningMarks(home: string): RunningMarks {
  const path = join(home, 'running.json');
  return {
    async read() {
      try {
        return JSON.parse(await readFile(path, 'utf8')) as RunningMark;
      } catch {
        // Not there, or cut off by the same death: either way there is no source to go on with.
        return null;
      }
    },
    set: (mark) => writeFile(path, JSON.stringify(mark)),
    clear: () => rm(path, { force: true }),
  };
}
