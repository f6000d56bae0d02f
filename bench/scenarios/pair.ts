/** The server of a subject and its watchers, each in its own process. */
import { startChild, type Child } from '../harness/child.js';
import { PROTOCOLS, type Subject } from '../peers/peer.js';
import type { ServerCalls } from '../server-process.js';
import type { WatcherCalls } from '../watchers-process.js';

/** The two processes. */
export interface Pair {
  readonly subject: Subject;
  readonly server: Child<ServerCalls>;
  readonly watchers: Child<WatcherCalls>;
  /** Opens more watchers; resolves when each has received its first state. */
  open(count: number): Promise<void>;
  /** Kills both. */
  end(): Promise<void>;
}

/** Starts a subject with projects and without watchers. */
export async function startPair(subject: Subject, projects: number): Promise<Pair> {
  const server = await startChild<ServerCalls>('server-process.ts', [subject]);
  const watchers = await startChild<WatcherCalls>('watchers-process.ts', []);
  const end = async () => {
    await Promise.all([server.end(), watchers.end()]);
  };
  try {
    const url = await server.call('start', { projects, port: 0, firstSequence: 0 });
    return {
      subject,
      server,
      watchers,
      open: (count) => watchers.call('open', { protocol: PROTOCOLS[subject], url, projects, count }),
      end,
    };
  } catch (cause) {
    await end();
    throw cause;
  }
}
