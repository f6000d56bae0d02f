/** Records the states that a third-party client receives, and waits for expected ones. */

/** The fields that all clients of these tests request. */
export interface ReceivedProgress {
  readonly status: string;
  readonly progressPercent: number | null;
}

/** States in the order of receipt. */
export interface StateLog {
  readonly states: readonly (ReceivedProgress | null)[];
  readonly errors: readonly unknown[];
  add(progress: ReceivedProgress | null): void;
  fail(error: unknown): void;
  /** Resolves when a state matches, received already or later. Rejects with all states after the timeout. */
  until(what: string, matches: (progress: ReceivedProgress | null) => boolean): Promise<void>;
}

const TIMEOUT_MS = 20_000;

/** Creates an empty log. */
export function createStateLog(): StateLog {
  const states: (ReceivedProgress | null)[] = [];
  const errors: unknown[] = [];
  const listeners = new Set<() => void>();
  const notify = () => listeners.forEach((listener) => listener());
  return {
    states,
    errors,
    add: (progress) => {
      states.push(progress);
      notify();
    },
    fail: (error) => {
      errors.push(error);
      notify();
    },
    until: (what, matches) =>
      new Promise((resolve, reject) => {
        const end = (settle: () => void) => {
          listeners.delete(check);
          clearTimeout(timer);
          settle();
        };
        const check = () => {
          if (errors.length > 0)
            end(() => reject(new Error(`Waiting for ${what}: ${JSON.stringify(errors)}`)));
          else if (states.some(matches)) end(resolve);
        };
        const timer = setTimeout(
          () => end(() => reject(new Error(`Did not receive ${what}, only ${JSON.stringify(states)}`))),
          TIMEOUT_MS,
        );
        listeners.add(check);
        check();
      }),
  };
}
