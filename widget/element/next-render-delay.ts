/** When a picture would look different with nothing new heard: ages, countdowns, and what shows only for a while. Pure. */
import type { Connection } from '../client/index.js';
import { GOOD_NEWS_MS } from './connection-notice.js';
import type { Job } from './job.js';

const SECOND_MS = 1000;

/** Milliseconds until the next look is worth it; null where nothing changes by itself, so that no timer runs. */
export function untilNextChange(
  job: Job,
  connection: Connection,
  inStateMs: number,
  settlesInMs: number,
): number | null {
  if (settlesInMs > 0) return settlesInMs;
  const isCounting =
    TICKING_JOBS.has(job.state) ||
    job.retryWaitMs > 0 ||
    TICKING_CONNECTIONS.has(connection.state) ||
    (connection.state === 'connected' && inStateMs < GOOD_NEWS_MS);
  return isCounting ? SECOND_MS : null;
}

const TICKING_JOBS: ReadonlySet<Job['state']> = new Set(['running', 'stalled', 'waiting']);
const TICKING_CONNECTIONS: ReadonlySet<Connection['state']> = new Set([
  'connecting',
  'reconnecting',
  'offline',
  'disconnected',
]);
