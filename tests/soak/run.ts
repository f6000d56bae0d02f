/**
 * A long run of one server with Redis: ingestions in rotation, watchers coming and going, expiring tokens, a fault per
 * minute. Once a minute all watchers leave, and the resources that the server still uses are read. Exits with 1 if they
 * grow or if a watcher saw a violation. `npm run test:soak -- --minutes 20 [--ingestions 100] [--watchers 500]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startServerProcess } from '../deployment/server-process.js';
import { mintToken } from '../deployment/tokens.js';
import { eventually } from '../support/eventually.js';
import { startRedisProcess } from '../support/redis-process.js';
import { createTcpProxy } from '../support/tcp-proxy.js';
import { createWatcherPool } from './watcher-pool.js';
import { findGrowth, read } from './readings.js';
import type { Reading } from './readings.js';
import { startRotation } from './rotation.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    ingestions: { type: 'string', default: '100' },
    watchers: { type: 'string', default: '500' },
  },
});
const minutes = Number(values.minutes);
const size = Number(values.watchers);

const folder = mkdtempSync(join(tmpdir(), 'soak-'));
const redis = await startRedisProcess();
/** The server collects garbage on SIGUSR2, so that readings show only memory in use. */
const COLLECT = 'data:text/javascript,process.on("SIGUSR2", () => globalThis.gc())';
const server = await startServerProcess({ DATA_DIR: folder, REDIS_URL: redis.url, LOG_LEVEL: 'warn' }, [
  '--expose-gc',
  '--import',
  COLLECT,
]);
const proxy = await createTcpProxy(server.port);
const projectIds = Array.from({ length: Number(values.ingestions) }, (_, place) => `soak-${place}`);
const watchers = createWatcherPool({
  endpoint: `http://127.0.0.1:${proxy.port}/graphql`,
  projectIds,
  size,
  // Shorter than most stays, so that it expires during them.
  getToken: () => mintToken({ sub: 'watcher', scope: 'progress:read', lifetimeSeconds: 20 }),
});
const rotation = startRotation({
  endpoint: `${server.url}/graphql`,
  projectIds,
  token: mintToken({ lifetimeSeconds: 86_400 }),
});

/** One per minute, in turn. */
const FAULTS: Readonly<Record<string, () => Promise<void>>> = {
  'Redis was killed and came back': async () => {
    await redis.kill();
    await delay(3_000);
    await redis.start();
  },
  'all connections of watchers were reset': () => {
    proxy.cut();
    return Promise.resolve();
  },
  'the network dropped everything for 8 s': async () => {
    proxy.swallow();
    await delay(8_000);
    await proxy.restore();
  },
  'Redis was paused': async () => {
    redis.pause();
    await delay(3_000);
    redis.resume();
  },
  'the subscriptions of Redis were killed': async () =>
    void (await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')),
};

/** The server detects a silent connection with its second ping; allows for a busy machine. */
const DETECTION_TIMEOUT_MS = 40_000;

/**
 * Waits for a reading without connections; returns the last one after the timeout. A connection that exists for a moment
 * is no leak: what a watcher sent before it left may still be in the kernel's queue.
 */
async function readIdle(minute: number): Promise<Reading> {
  let reading = await read(server.url, redis, minute);
  await eventually(async () => {
    if (reading.connections > 0) reading = await read(server.url, redis, minute);
    if (reading.connections > 0) throw new Error(`${reading.connections} connections`);
  }, DETECTION_TIMEOUT_MS).catch((error: unknown) =>
    console.error(
      `minute ${minute}: ${String(error)} after all watchers left; ${proxy.connections} in the proxy`,
    ),
  );
  return reading;
}

const readings: Reading[] = [];
const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
for (let minute = 1; minute <= minutes; minute += 1) {
  const endsAt = performance.now() + 60_000;
  watchers.fill();
  await delay(25_000);
  const [name, fault] = Object.entries(FAULTS)[minute % Object.keys(FAULTS).length] ?? [];
  await fault?.();
  await delay(Math.max(0, endsAt - performance.now() - 8_000));
  const states = JSON.stringify(watchers.states());
  const { started } = watchers;
  watchers.empty();
  await delay(Math.max(0, endsAt - performance.now()));
  const before = await readIdle(minute);
  process.kill(server.pid, 'SIGUSR2');
  await delay(1_000);
  const reading = await readIdle(minute);
  const late = reading.opened - before.opened;
  if (late > 0) console.log(`minute ${minute}: ${late} connections were accepted after all watchers left`);
  readings.push(reading);
  console.log(
    `minute ${minute}: heap ${megabytes(reading.heap)} MB, RSS ${megabytes(reading.rss)} MB, handles ${reading.handles}, ` +
      `timers ${reading.timers}, channels ${reading.channels}; ${states} of ${size}, ${started} started so far, ` +
      `${rotation.ingestions} ingestions; ${name ?? ''}`,
  );
}

rotation.stop();
watchers.empty();
await proxy.dispose();
const code = await server.stop();
await redis.dispose();
rmSync(folder, { recursive: true, force: true });

const errors = server.output.split('\n').filter((line) => line.includes('"unexpected error"'));
const problems = [
  ...findGrowth(readings),
  ...watchers.violations,
  ...rotation.rejections,
  ...errors,
  ...(code === 0 ? [] : [`the server exited with ${String(code)}`]),
];
for (const problem of problems.slice(0, 20)) console.error(problem);
console.log(problems.length === 0 ? 'Flat.' : `${problems.length} problems.`);
process.exit(problems.length === 0 ? 0 : 1);
