/** What one watcher observed, and the violations in it. Pure: knows no connection. */

/** The fields of a state that matter here. */
export interface Observation {
  readonly id: string;
  readonly revision: number;
  readonly status: string;
  readonly phase: number;
  readonly percent: number | null;
}

/** Everything one watcher observed. */
export interface ObservationLog {
  /** The latest observation; null before the first. */
  readonly last: Observation | null;
  /** One sentence per violation. */
  readonly violations: readonly string[];
  /** When each ending was first observed, in milliseconds since the epoch. */
  readonly endedAt: ReadonlyMap<string, number>;
  observe(observation: Observation): void;
  /** A new connection: if updates of the observed ingestion died unstored, its first state may be older. */
  reconnected(): void;
}

/** The job of this suite fails irrecoverably in its last phase, and nowhere else. */
export const hasEnded = ({ status, phase }: Observation) =>
  status === 'COMPLETED' || status === 'CANCELLED' || (status === 'FAILED' && phase === 4);

/**
 * Creates the log of a watcher. `startOrder` returns the ingestions in the order of their starts. `mayRegress` says
 * whether updates of an ingestion may have died unstored, so that a newer state may contain less; the widget's client
 * never shows that.
 */
export function createObservationLog(
  name: string,
  startOrder: () => readonly string[],
  mayRegress: (id: string) => boolean = () => false,
  now: () => number = Date.now,
): ObservationLog {
  const violations: string[] = [];
  const endings = new Map<string, string>();
  const endedAt = new Map<string, number>();
  let last: Observation | null = null;
  let isFirst = false;

  const report = (what: string, observation: Observation) =>
    violations.push(`${name}: ${what}: ${JSON.stringify(last)}, then ${JSON.stringify(observation)}`);

  const compare = (before: Observation, observation: Observation) => {
    if (observation.id !== before.id) {
      if (startOrder().indexOf(observation.id) < startOrder().indexOf(before.id))
        report('an older ingestion came back', observation);
      return;
    }
    const isExcused = mayRegress(observation.id);
    if (!(isFirst && isExcused) && observation.revision < before.revision)
      report('the revision went back', observation);
    if (isExcused) return;
    if ((observation.percent ?? 0) < (before.percent ?? 0)) report('the percent went back', observation);
    if (observation.phase < before.phase) report('the phase went back', observation);
  };

  return {
    get last() {
      return last;
    },
    violations,
    endedAt,
    reconnected: () => {
      isFirst = true;
    },
    observe: (observation) => {
      if (last !== null) compare(last, observation);
      isFirst = false;
      const ending = endings.get(observation.id);
      if (ending !== undefined && ending !== observation.status)
        report(`an ending (${ending}) was undone`, observation);
      if (hasEnded(observation)) {
        endings.set(observation.id, observation.status);
        if (!endedAt.has(observation.id)) endedAt.set(observation.id, now());
      }
      last = observation;
    },
  };
}
