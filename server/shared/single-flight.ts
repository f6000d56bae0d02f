/** One task per key at a time: callers that arrive while it runs share its result. */

/** Runs tasks by key. */
export interface SingleFlight<T> {
  /** Number of tasks in flight. */
  readonly size: number;
  /** Joins the task in flight under `key`, or starts one. A rejection reaches every caller and is not remembered. */
  run(key: string, task: () => Promise<T>): Promise<T>;
}

/** Creates an empty group. */
export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Promise<T>>();
  return {
    get size() {
      return flights.size;
    },
    run: (key, task) => {
      const running = flights.get(key);
      if (running !== undefined) return running;
      const started = task().finally(() => {
        if (flights.get(key) === started) flights.delete(key);
      });
      flights.set(key, started);
      return started;
    },
  };
}
