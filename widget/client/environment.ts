/**
 * The world outside: clocks, chance, timers, network, page. The only file of the client that touches them, so that a test
 * can bring its own. Nothing here runs at import.
 */

/** What a page tells about itself: `wake` for anything after which the connection should be looked at. */
export type PageSignal = 'wake' | 'offline' | 'leave';

/** Where the client lives. */
export interface Environment {
  /** Wall clock, ms since the epoch; may be wrong, and jump. */
  now(): number;
  /** A clock that never goes back, in ms. */
  monotonicNow(): number;
  /** From 0 up to 1. */
  random(): number;
  /**
   * Calls back once after `delayMs`, telling by how many ms it came late, as it does in a throttled tab or after sleep.
   * Returns its cancel.
   */
  setTimer(delayMs: number, callback: (lateMs: number) => void): () => void;
  isOnline(): boolean;
  isVisible(): boolean;
  /** Listens to online, offline, visibility, page show and page hide. Returns its unsubscribe. */
  onSignal(listener: (signal: PageSignal) => void): () => void;
  /** Null where the platform has none. */
  readonly webSocket: typeof WebSocket | null;
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Address of the page; null outside of one. */
  pageUrl(): string | null;
  /** The tab's storage; null where there is none, or it is forbidden. */
  storage(): Storage | null;
}

const SIGNALS: readonly (readonly [event: string, signal: PageSignal])[] = [
  ['online', 'wake'],
  ['pageshow', 'wake'],
  ['offline', 'offline'],
  ['pagehide', 'leave'],
];

/** The browser, or Node as far as it has the same things. */
export function createEnvironment(parts: { readonly webSocket?: typeof WebSocket } = {}): Environment {
  const world: Partial<typeof globalThis> = globalThis;
  const page = world.document;
  const isVisible = (): boolean => page?.visibilityState !== 'hidden';
  return {
    now: () => Date.now(),
    monotonicNow: () => performance.now(),
    random: () => Math.random(),
    setTimer(delayMs, callback) {
      const wallDue = Date.now() + delayMs;
      const due = performance.now() + delayMs;
      const timer = setTimeout(() => {
        callback(Math.max(0, Date.now() - wallDue, performance.now() - due));
      }, delayMs);
      return () => {
        clearTimeout(timer);
      };
    },
    isOnline: () => world.navigator?.onLine !== false,
    isVisible,
    onSignal(listener) {
      const stop = new AbortController();
      const { signal } = stop;
      if (page) {
        for (const [event, name] of SIGNALS) addEventListener(event, () => listener(name), { signal });
        page.addEventListener('visibilitychange', () => listener(isVisible() ? 'wake' : 'leave'), { signal });
      }
      return () => {
        stop.abort();
      };
    },
    webSocket: parts.webSocket ?? world.WebSocket ?? null,
    fetch: (url, init) => fetch(url, init),
    pageUrl: () => world.location?.href ?? null,
    storage() {
      try {
        return world.sessionStorage ?? null;
      } catch {
        // A sandboxed frame, or cookies refused: reading the property throws. Nothing is remembered across pages then.
        return null;
      }
    },
  };
}

let page: Environment | null = null;
/** The page's own environment: one, so that what is shared is shared. Made at first use. */
export function pageEnvironment(): Environment {
  page ??= createEnvironment();
  return page;
}
