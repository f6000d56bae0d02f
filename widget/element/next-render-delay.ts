/** Time until the element has to render again without new data: for ages, countdowns and temporary badges. Pure. */
import type { Connection } from '../client/index.js';
import { LIVE_BADGE_MS } from './connection-notice.js';
import type { Job } from './job.js';

const SECOND_MS = 1000;

/** Milliseconds until the next render; null if nothing changes by itself, so that no timer runs. */
export function nextRenderDelay(
  job: Job,
  connection: Connection,
  stateDurationMs: number,
  resultDelayMs: number,
): number | null {
  if (resultDelayMs > 0) return resultDelayMs;
  const isCounting =
    LIVE_JOB_STATES.has(job.state) ||
    job.retryWaitMs > 0 ||
    LIVE_CONNECTION_STATES.has(connection.state) ||
    (connection.state === 'connected' && stateDurationMs < LIVE_BADGE_MS);
  return isCounting ? SECOND_MS : null;
}

const LIVE_JOB_STATES: ReadonlySet<Job['state']> = new Set(['running', 'paused', 'stalled', 'waiting']);
const LIVE_CONNECTION_STATES: ReadonlySet<Connection['state']> = new Set([
  'connecting',
  'reconnecting',
  'offline',
  'disconnected',
]);
