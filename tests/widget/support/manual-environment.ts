/** A fake environment with manual time, randomness, network and page events; it counts timers and listeners. */
import type { Environment, PageSignal } from '../../../widget/client/environment.js';

interface Timer {
  readonly due: number;
  readonly callback: (lateMs: number) => void;
}

/** The environment, with its controls. */
export interface ManualEnvironment extends Environment {
  online: boolean;
  visible: boolean;
  /** The next results of `random()`; then 0.5 (no jitter). */
  readonly randoms: number[];
  readonly timerCount: number;
  readonly signalCount: number;
  /** Advances time, firing due timers in order; lets promises settle in between. */
  advance(ms: number): Promise<void>;
  /** Simulates sleep: time passes, and due timers fire late at the end. */
  sleep(ms: number): Promise<void>;
  signal(signal: PageSignal): void;
  /** Lets promises settle. */
  settle(): Promise<void>;
}

/** Makes an environment; `over` replaces parts. */
export function createManualEnvironment(over: Partial<Environment> = {}): ManualEnvironment {
  let time = 1_000;
  const wallStart = 1_700_000_000_000;
  const timers = new Set<Timer>();
  const listeners = new Set<(signal: PageSignal) => void>();
  const store = new Map<string, string>();
  const storage: Storage = {
    get length() {
      return store.size;
    },
    clear: () => {
      store.clear();
    },
    getItem: (key) => store.get(key) ?? null,
    key: (index) => [...store.keys()][index] ?? null,
    removeItem: (key) => store.delete(key),
    setItem: (key, value) => store.set(key, value),
  };
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  const nextDue = (until: number): Timer | undefined => {
    let next: Timer | undefined;
    for (const timer of timers) if (timer.due <= until && timer.due < (next?.due ?? Infinity)) next = timer;
    return next;
  };
  const fire = async (timer: Timer): Promise<void> => {
    timers.delete(timer);
    timer.callback(Math.max(0, time - timer.due));
    await settle();
  };

  const environment: ManualEnvironment = {
    online: true,
    visible: true,
    randoms: [],
    now: () => wallStart + time,
    monotonicNow: () => time,
    random: () => environment.randoms.shift() ?? 0.5,
    setTimer(delayMs, callback) {
      const timer = { due: time + delayMs, callback };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    isOnline: () => environment.online,
    isVisible: () => environment.visible,
    onSignal(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    webSocket: null,
    fetch: () => Promise.reject(new TypeError('no network')),
    pageUrl: () => 'https://host.example/page',
    storage: () => storage,
    get timerCount() {
      return timers.size;
    },
    get signalCount() {
      return listeners.size;
    },
    async advance(ms) {
      await settle();
      const end = time + ms;
      for (let timer = nextDue(end); timer !== undefined; timer = nextDue(end)) {
        time = Math.max(time, timer.due);
        await fire(timer);
      }
      time = end;
      await settle();
    },
    async sleep(ms) {
      time += ms;
      const due = [...timers].filter((timer) => timer.due <= time).sort((a, b) => a.due - b.due);
      for (const timer of due) if (timers.has(timer)) await fire(timer);
      await settle();
    },
    signal(signal) {
      for (const listener of [...listeners]) listener(signal);
    },
    settle,
    ...over,
  };
  return environment;
}
