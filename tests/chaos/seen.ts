/** What one watcher was shown, and what of it breaks a law. Pure: knows no connection. */

/** What matters of a state. */
export interface Sight {
  readonly id: string;
  readonly revision: number;
  readonly status: string;
  readonly phase: number;
  readonly percent: number | null;
}

/** One watcher's record. */
export interface Seen {
  /** The last that it was shown; null before. */
  readonly last: Sight | null;
  /** Sentences about what broke a law. */
  readonly violations: readonly string[];
  /** When each ending was shown first, by the machine's clock in milliseconds. */
  readonly endedAt: ReadonlyMap<string, number>;
  show(sight: Sight): void;
  /** A new connection: where updates of the ingestion shown died unstored, what it tells first may be older. */
  reconnected(): void;
}

/** The job of this suite fails for good in its last phase, and nowhere else. */
export const hasEnded = ({ status, phase }: Sight) =>
  status === 'COMPLETED' || status === 'CANCELLED' || (status === 'FAILED' && phase === 4);

/**
 * Makes the record of a watcher; `order` gives the ingestions in the order of their starts, `mayGoBack` whether updates
 * of an ingestion may have died unstored by now, so that a newer state may hold less, which our own client does not show.
 */
export function createSeen(
  name: string,
  order: () => readonly string[],
  mayGoBack: (id: string) => boolean = () => false,
  now: () => number = Date.now,
): Seen {
  const violations: string[] = [];
  const endings = new Map<string, string>();
  const endedAt = new Map<string, number>();
  let last: Sight | null = null;
  let isFirst = false;

  const accuse = (what: string, sight: Sight) =>
    violations.push(`${name}: ${what}: ${JSON.stringify(last)} and then ${JSON.stringify(sight)}`);

  const compare = (before: Sight, sight: Sight) => {
    if (sight.id !== before.id) {
      if (order().indexOf(sight.id) < order().indexOf(before.id))
        accuse('an older ingestion came back', sight);
      return;
    }
    const isForgiven = mayGoBack(sight.id);
    if (!(isFirst && isForgiven) && sight.revision < before.revision) accuse('the revision went back', sight);
    if (isForgiven) return;
    if ((sight.percent ?? 0) < (before.percent ?? 0)) accuse('the percent went back', sight);
    if (sight.phase < before.phase) accuse('the phase went back', sight);
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
    show: (sight) => {
      if (last !== null) compare(last, sight);
      isFirst = false;
      const ending = endings.get(sight.id);
      if (ending !== undefined && ending !== sight.status)
        accuse(`an ending (${ending}) was taken back`, sight);
      if (hasEnded(sight)) {
        endings.set(sight.id, sight.status);
        if (!endedAt.has(sight.id)) endedAt.set(sight.id, now());
      }
      last = sight;
    },
  };
}
