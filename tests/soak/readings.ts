/** Readings of an idle server, and whether a series of them is flat. */
import type { RedisProcess } from '../support/redis-process.js';

/** One reading, taken without watchers. */
export interface Reading {
  readonly minute: number;
  /** Heap in use, in bytes. */
  readonly heap: number;
  readonly rss: number;
  readonly handles: number;
  readonly timers: number;
  readonly channels: number;
  readonly subscriptions: number;
  readonly connections: number;
  /** Connections opened since the start of the server. */
  readonly opened: number;
}

function valueOf(metrics: string, name: string): number {
  const escaped = name.replaceAll(/[{}"]/g, '\\$&');
  return Number(new RegExp(`^${escaped} (\\S+)$`, 'm').exec(metrics)?.[1] ?? 0);
}

/** Reads the server's metrics and Redis's channels. */
export async function read(url: string, redis: RedisProcess, minute: number): Promise<Reading> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const channels = await redis.command('PUBSUB', 'CHANNELS');
  return {
    minute,
    heap: valueOf(metrics, 'nodejs_heap_size_used_bytes'),
    rss: valueOf(metrics, 'process_resident_memory_bytes'),
    handles: valueOf(metrics, 'nodejs_active_handles_total'),
    timers: valueOf(metrics, 'nodejs_active_resources{type="Timeout"}'),
    channels: channels === '' ? 0 : channels.split('\r\n').length,
    subscriptions: valueOf(metrics, 'ingestion_progress_subscriptions'),
    connections: valueOf(metrics, 'ingestion_progress_connections'),
    opened: valueOf(metrics, 'ingestion_progress_connections_total'),
  };
}

const MEGABYTE = 2 ** 20;
/** Growth between the middle and the end of a run that counts as normal variation. */
const HEAP_SLACK = 8 * MEGABYTE;
const RSS_SLACK = 40 * MEGABYTE;
/** Jobs keep connections alive for their next request; their number varies. */
const HANDLE_SLACK = 100;
const TIMER_SLACK = 30;

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** With fewer readings, growth means nothing: of six, one busy minute is half of the later ones. */
const MIN_READINGS = 10;

/** One sentence per value that grew. Ignores the first third, in which caches and pools fill. */
export function findGrowth(readings: readonly Reading[]): readonly string[] {
  const settled = readings.slice(Math.floor(readings.length / 3));
  const half = Math.floor(settled.length / 2);
  const [earlier, later] = [settled.slice(0, half), settled.slice(half)];
  const problems: string[] = [];
  const slacks = {
    heap: HEAP_SLACK,
    rss: RSS_SLACK,
    handles: HANDLE_SLACK,
    timers: TIMER_SLACK,
    channels: 0,
  } as const;
  for (const [name, slack] of Object.entries(slacks)) {
    const of = (part: readonly Reading[]) =>
      median(part.map((reading) => reading[name as keyof typeof slacks]));
    const growth = of(later) - of(earlier);
    if (readings.length >= MIN_READINGS && growth > slack)
      problems.push(`${name} grew from ${of(earlier)} to ${of(later)}`);
  }
  for (const { minute, subscriptions, connections } of readings) {
    if (subscriptions > 0)
      problems.push(`minute ${minute}: ${subscriptions} subscriptions left without watchers`);
    if (connections > 0) problems.push(`minute ${minute}: ${connections} connections left without watchers`);
  }
  return problems;
}
