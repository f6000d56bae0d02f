/** What a third-party client has seen, and the wait for what it is to see next. */

/** The fields that all clients of these tests ask for. */
export interface SeenProgress {
  readonly status: string;
  readonly progressPercent: number | null;
}

/** States in the order in which they came. */
export interface Seen {
  readonly states: readonly (SeenProgress | null)[];
  readonly errors: readonly unknown[];
  take(progress: SeenProgress | null): void;
  fail(error: unknown): void;
  /** Resolves once a state fits, also one that came before. Rejects at the deadline with all that came. */
  until(what: string, fits: (progress: SeenProgress | null) => boolean): Promise<void>;
}

const DEADLINE_MS = 20_000;

/** Makes an empty record. */
export function createSeen(): Seen {
  const states: (SeenProgress | null)[] = [];
  const errors: unknown[] = [];
  const listeners = new Set<() => void>();
  const tell = () => listeners.forEach((listener) => listener());
  return {
    states,
    errors,
    take: (progress) => {
      states.push(progress);
      tell();
    },
    fail: (error) => {
      errors.push(error);
      tell();
    },
    until: (what, fits) =>
      new Promise((resolve, reject) => {
        const end = (settle: () => void) => {
          listeners.delete(look);
          clearTimeout(deadline);
          settle();
        };
        const look = () => {
          if (errors.length > 0)
            end(() => reject(new Error(`Waiting for ${what}: ${JSON.stringify(errors)}`)));
          else if (states.some(fits)) end(resolve);
        };
        const deadline = setTimeout(
          () => end(() => reject(new Error(`Never saw ${what}, only ${JSON.stringify(states)}`))),
          DEADLINE_MS,
        );
        listeners.add(look);
        look();
      }),
  };
}
