/** Watchers that come and go: each lives for a while, then another takes its place, as tabs do. */
import {
  createConnection,
  createEnvironment,
  createIngestionClient,
} from '@ingestion-progress/widget/client';
import { WebSocket } from 'ws';

/** A crowd under a soak's hand. */
export interface Crowd {
  /** What was seen and may never be; a sentence each. */
  readonly violations: readonly string[];
  /** Watchers that came so far. */
  readonly arrivals: number;
  /** How many watchers are in which connection state. */
  states(): Readonly<Record<string, number>>;
  /** Lets them come, up to the crowd's size. */
  open(): void;
  /** Sends all of them away, and lets nobody in until `open`. */
  empty(): void;
}

/** A watcher stays so long, in milliseconds. */
const SHORTEST_STAY_MS = 5_000;
const LONGEST_STAY_MS = 40_000;
/** Newcomers in a tenth of a second, so that a crowd does not arrive as one. */
const NEWCOMERS = 10;

/** Makes a crowd that is not there yet. */
export function createCrowd(options: {
  readonly endpoint: string;
  readonly projectIds: readonly string[];
  readonly size: number;
  readonly getToken: () => string;
}): Crowd {
  const { endpoint, projectIds, size, getToken } = options;
  const violations: string[] = [];
  const environment = createEnvironment({ webSocket: WebSocket as unknown as typeof globalThis.WebSocket });
  const here = new Map<() => void, () => string>();
  let arrivals = 0;
  let door: ReturnType<typeof setInterval> | null = null;

  function come(): void {
    const projectId = projectIds[arrivals % projectIds.length] ?? '';
    arrivals += 1;
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
    const leave = () => {
      clearTimeout(stay);
      here.delete(leave);
      client.dispose();
      connection.dispose();
    };
    const stayMs = SHORTEST_STAY_MS + Math.random() * (LONGEST_STAY_MS - SHORTEST_STAY_MS);
    const stay = setTimeout(leave, stayMs);
    here.set(leave, () => client.getSnapshot().connection.state);
  }

  return {
    violations,
    get arrivals() {
      return arrivals;
    },
    states: () => {
      const counts: Record<string, number> = {};
      for (const state of here.values()) counts[state()] = (counts[state()] ?? 0) + 1;
      return counts;
    },
    open: () => {
      door ??= setInterval(() => {
        for (let count = 0; count < NEWCOMERS && here.size < size; count += 1) come();
      }, 100);
    },
    empty: () => {
      if (door !== null) clearInterval(door);
      door = null;
      for (const leave of [...here.keys()]) leave();
    },
  };
}
