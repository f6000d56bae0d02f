/** Watchers that come and go like browser tabs: each stays for a while, then another one replaces it. */
import {
  createConnection,
  createEnvironment,
  createIngestionClient,
} from '@ingestion-progress/widget/client';
import { WebSocket } from 'ws';

/** The watchers of a soak test. */
export interface WatcherPool {
  /** One sentence per violation. */
  readonly violations: readonly string[];
  /** Watchers started so far. */
  readonly started: number;
  /** The number of watchers by connection state. */
  states(): Readonly<Record<string, number>>;
  /** Starts watchers, up to the size of the pool. */
  fill(): void;
  /** Stops all watchers, and starts none until `fill`. */
  empty(): void;
}

/** How long a watcher stays, in milliseconds. */
const MIN_STAY_MS = 5_000;
const MAX_STAY_MS = 40_000;
/** Watchers started per 100 ms, so that they don't all start at once. */
const STARTS_PER_TICK = 10;

/** Creates an empty pool. */
export function createWatcherPool(options: {
  readonly endpoint: string;
  readonly projectIds: readonly string[];
  readonly size: number;
  readonly getToken: () => string;
}): WatcherPool {
  const { endpoint, projectIds, size, getToken } = options;
  const violations: string[] = [];
  const environment = createEnvironment({ webSocket: WebSocket as unknown as typeof globalThis.WebSocket });
  const watchers = new Map<() => void, () => string>();
  let started = 0;
  let timer: ReturnType<typeof setInterval> | null = null;

  function start(): void {
    const projectId = projectIds[started % projectIds.length] ?? '';
    started += 1;
    const connection = createConnection({ endpoint, getToken }, { environment });
    const client = createIngestionClient({ projectId, connection, remember: 'none' });
    let ingestion = '';
    let percent = 0;
    client.subscribe(() => {
      const { connection: now, progress } = client.getSnapshot();
      if (now.state === 'unauthorized' || now.state === 'error')
        violations.push(`${projectId}: ${JSON.stringify(now)}`);
      if (progress === null) return;
      const next = progress.progressPercent ?? 0;
      if (progress.id === ingestion && next < percent)
        violations.push(`${projectId}: ${percent} went back to ${next}`);
      ingestion = progress.id;
      percent = next;
    });
    const stop = () => {
      clearTimeout(stay);
      watchers.delete(stop);
      client.dispose();
      connection.dispose();
    };
    const stayMs = MIN_STAY_MS + Math.random() * (MAX_STAY_MS - MIN_STAY_MS);
    const stay = setTimeout(stop, stayMs);
    watchers.set(stop, () => client.getSnapshot().connection.state);
  }

  return {
    violations,
    get started() {
      return started;
    },
    states: () => {
      const counts: Record<string, number> = {};
      for (const state of watchers.values()) counts[state()] = (counts[state()] ?? 0) + 1;
      return counts;
    },
    fill: () => {
      timer ??= setInterval(() => {
        for (let count = 0; count < STARTS_PER_TICK && watchers.size < size; count += 1) start();
      }, 100);
    },
    empty: () => {
      if (timer !== null) clearInterval(timer);
      timer = null;
      for (const stop of [...watchers.keys()]) stop();
    },
  };
}
