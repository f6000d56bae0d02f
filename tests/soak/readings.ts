/** What is read of a server at rest, and whether a row of such readings is flat. */
import type { RedisProcess } from '../support/redis-process.js';

/** One reading, taken while nobody watches. */
export interface Reading {
  readonly minute: number;
  /** Bytes in use. */
  readonly heap: number;
  readonly rss: number;
  readonly handles: number;
  readonly timers: number;
  readonly channels: number;
  readonly subscriptions: number;
  readonly connections: number;
  /** Connections opened since the start. */
  readonly opened: number;
}

function valueOf(metrics: string, name: string): number {
  const escaped = name.replaceAll(/[{}"]/g, '\\$&');
  return Number(new RegExp(`^${escaped} (\\S+)$`, 'm').exec(metrics)?.[1] ?? 0);
}

/** Reads the server's own metrics, and Redis's channels. */
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
/** What of growth between the middle of a run and its end is the ordinary to and fro. */
const HEAP_SLACK = 8 * MEGABYTE;
const RSS_SLACK = 40 * MEGABYTE;
/** Jobs keep connections for their next request, more or fewer of them as they come to lie. */
const HANDLE_SLACK = 100;
const TIMER_SLACK = 30;

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Fewer readings than this say nothing of growth: of six, one busy minute is half of the later ones. */
const FEWEST_READINGS = 10;

/** What is not flat: a sentence each. The first third is left out, since caches and pools fill then. */
export function judge(readings: readonly Reading[]): readonly string[] {
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
    if (readings.length >= FEWEST_READINGS && growth > slack)
      problems.push(`${name} grew from ${of(earlier)} to ${of(later)}`);
  }
  for (const { minute, subscriptions, connections } of readings) {
    if (subscriptions > 0)
      problems.push(`minute ${minute}: ${subscriptions} subscriptions with nobody there`);
    if (connections > 0) problems.push(`minute ${minute}: ${connections} connections with nobody there`);
  }
  return problems;
}
