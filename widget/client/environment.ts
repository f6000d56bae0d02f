/**
 * The client's access to clocks, randomness, timers, network and page. No other file of the client touches these, so tests
 * can replace them. Nothing here runs at import.
 */

import { outsideZones } from './zones.js';

/** Page events; `wake` is any event after which the connection should be checked. */
export type PageSignal = 'wake' | 'offline' | 'hide';

/** The platform that the client runs on. */
export interface Environment {
  /** Wall clock, ms since the epoch; it may be wrong or jump. */
  now(): number;
  /** A clock that never goes back, in ms. */
  monotonicNow(): number;
  /** A random number from 0 (inclusive) to 1 (exclusive). */
  random(): number;
  /**
   * Calls back once after `delayMs` with the delay's overrun in ms, which is large in a throttled tab or after sleep.
   * Returns a function that cancels it.
   */
  setTimer(delayMs: number, callback: (lateMs: number) => void): () => void;
  isOnline(): boolean;
  isVisible(): boolean;
  /** Listens for online, offline, visibilitychange, pageshow and pagehide. Returns an unsubscribe function. */
  onSignal(listener: (signal: PageSignal) => void): () => void;
  /** Null if the platform has none. */
  readonly webSocket: typeof WebSocket | null;
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Base URL of the page; null outside a browser. */
  pageUrl(): string | null;
  /** The tab's sessionStorage; null if there is none or access is denied. */
  storage(): Storage | null;
}

const SIGNALS: readonly (readonly [event: string, signal: PageSignal])[] = [
  ['online', 'wake'],
  ['pageshow', 'wake'],
  ['offline', 'offline'],
  ['pagehide', 'hide'],
];

/** The browser, or Node as far as it has the same APIs. */
export function createEnvironment(parts: { readonly webSocket?: typeof WebSocket } = {}): Environment {
  const globals: Partial<typeof globalThis> = globalThis;
  const page = globals.document;
  const isVisible = (): boolean => page?.visibilityState !== 'hidden';
  return {
    now: () => Date.now(),
    monotonicNow: () => performance.now(),
    random: () => Math.random(),
    setTimer(delayMs, callback) {
      const wallDue = Date.now() + delayMs;
      const due = performance.now() + delayMs;
      const timer = outsideZones(() =>
        setTimeout(() => {
          callback(Math.max(0, Date.now() - wallDue, performance.now() - due));
        }, delayMs),
      );
      return () => {
        clearTimeout(timer);
      };
    },
    isOnline: () => globals.navigator?.onLine !== false,
    isVisible,
    onSignal(listener) {
      const stop = new AbortController();
      const { signal } = stop;
      if (page) {
        for (const [event, name] of SIGNALS) addEventListener(event, () => listener(name), { signal });
        page.addEventListener('visibilitychange', () => listener(isVisible() ? 'wake' : 'hide'), { signal });
      }
      return () => {
        stop.abort();
      };
    },
    webSocket: parts.webSocket ?? globals.WebSocket ?? null,
    fetch: (url, init) => fetch(url, init),
    pageUrl: () => page?.baseURI ?? globals.location?.href ?? null,
    storage() {
      try {
        return globals.sessionStorage ?? null;
      } catch {
        // In a sandboxed frame, or with cookies blocked, reading the property throws. Nothing is cached across pages then.
        return null;
      }
    },
  };
}

let page: Environment | null = null;
/** The page's environment: one instance, so that connections are shared. Made on first use. */
export function pageEnvironment(): Environment {
  page ??= createEnvironment();
  return page;
}
