/** When a picture would look different with nothing new heard: ages, countdowns, and what shows only for a while. Pure. */
import type { Connection } from '../client/index.js';
import { CONNECTION_SILENCE_MS } from './announcements.js';
import { GOOD_NEWS_MS, PATIENCE_MS } from './connection-notice.js';
import type { Job } from './job.js';

const SECOND_MS = 1000;

/** Milliseconds until the next look is worth it; null where nothing changes by itself, so that no timer runs. */
export function untilNextChange(
  job: Job,
  connection: Connection,
  inStateMs: number,
  settlesInMs: number,
): number | null {
  const due: number[] = [];
  if (settlesInMs > 0) due.push(settlesInMs);
  if (job.state === 'running' || job.state === 'stalled' || job.state === 'waiting') due.push(SECOND_MS);
  if (job.retryWaitMs > 0) due.push(Math.min(SECOND_MS, job.retryWaitMs));
  switch (connection.state) {
    case 'connecting':
      due.push(PATIENCE_MS - inStateMs);
      break;
    case 'connected':
      due.push(GOOD_NEWS_MS - inStateMs);
      break;
    case 'reconnecting':
    case 'offline':
    case 'disconnected':
      due.push(
        inStateMs < CONNECTION_SILENCE_MS
          ? Math.min(SECOND_MS, CONNECTION_SILENCE_MS - inStateMs)
          : SECOND_MS,
      );
      break;
    default:
      break;
  }
  const next = due.filter((ms) => ms > 0);
  return next.length === 0 ? null : Math.min(...next) + 1;
}
