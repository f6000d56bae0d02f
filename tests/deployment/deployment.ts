/** A complete deployment as processes: nginx, two built servers, Redis, MongoDB. Knows no jobs and no watchers. */
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { createDaemon } from '../support/daemon.js';
import type { Daemon } from '../support/daemon.js';
import { openTestDatabase, startMongoProcess } from '../support/mongo-process.js';
import { startRedisProcess } from '../support/redis-process.js';
import { SECRET } from '../support/tokens.js';
import { startNginx } from './nginx.js';

/** A running deployment. */
export interface Deployment {
  /** GraphQL, through nginx. */
  readonly endpoint: string;
  /** The processes by name: `server-1`, `server-2`, `Redis`, `MongoDB` if the tests started it, `nginx`. */
  readonly parts: ReadonlyMap<string, Daemon>;
  /** Stops everything and deletes its data. */
  dispose(): Promise<void>;
}

const LOGS = 'tests/artifacts';

/** The built server. It counts as started when it is alive: a load balancer may route to it before it is ready. */
function createServer(name: string, logs: string, environment: Record<string, string>): Promise<Daemon> {
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
    logFile: `${logs}-${name}.log`,
  });
}

/** Starts everything. Logs go to the artifacts under `name`; both servers get `environment`. */
export async function startDeployment(
  name: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Deployment> {
  mkdirSync(LOGS, { recursive: true });
  const logs = `${LOGS}/${name}`;
  const cleanups: (() => void | Promise<void>)[] = [];
  const dispose = async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  };
  try {
    const mongo = await startMongoProcess();
    const database =
      mongo === null ? await openTestDatabase() : { uri: mongo.uri, drop: () => mongo.dispose() };
    cleanups.push(database.drop);
    const redis = await startRedisProcess();
    cleanups.push(() => redis.dispose());
    const parts = new Map<string, Daemon>();
    for (const server of ['server-1', 'server-2']) {
      const dependencies = { MONGODB_URI: database.uri, REDIS_URL: redis.url };
      const daemon = await createServer(server, logs, { ...dependencies, ...environment });
      cleanups.push(() => daemon.dispose());
      await daemon.start();
      parts.set(server, daemon);
    }
    const nginx = await startNginx(
      [...parts.values()].map(({ port }) => port),
      `${logs}-nginx.log`,
    );
    cleanups.push(() => nginx.dispose());
    parts.set('Redis', redis);
    if (mongo === null) console.log('MONGODB_URI names an external MongoDB, which is not restarted');
    else parts.set('MongoDB', mongo);
    parts.set('nginx', nginx);
    return {
      endpoint: `http://127.0.0.1:${nginx.port}/graphql`,
      parts,
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
