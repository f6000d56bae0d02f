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
  show(sight: Sight): void;
  /** A new connection: where updates died unstored, what it tells first may be older than what was told before. */
  reconnected(mayBeOlder: boolean): void;
}

/**
 * Makes the record of a watcher; `order` gives the ingestions in the order of their starts, `mayGoBack` whether updates
 * may have died unstored by now, so that a newer state may hold less, which our own client does not show.
 */
export function createSeen(
  name: string,
  order: () => readonly string[],
  mayGoBack: () => boolean = () => false,
): Seen {
  const violations: string[] = [];
  const endings = new Map<string, string>();
  let last: Sight | null = null;
  let forgives = false;

  const accuse = (what: string, sight: Sight) =>
    violations.push(`${name}: ${what}: ${JSON.stringify(last)} and then ${JSON.stringify(sight)}`);

  const compare = (before: Sight, sight: Sight) => {
    if (sight.id !== before.id) {
      if (order().indexOf(sight.id) < order().indexOf(before.id))
        accuse('an older ingestion came back', sight);
      return;
    }
    if (!forgives && sight.revision < before.revision) accuse('the revision went back', sight);
    if (forgives || mayGoBack()) return;
    if ((sight.percent ?? 0) < (before.percent ?? 0)) accuse('the percent went back', sight);
    if (sight.phase < before.phase) accuse('the phase went back', sight);
  };

  return {
    get last() {
      return last;
    },
    violations,
    reconnected: (mayBeOlder) => {
      forgives = mayBeOlder;
    },
    show: (sight) => {
      if (last !== null) compare(last, sight);
      forgives = false;
      const ending = endings.get(sight.id);
      if (ending !== undefined && ending !== sight.status)
        accuse(`an ending (${ending}) was taken back`, sight);
      if (sight.status === 'COMPLETED' || sight.status === 'CANCELLED') endings.set(sight.id, sight.status);
      last = sight;
    },
  };
}
