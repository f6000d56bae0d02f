/** Many watchers in one process, each with a connection of its own, and each noting what no watcher may ever see. */
import {
  createConnection,
  createEnvironment,
  createIngestionClient,
} from '@ingestion-progress/widget/client';
import type { IngestionClient } from '@ingestion-progress/widget/client';
import { WebSocket } from 'ws';

/** Watchers under a test's hand. */
export interface Watchers {
  /** What was seen and may never be: a sentence each. */
  readonly violations: readonly string[];
  /** Connections that are live at this moment. */
  readonly connected: number;
  /** Watchers whose last known state fits. */
  count(fits: (client: IngestionClient, projectId: string) => boolean): number;
  /** Connection states, and how many are in each; for messages. */
  describe(): string;
  dispose(): void;
}

const GIVEN_UP = new Set(['disconnected', 'unauthorized', 'error']);

/** Starts `count` watchers, spread evenly over the projects. */
export function startWatchers(options: {
  readonly endpoint: string;
  readonly projectIds: readonly string[];
  readonly count: number;
  readonly getToken: () => string;
}): Watchers {
  const { endpoint, projectIds, count, getToken } = options;
  const violations: string[] = [];
  const environment = createEnvironment({ webSocket: WebSocket as unknown as typeof globalThis.WebSocket });

  const watchers = Array.from({ length: count }, (_, place) => {
    const projectId = projectIds[place % projectIds.length] ?? '';
    const connection = createConnection({ endpoint, getToken }, { environment });
    const client = createIngestionClient({ projectId, connection, remember: 'none' });
    let percent = 0;
    let phase = 0;
    let ended = false;
    client.subscribe(() => {
      const { connection: now, progress } = client.getSnapshot();
      const note = (what: string) => violations.push(`watcher ${place} of ${projectId}: ${what}`);
      if (GIVEN_UP.has(now.state)) note(`connection ${now.state} ${JSON.stringify(now)}`);
      if (progress === null) return;
      const next = progress.progressPercent ?? 0;
      if (next < percent) note(`${percent} % went back to ${next} %`);
      if (progress.currentPhase < phase) note(`phase ${phase} went back to ${progress.currentPhase}`);
      if (ended && progress.status !== 'COMPLETED') note(`an ending went back to ${progress.status}`);
      if (progress.status === 'FAILED') note(`FAILED, ${progress.error?.errorCode ?? ''}`);
      percent = next;
      phase = progress.currentPhase;
      ended = progress.status === 'COMPLETED';
    });
    return { client, connection, projectId };
  });

  const statesNow = () => watchers.map(({ client }) => client.getSnapshot().connection.state);
  return {
    violations,
    get connected() {
      return statesNow().filter((state) => state === 'connected').length;
    },
    count: (fits) => watchers.filter(({ client, projectId }) => fits(client, projectId)).length,
    describe: () => {
      const counts: Record<string, number> = {};
      for (const state of statesNow()) counts[state] = (counts[state] ?? 0) + 1;
      return JSON.stringify(counts);
    },
    dispose: () => {
      for (const { client, connection } of watchers) {
        client.dispose();
        connection.dispose();
      }
    },
  };
}
