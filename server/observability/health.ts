/** Health of store and bus, polled periodically, so that a probe costs nothing. */
import type { CancelTimer, Clock } from '../shared/clock.js';
import { refusalBehind } from '../shared/errors.js';
import { withTimeout } from '../shared/sleep.js';

/** One dependency as a probe sees it. */
export interface DependencyHealth {
  readonly state: 'unknown' | 'up' | 'down';
  /** Milliseconds since the Unix epoch. */
  readonly since: number;
  /** What helps against what it refuses; absent if it is up, or if that is not known. Holds no secret. */
  readonly advice?: string;
}

/** See the file's head. */
export interface Health {
  readonly dependencies: Readonly<Record<string, DependencyHealth>>;
  /** True once every dependency has been up. */
  readonly hasBeenUp: boolean;
  readonly isDegraded: boolean;
  /** Pings all of them now, and then periodically until `stop`. */
  start(): Promise<void>;
  stop(): void;
}

const PERIOD_MS = 2_000;
const PING_TIMEOUT_MS = 2_000;

/** Creates the monitor of named dependencies. */
export function createHealth(
  pings: Readonly<Record<string, () => Promise<void>>>,
  clock: Clock,
  onChange: (name: string, health: DependencyHealth, error: unknown) => void,
): Health {
  const names = Object.keys(pings);
  const known = new Map<string, DependencyHealth>(
    names.map((name) => [name, { state: 'unknown', since: clock.now() }]),
  );
  const wereUp = new Set<string>();
  let timer: CancelTimer | null = null;
  let stopped = false;

  async function ping(name: string): Promise<void> {
    let state: 'up' | 'down' = 'up';
    let failure: unknown = null;
    try {
      await withTimeout(
        clock,
        Promise.resolve(pings[name]?.()),
        PING_TIMEOUT_MS,
        () => new Error(`no answer in ${PING_TIMEOUT_MS} ms`),
      );
      wereUp.add(name);
    } catch (error) {
      state = 'down';
      failure = error;
    }
    if (stopped) return;
    const before = known.get(name);
    const isSame = before?.state === state;
    const advice = refusalBehind(failure)?.advice;
    const since = isSame ? before.since : clock.now();
    const health = { state, since, ...(advice === undefined ? {} : { advice }) };
    known.set(name, health);
    if (!isSame) onChange(name, health, failure);
  }

  async function pingAll(): Promise<void> {
    await Promise.all(names.map(ping));
    if (!stopped) timer = clock.setTimer(PERIOD_MS, () => void pingAll());
  }

  return {
    get dependencies() {
      return Object.fromEntries(known);
    },
    get hasBeenUp() {
      return wereUp.size === names.length;
    },
    get isDegraded() {
      return [...known.values()].some(({ state }) => state === 'down');
    },
    start: pingAll,
    stop: () => {
      stopped = true;
      timer?.();
    },
  };
}
