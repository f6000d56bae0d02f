/**
 * Begins one execution in each turn of the event loop, the viewers' by rotation; documents that may take long wait in a
 * lane of their own, in which one runs at a time. Without it hundreds that arrive together run with nothing in between:
 * no event, no probe, nobody else's query.
 */
import { setTimeout as delay } from 'node:timers/promises';

/** A lane of executions. */
interface Lane {
  /** Whether something waits in it. */
  readonly isBusy: boolean;
  run<T>(subject: string, execution: () => T | Promise<T>): Promise<T>;
}

/** See the file's head. */
export interface FairTurns {
  /** Runs an execution of this viewer, which may take so many milliseconds of CPU, when it is its turn. */
  run<T>(subject: string, cpuMs: number, execution: () => T | Promise<T>): Promise<T>;
  /** Resolves at this viewer's turn for other work; heavy is what may take long, as the validation of a new document. */
  wait(subject: string, lane: 'light' | 'heavy'): Promise<void>;
}

/** Estimated CPU from which an execution is a heavy one, in milliseconds: twice that of one whole state. */
const HEAVY_CPU_MS = 2;
/** How long the heavy lane waits, in milliseconds: an execution may wait for a store, and light ones may never end. */
const HEAVY_HOLD_MS = 250;

/**
 * Creates a lane. With `before` it is the heavy one: it begins an execution once the one before it is over and nothing
 * waits in that other lane, or after `HEAVY_HOLD_MS` of either.
 */
function createLane(before?: Lane): Lane {
  /** What waits, by subject; the first subject is the next. */
  const waiting = new Map<string, (() => Promise<unknown>)[]>();
  let isBusy = false;

  function takeNext(): (() => Promise<unknown>) | undefined {
    const [entry] = waiting;
    if (entry === undefined) return undefined;
    const [subject, queue] = entry;
    waiting.delete(subject);
    const begin = queue.shift();
    if (queue.length > 0) waiting.set(subject, queue);
    return begin;
  }

  async function runAll(): Promise<void> {
    isBusy = true;
    for (let begin = takeNext(); begin !== undefined; begin = takeNext()) {
      // Set from a later phase than that of I/O, it runs after that.
      const since = performance.now();
      do await new Promise((resolve) => void setImmediate(resolve));
      while (before?.isBusy === true && performance.now() - since < HEAVY_HOLD_MS);
      const ended = begin();
      if (before === undefined) continue;
      const patience = new AbortController();
      const held = delay(HEAVY_HOLD_MS, undefined, { signal: patience.signal });
      await Promise.race([ended, held]).catch(() => undefined);
      patience.abort();
    }
    isBusy = false;
  }

  return {
    get isBusy() {
      return isBusy;
    },
    run: (subject, execution) =>
      new Promise((resolve, reject) => {
        const begin = async () => {
          try {
            resolve(await execution());
          } catch (error) {
            reject(error);
          }
        };
        const queue = waiting.get(subject);
        if (queue === undefined) waiting.set(subject, [begin]);
        else queue.push(begin);
        if (!isBusy) void runAll();
      }),
  };
}

/** Creates the turns of one server, which all its transports share. */
export function createFairTurns(): FairTurns {
  const light = createLane();
  const heavy = createLane(light);
  return {
    run: (subject, cpuMs, execution) => (cpuMs < HEAVY_CPU_MS ? light : heavy).run(subject, execution),
    wait: (subject, lane) => (lane === 'light' ? light : heavy).run(subject, () => undefined),
  };
}
