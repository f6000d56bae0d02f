/** Many watchers in one process, each with its own connection; each records what no watcher may ever see. */
import {
  createConnection,
  createEnvironment,
  createIngestionClient,
} from '@ingestion-progress/widget/client';
import type { IngestionClient } from '@ingestion-progress/widget/client';
import { WebSocket } from 'ws';

/** The watchers of a test. */
export interface Watchers {
  /** One sentence per violation. */
  readonly violations: readonly string[];
  /** The number of live connections. */
  readonly connected: number;
  /** The number of watchers that match. */
  count(matches: (client: IngestionClient, projectId: string) => boolean): number;
  /** The number of watchers by connection state, for error messages. */
  describe(): string;
  dispose(): void;
}

const STOPPED = new Set(['disconnected', 'unauthorized', 'error']);

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
      const report = (what: string) => violations.push(`watcher ${place} of ${projectId}: ${what}`);
      if (STOPPED.has(now.state)) report(`connection ${now.state} ${JSON.stringify(now)}`);
      if (progress === null) return;
      const next = progress.progressPercent ?? 0;
      if (next < percent) report(`${percent} % went back to ${next} %`);
      if (progress.currentPhase < phase) report(`phase ${phase} went back to ${progress.currentPhase}`);
      if (ended && progress.status !== 'COMPLETED') report(`an ending went back to ${progress.status}`);
      if (progress.status === 'FAILED') report(`FAILED, ${progress.error?.errorCode ?? ''}`);
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
    count: (matches) => watchers.filter(({ client, projectId }) => matches(client, projectId)).length,
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
