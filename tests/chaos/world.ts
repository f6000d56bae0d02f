/** The environment of a run: MongoDB, Redis, one or two servers behind proxies, twenty watchers and a job with four projects. Injects the faults. */
import { mkdirSync } from 'node:fs';
import { createMongoStore } from '../../server/store/mongo-store.js';
import type { ProgressStore } from '../../server/store/progress-store.js';
import type { Daemon } from '../support/daemon.js';
import { startMongoProcess, type MongoProcess } from '../support/mongo-process.js';
import { startRedisProcess, type RedisProcess } from '../support/redis-process.js';
import { createServerProcess } from '../support/server-process.js';
import { createTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { createJobProcess, type Acknowledgement, type JobProcess } from './job-process.js';
import { createRandom } from './random.js';
import type { Fault, Schedule } from './schedule.js';
import { watchWithStockClient, watchWithWidgetClient, type ChaosWatcher } from './watchers.js';

/** The projects that are ingested and watched at the same time. */
export const PROJECTS: readonly string[] = ['project-1', 'project-2', 'project-3', 'project-4'];
/** Watchers of a run, and how many of them use the stock client. */
const WATCHERS = 20;
const STOCK_WATCHERS = 6;
/** How long a fault that waits for an ending waits, in milliseconds. */
const ENDING_TIMEOUT_MS = 3_000;

/** The environment of a run. */
export interface World {
  readonly servers: readonly Daemon[];
  readonly store: ProgressStore;
  readonly watchers: readonly ChaosWatcher[];
  readonly job: JobProcess;
  /** Where the job reports to: a load balancer that takes the servers in turn. */
  readonly jobEndpoint: string;
  /** True if the store was paused or dead for the whole of this time, in milliseconds since the epoch. */
  wasStoreDown(from: number, until: number): boolean;
  /** True if updates of this ingestion may have died unstored with their server. */
  mayHaveLostUpdates(projectId: string, ingestionId: string): boolean;
  /** The store is read as soon as a start or an ending is acknowledged; a sentence if it isn't there, else null. */
  readonly storeChecks: readonly Promise<string | null>[];
  /** Injects a fault; resolves when it is undone and the affected process is ready again. */
  inject(fault: Fault): Promise<void>;
  dispose(): Promise<void>;
}

interface Parts {
  readonly mongo: MongoProcess;
  readonly redis: RedisProcess;
  readonly servers: readonly Daemon[];
  readonly proxies: readonly TcpProxy[];
  readonly job: JobProcess;
  readonly balancer: TcpProxy;
  readonly jobEndpoint: string;
  readonly markUpdatesLost: () => void;
  /** Records a store outage that lasts until the returned function is called. */
  readonly beginStoreOutage: () => () => void;
  /** Resolves at the next acknowledged ending, or after `timeoutMs`. */
  readonly nextEnding: (timeoutMs: number) => Promise<void>;
}

/** Reads what was just acknowledged over a connection of its own; null if it is there or the store can't be read. */
async function checkStored(
  store: ProgressStore,
  { projectId, id, status }: Acknowledgement,
): Promise<string | null> {
  try {
    const stored = (await store.readIngestion(projectId, id))?.progress.status ?? 'nothing';
    const isThere = status === 'started' ? stored !== 'nothing' : stored === status;
    return isThere
      ? null
      : `${projectId}: ${id} was acknowledged as ${status} while the store held ${stored}`;
  } catch {
    // The store is down: its content is checked at the end of the run.
    return null;
  }
}

const wait = (delayMs: number) => new Promise<void>((resolve) => setTimeout(resolve, delayMs));

/** Two faults may affect the same process: it is started only if it isn't running. */
async function restart(daemon: Daemon): Promise<void> {
  if (!daemon.isRunning()) await daemon.start();
}

async function injectFault(fault: Fault, parts: Parts): Promise<void> {
  const { mongo, redis, servers, proxies, job } = parts;
  const server = servers[fault.server];
  const proxy = proxies[fault.server];
  if (server === undefined || proxy === undefined)
    throw new RangeError(`There is no server ${fault.server}.`);
  switch (fault.kind) {
    case 'kill-server':
      parts.markUpdatesLost();
      await server.kill();
      await wait(fault.forMs);
      return restart(server);
    case 'kill-server-at-ending':
      await parts.nextEnding(ENDING_TIMEOUT_MS);
      parts.markUpdatesLost();
      await server.kill();
      await wait(fault.forMs);
      return restart(server);
    case 'stop-server':
      await server.stop();
      await wait(fault.forMs);
      return restart(server);
    case 'pause-store': {
      mongo.pause();
      const endOutage = parts.beginStoreOutage();
      await wait(fault.forMs);
      endOutage();
      return mongo.resume();
    }
    case 'kill-store': {
      await mongo.kill();
      const endOutage = parts.beginStoreOutage();
      await wait(fault.forMs);
      endOutage();
      return restart(mongo);
    }
    case 'kill-redis':
      await redis.kill();
      await wait(fault.forMs);
      return restart(redis);
    case 'kill-pubsub':
      // If Redis is down at this moment, there is no subscription to kill.
      await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub').catch(() => null);
      return;
    case 'cut-sockets':
      return proxy.cut();
    case 'swallow-sockets':
      proxy.swallow();
      await wait(fault.forMs);
      return proxy.restore();
    case 'cut-reporter':
      return parts.balancer.cut();
    case 'swallow-reporter':
      parts.balancer.swallow();
      await wait(fault.forMs);
      return parts.balancer.restore();
    case 'kill-reporter':
      await job.kill();
      await wait(fault.forMs);
      return job.start(parts.jobEndpoint);
  }
}

/** Faults with the same target run one after another, so that none is undone too early by another one. */
function targetOf(fault: Fault): string {
  switch (fault.kind) {
    case 'kill-server':
    case 'kill-server-at-ending':
    case 'stop-server':
      return `server ${fault.server}`;
    case 'pause-store':
    case 'kill-store':
      return 'store';
    case 'kill-redis':
    case 'kill-pubsub':
      return 'redis';
    case 'cut-sockets':
    case 'swallow-sockets':
      return `sockets ${fault.server}`;
    case 'cut-reporter':
    case 'swallow-reporter':
      return 'balancer';
    case 'kill-reporter':
      return 'reporter';
  }
}

/** Builds the environment of a run, with everything in it running. */
export async function createWorld(schedule: Schedule, logDirectory: string): Promise<World> {
  mkdirSync(logDirectory, { recursive: true });
  const ends: (() => unknown)[] = [];
  const dispose = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const mongo = await startMongoProcess();
    if (mongo === null) {
      throw new Error('The chaos suite kills its MongoDB: unset MONGODB_URI so that it starts its own.');
    }
    ends.push(() => mongo.dispose());
    const redis = await startRedisProcess();
    ends.push(() => redis.dispose());
    const environment = {
      MONGODB_URI: mongo.uri,
      ...(schedule.hasRedis ? { REDIS_URL: redis.url } : {}),
      LOG_LEVEL: 'info',
      WAIT_FOR_DEPENDENCIES: 'true',
      // Outlives the processes, as a volume of all servers does.
      DATA_DIR: `${logDirectory}/data`,
    };
    const servers: Daemon[] = [];
    const proxies: TcpProxy[] = [];
    for (let index = 0; index < schedule.servers; index += 1) {
      const server = await createServerProcess(environment, `${logDirectory}/server-${index}.log`);
      ends.push(() => server.dispose());
      await server.start();
      const proxy = await createTcpProxy(server.port);
      ends.push(() => proxy.dispose());
      servers.push(server);
      proxies.push(proxy);
    }
    const store = createMongoStore({ uri: mongo.uri });
    await store.open();
    ends.push(() => store.close());

    const address = (port: number) => `http://127.0.0.1:${port}/graphql`;
    let next = 0;
    const balancer = await createTcpProxy(() => servers[next++ % servers.length]?.port ?? 0);
    ends.push(() => balancer.dispose());
    const jobEndpoint = address(balancer.port);
    const storeChecks: Promise<string | null>[] = [];
    const endingListeners = new Set<() => void>();
    const job = createJobProcess(PROJECTS, (acknowledgement) => {
      storeChecks.push(checkStored(store, acknowledgement));
      if (acknowledgement.status !== 'started') for (const listener of [...endingListeners]) listener();
    });
    ends.push(() => job.kill());
    const nextEnding = (timeoutMs: number) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(() => onEnding(), timeoutMs);
        const onEnding = () => {
          clearTimeout(timer);
          endingListeners.delete(onEnding);
          resolve();
        };
        endingListeners.add(onEnding);
      });
    const outages: { readonly from: number; until: number }[] = [];
    const beginStoreOutage = () => {
      const outage = { from: Date.now(), until: Number.POSITIVE_INFINITY };
      outages.push(outage);
      return () => {
        outage.until = Date.now();
      };
    };
    const wasStoreDown = (from: number, until: number) =>
      outages.some((outage) => outage.from <= from && until <= outage.until);

    /** By project, the ingestions that had started when updates may have died; later ones lost nothing. */
    const startedBeforeLoss = new Map<string, ReadonlySet<string>>();
    const mayHaveLostUpdates = (projectId: string, id: string) =>
      startedBeforeLoss.get(projectId)?.has(id) === true;
    const random = createRandom(schedule.seed + 1_000_000);
    const watchers = Array.from({ length: WATCHERS }, (_, index) => {
      const isStock = index < STOCK_WATCHERS;
      const projectId = PROJECTS[index % PROJECTS.length] ?? '';
      const server = Math.floor(random.between(0, schedule.servers));
      const watch = isStock ? watchWithStockClient : watchWithWidgetClient;
      return watch({
        name: `${isStock ? 'stock' : 'widget'}-${index}@${server}`,
        endpoint: address(proxies[server]?.port ?? 0),
        projectId,
        startOrder: () => job.recordOf(projectId).started,
        mayRegress: (id) => mayHaveLostUpdates(projectId, id),
      });
    });
    ends.push(() => {
      for (const watcher of watchers) watcher.dispose();
    });

    const markUpdatesLost = () => {
      for (const projectId of PROJECTS)
        startedBeforeLoss.set(projectId, new Set(job.recordOf(projectId).started));
    };
    const parts: Parts = {
      ...{ mongo, redis, servers, proxies, job, balancer, jobEndpoint },
      ...{ markUpdatesLost, beginStoreOutage, nextEnding },
    };
    const queues = new Map<string, Promise<void>>();
    const inject = (fault: Fault) => {
      const target = targetOf(fault);
      const done = (queues.get(target) ?? Promise.resolve()).then(() => injectFault(fault, parts));
      queues.set(target, done);
      return done;
    };
    return {
      servers,
      store,
      watchers,
      job,
      jobEndpoint,
      wasStoreDown,
      mayHaveLostUpdates,
      storeChecks,
      inject,
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
