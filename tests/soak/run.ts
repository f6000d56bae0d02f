/**
 * A long run of one server over Redis: ingestions in rotation, watchers coming and going, tokens expiring, a fault a
 * minute; once a minute everybody leaves, and what the server still holds is read. Ends with 1 where that grows, or where
 * anybody saw what may never be. `npm run test:soak -- --minutes 20 [--ingestions 100] [--watchers 500]`.
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
import { createCrowd } from './crowd.js';
import { judge, read } from './readings.js';
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
/** So that what is read is what is held: the server collects its garbage when it gets this signal. */
const COLLECT = 'data:text/javascript,process.on("SIGUSR2", () => globalThis.gc())';
const server = await startServerProcess({ DATA_DIR: folder, REDIS_URL: redis.url, LOG_LEVEL: 'warn' }, [
  '--expose-gc',
  '--import',
  COLLECT,
]);
const proxy = await createTcpProxy(server.port);
const projectIds = Array.from({ length: Number(values.ingestions) }, (_, place) => `soak-${place}`);
const crowd = createCrowd({
  endpoint: `http://127.0.0.1:${proxy.port}/graphql`,
  projectIds,
  size,
  // Shorter than most stays, so that it runs out under them.
  getToken: () => mintToken({ sub: 'watcher', scope: 'progress:read', lifetimeSeconds: 20 }),
});
const rotation = startRotation({
  endpoint: `${server.url}/graphql`,
  projectIds,
  token: mintToken({ lifetimeSeconds: 86_400 }),
});

/** One each minute, in turn. */
const FAULTS: Readonly<Record<string, () => Promise<void>>> = {
  'Redis was killed and came back': async () => {
    await redis.kill();
    await delay(3_000);
    await redis.start();
  },
  'every connection of watchers was cut': () => {
    proxy.cut();
    return Promise.resolve();
  },
  'the network swallowed everything for a while': async () => {
    proxy.swallow();
    await delay(8_000);
    await proxy.restore();
  },
  'Redis stood still': async () => {
    redis.pause();
    await delay(3_000);
    redis.resume();
  },
  'the subscriptions of Redis were killed': async () =>
    void (await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')),
};

/** One that went without a word is noticed by the server's second ping; the machine may have much else to do. */
const NOTICED_MS = 40_000;

/**
 * A reading without connections; after the deadline one with those that are left. One that is there for a moment is
 * no leak: what a watcher sent before it went may still be in the kernel's queue, and is taken and closed in its turn.
 */
async function readAtRest(minute: number): Promise<Reading> {
  let reading = await read(server.url, redis, minute);
  await eventually(async () => {
    if (reading.connections > 0) reading = await read(server.url, redis, minute);
    if (reading.connections > 0) throw new Error(`${reading.connections} connections`);
  }, NOTICED_MS).catch((error: unknown) =>
    console.error(
      `minute ${minute}: ${String(error)} after everybody went; ${proxy.connections} in the proxy`,
    ),
  );
  return reading;
}

const readings: Reading[] = [];
const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
for (let minute = 1; minute <= minutes; minute += 1) {
  const endsAt = performance.now() + 60_000;
  crowd.open();
  await delay(25_000);
  const [name, fault] = Object.entries(FAULTS)[minute % Object.keys(FAULTS).length] ?? [];
  await fault?.();
  await delay(Math.max(0, endsAt - performance.now() - 8_000));
  const states = JSON.stringify(crowd.states());
  const { arrivals } = crowd;
  crowd.empty();
  await delay(Math.max(0, endsAt - performance.now()));
  const before = await readAtRest(minute);
  process.kill(server.pid, 'SIGUSR2');
  await delay(1_000);
  const reading = await readAtRest(minute);
  const late = reading.opened - before.opened;
  if (late > 0)
    console.log(`minute ${minute}: ${late} connections were taken from the kernel after everybody went`);
  readings.push(reading);
  console.log(
    `minute ${minute}: heap ${megabytes(reading.heap)} MB, RSS ${megabytes(reading.rss)} MB, handles ${reading.handles}, ` +
      `timers ${reading.timers}, channels ${reading.channels}; ${states} of ${size}, ${arrivals} came so far, ` +
      `${rotation.ingestions} ingestions; ${name ?? ''}`,
  );
}

rotation.stop();
crowd.empty();
await proxy.dispose();
const code = await server.stop();
await redis.dispose();
rmSync(folder, { recursive: true, force: true });

const errors = server.output.split('\n').filter((line) => line.includes('"unexpected error"'));
const problems = [
  ...judge(readings),
  ...crowd.violations,
  ...rotation.refusals,
  ...errors,
  ...(code === 0 ? [] : [`the server ended with ${String(code)}`]),
];
for (const problem of problems.slice(0, 20)) console.error(problem);
console.log(problems.length === 0 ? 'Flat.' : `${problems.length} problems.`);
process.exit(problems.length === 0 ? 0 : 1);
