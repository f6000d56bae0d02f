/** Whether store and bus answer, and since when; asked on a period, so that a probe costs nothing. */
import type { CancelTimer, Clock } from '../shared/clock.js';

/** One dependency as a probe sees it. */
export interface DependencyHealth {
  readonly state: 'unknown' | 'up' | 'down';
  /** Milliseconds since the Unix epoch. */
  readonly since: number;
}

/** See the file's head. */
export interface Health {
  readonly dependencies: Readonly<Record<string, DependencyHealth>>;
  /** True once every dependency has answered. */
  readonly hasBeenUp: boolean;
  readonly isDegraded: boolean;
  /** Asks all of them now, and then on the period until `stop`. */
  start(): Promise<void>;
  stop(): void;
}

const PERIOD_MS = 2_000;
const PING_TIMEOUT_MS = 2_000;

/** Makes the watch over named pings. */
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

  async function ask(name: string): Promise<void> {
    let cancel: CancelTimer = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = clock.setTimer(PING_TIMEOUT_MS, () => reject(new Error(`no answer in ${PING_TIMEOUT_MS} ms`)));
    });
    let state: 'up' | 'down' = 'up';
    let failure: unknown = null;
    try {
      await Promise.race([pings[name]?.(), late]);
      wereUp.add(name);
    } catch (error) {
      state = 'down';
      failure = error;
    } finally {
      cancel();
    }
    if (stopped || known.get(name)?.state === state) return;
    const health = { state, since: clock.now() };
    known.set(name, health);
    onChange(name, health, failure);
  }

  async function round(): Promise<void> {
    await Promise.all(names.map(ask));
    if (!stopped) timer = clock.setTimer(PERIOD_MS, () => void round());
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
    start: round,
    stop: () => {
      stopped = true;
      timer?.();
    },
  };
}
