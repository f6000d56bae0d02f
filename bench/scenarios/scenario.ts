/** What `run.ts` gives a bench, and what it wants of it. */
import type { Findings } from '../result.js';

/** How a bench is to run. */
export interface RunOptions {
  /** One size, two repetitions, under a minute. */
  readonly quick: boolean;
  /** Minutes of events for the figures that only time shows; 0 for none. */
  readonly soakMinutes: number;
  /** A line of what is being done, for whoever waits. */
  readonly tell: (line: string) => void;
  /** Keeps what was found so far, for a run that is ended before its end. */
  readonly save: (findings: Findings) => void;
}

/** One bench. */
export type Scenario = (options: RunOptions) => Promise<Findings>;
