/**
 * A whole deployment: nginx, two servers, Redis, MongoDB. Everything is restarted, one by one, under ingestions and
 * watchers; nobody loses anything. `DEPLOYMENT_INGESTIONS` and `DEPLOYMENT_WATCHERS` say how many of them.
 */
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDaemon } from '../support/daemon.js';
import type { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { openTestDatabase, startMongoProcess } from '../support/mongo-process.js';
import { startRedisProcess } from '../support/redis-process.js';
import { SECRET, tokenFor } from '../support/tokens.js';
import { startJobs } from './jobs.js';
import type { Jobs } from './jobs.js';
import { startNginx } from './nginx.js';
import { startWatchers } from './watchers.js';
import type { Watchers } from './watchers.js';

const INGESTIONS = Number(process.env['DEPLOYMENT_INGESTIONS'] ?? 10);
const WATCHERS = Number(process.env['DEPLOYMENT_WATCHERS'] ?? 100);
/** What restarting one part may take, with everybody back; a client's backoff is most of it, and a herd on few cores. */
const RECOVERY_MS = 80_000 + WATCHERS * 100;
const LOGS = 'tests/artifacts';

/** What is restarted, in this order. */
const parts = new Map<string, Daemon>();
const cleanups: (() => void | Promise<void>)[] = [];
let endpoint = '';
let jobs: Jobs;
let watchers: Watchers;

/** The built server. It counts as started once it lives: a balancer sends people to it before it is ready. */
function createServer(name: string, environment: Readonly<Record<string, string>>): Promise<Daemon> {
  const main = resolve('server/dist/main.js');
  return createDaemon({
    name,
    program: process.execPath,
    arguments: () => [main],
    env: (port) => ({
      PORT: String(port),
      JWT_SECRET: SECRET,
      TRUSTED_PROXIES: '127.0.0.1',
      WAIT_FOR_DEPENDENCIES: 'true',
      PUBLIC_URL: 'http://localhost:8080',
      ...environment,
    }),
    ready: (port) =>
      fetch(`http://127.0.0.1:${port}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    logFile: `${LOGS}/deployment-${name}.log`,
  });
}

beforeAll(async () => {
  mkdirSync(LOGS, { recursive: true });
  const mongo = await startMongoProcess();
  const database =
    mongo === null ? await openTestDatabase() : { uri: mongo.uri, drop: () => mongo.dispose() };
  cleanups.push(database.drop);
  const redis = await startRedisProcess();
  cleanups.push(() => redis.dispose());
  const servers: Daemon[] = [];
  for (const name of ['server-1', 'server-2']) {
    const server = await createServer(name, { MONGODB_URI: database.uri, REDIS_URL: redis.url });
    cleanups.push(() => server.dispose());
    await server.start();
    servers.push(server);
    parts.set(name, server);
  }
  const nginx = await startNginx(
    servers.map(({ port }) => port),
    `${LOGS}/deployment-nginx.log`,
  );
  cleanups.push(() => nginx.dispose());
  parts.set('Redis', redis);
  if (mongo === null) console.log('MONGODB_URI names a MongoDB that is not ours, so it is not restarted');
  else parts.set('MongoDB', mongo);
  parts.set('nginx', nginx);
  endpoint = `http://127.0.0.1:${nginx.port}/graphql`;

  jobs = await startJobs({ endpoint, count: INGESTIONS, token: tokenFor({ scope: 'progress:write' }) });
  cleanups.push(() => jobs.dispose());
  watchers = startWatchers({
    endpoint,
    projectIds: jobs.projectIds,
    count: WATCHERS,
    getToken: () => tokenFor({ sub: 'watcher' }),
  });
  cleanups.push(() => watchers.dispose());
}, 180_000);

afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
}, 60_000);

/** Resolves once every watcher is live and shows at least what was reported up to now. */
async function everybodyIsUpToDate(): Promise<void> {
  const reported = new Map(jobs.projectIds.map((id) => [id, jobs.reported(id)]));
  await eventually(() => {
    const upToDate = watchers.count((client, projectId) => {
      const { progress } = client.getSnapshot();
      return (progress?.progressPercent ?? -1) >= (reported.get(projectId) ?? 0) - 0.01;
    });
    expect([upToDate, watchers.connected], watchers.describe()).toEqual([WATCHERS, WATCHERS]);
  }, RECOVERY_MS);
}

describe(`a deployment under ${INGESTIONS} ingestions and ${WATCHERS} watchers`, () => {
  test('shows everybody everything through nginx', () => everybodyIsUpToDate(), RECOVERY_MS + 10_000);

  for (const name of ['server-1', 'server-2', 'Redis', 'MongoDB', 'nginx']) {
    test(
      `goes on when ${name} is restarted`,
      async () => {
        const part = parts.get(name);
        if (part === undefined) return;
        const startedAt = performance.now();
        await part.stop();
        await part.start();
        await everybodyIsUpToDate();
        const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
        console.log(`${name}: everybody is live and up to date ${seconds} s after its SIGTERM`);
        expect(watchers.violations).toEqual([]);
        expect(jobs.refusals).toEqual([]);
      },
      RECOVERY_MS + 60_000,
    );
  }

  test(
    'lets nobody miss an ending, and no watcher saw anything go back',
    async () => {
      await jobs.finish();
      await eventually(() => {
        const right = watchers.count((client, projectId) => {
          const { progress } = client.getSnapshot();
          return (
            progress?.status === 'COMPLETED' && progress.result?.itemsProcessed === jobs.items(projectId)
          );
        });
        expect(right, watchers.describe()).toBe(WATCHERS);
      }, RECOVERY_MS);
      expect(watchers.violations).toEqual([]);
      expect(jobs.refusals).toEqual([]);
    },
    2 * RECOVERY_MS + 60_000,
  );
});
