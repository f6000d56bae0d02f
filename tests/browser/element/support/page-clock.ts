/** Fakes the page's timers and monotonic clock. */

/** A fake clock. */
export interface PageClock {
  /** Pending timers. */
  readonly pending: number;
  /** Advances the clock, timer by timer, with everything that follows from each. */
  advance(ms: number): Promise<void>;
  restore(): void;
}

interface Timer {
  readonly at: number;
  readonly call: () => void;
}

/** One iteration of the event loop, in which all promises settle. */
export async function turn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
  port1.close();
}

/** Installs the fake clock; `restore` removes it. */
export function takeClock(): PageClock {
  const { setTimeout, clearTimeout } = window;
  let now = performance.now();
  let lastId = 0;
  const timers = new Map<number, Timer>();
  window.setTimeout = ((call: () => void, ms = 0) => {
    timers.set((lastId += 1), { at: now + ms, call });
    return lastId;
  }) as typeof window.setTimeout;
  window.clearTimeout = (id) => {
    timers.delete(Number(id));
  };
  performance.now = () => now;

  return {
    get pending() {
      return timers.size;
    },
    advance: async (ms) => {
      const end = now + ms;
      await turn();
      for (;;) {
        const [id, next] = [...timers].sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
        if (id === undefined || next === undefined || next.at > end) break;
        now = Math.max(now, next.at);
        timers.delete(id);
        next.call();
        await turn();
      }
      now = end;
    },
    restore: () => {
      Object.assign(window, { setTimeout, clearTimeout });
      Reflect.deleteProperty(performance, 'now');
    },
  };
}
