/** The interface between `run.ts` and a bench. */
import type { Findings } from '../result.js';

/** Options of a run. */
export interface RunOptions {
  /** One size, two repetitions, under a minute. */
  readonly quick: boolean;
  /** Minutes of events for long-term figures; 0 for none. */
  readonly soakMinutes: number;
  /** Prints a line of progress. */
  readonly log: (line: string) => void;
  /** Saves the findings so far, in case the run is aborted. */
  readonly save: (findings: Findings) => void;
}

/** One bench. */
export type Scenario = (options: RunOptions) => Promise<Findings>;
