/** Event sources for a page: our server in a child process, or a plain WebSocket that sends the same states. */
import { WebSocketServer } from 'ws';
import { startChild } from '../harness/child.js';
import { pause } from '../harness/time.js';
import type { ServerCalls } from '../server-process.js';
import { EVENT_INTERVAL_MS, messageAt, projectIds } from '../workload.js';

/** One event source. */
export interface Feed {
  /** The `ws:` URL that the page connects to. */
  readonly url: string;
  /** Sends this many events of each project, at the interval of all benches. */
  emit(events: number): Promise<void>;
  end(): Promise<void>;
}

/** Progress of each event: 1% of the phase, so that there is something to render. */
export const STRIDE = 1_000;

/** Starts our server with this many projects. */
export async function startOurFeed(projects: number): Promise<Feed> {
  const server = await startChild<ServerCalls>('server-process.ts', ['ingestion-progress'], {
    env: { BENCH_CORS_ORIGINS: '*' },
  });
  const url = await server.call('start', { projects, port: 0, firstSequence: 0 });
  return {
    url,
    emit: async (events) => {
      await server.call('emit', { events, intervalMs: EVENT_INTERVAL_MS, stride: STRIDE });
    },
    end: () => server.end(),
  };
}

/** One socket for all projects, each state as JSON. */
export async function startPlainFeed(projects: number): Promise<Feed> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await new Promise<void>((resolve) => server.once('listening', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  const ids = projectIds(projects);
  let sequence = 0;
  const send = async (id: string, offsetMs: number, first: number, events: number) => {
    await pause(offsetMs);
    for (let event = 0; event < events; event += 1) {
      const text = JSON.stringify(messageAt(id, first + event * STRIDE));
      for (const client of server.clients) client.send(text);
      await pause(EVENT_INTERVAL_MS);
    }
  };
  return {
    url: `ws://127.0.0.1:${address.port}`,
    emit: async (events) => {
      const first = sequence + STRIDE;
      sequence += events * STRIDE;
      await Promise.all(
        ids.map((id, index) => send(id, (index * EVENT_INTERVAL_MS) / ids.length, first, events)),
      );
    },
    end: async () => {
      for (const client of server.clients) client.terminate();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
