/** Everything of a run: MongoDB, Redis, one or two servers behind proxies, twenty watchers and a job of four projects; and each fault done to it. */
import { mkdirSync } from 'node:fs';
import { createMongoStore } from '../../server/store/mongo-store.js';
import type { ProgressStore } from '../../server/store/progress-store.js';
import type { Daemon } from '../support/daemon.js';
import { startMongoProcess, type MongoProcess } from '../support/mongo-process.js';
import { startRedisProcess, type RedisProcess } from '../support/redis-process.js';
import { createServerProcess } from '../support/server-process.js';
import { createTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { createJobProcess, type Claim, type JobProcess } from './job-process.js';
import { createRandom } from './random.js';
import type { Fault, Schedule } from './schedule.js';
import { watchAsStrangersDo, watchAsWeDo, type FaultWatcher } from './watchers.js';

/** The projects that are ingested and watched, all at once. */
export const PROJECTS: readonly string[] = ['project-1', 'project-2', 'project-3', 'project-4'];
/** Watchers of a run, and how many of them are strangers'. */
const WATCHERS = 20;
const STRANGERS = 6;
/** How long a fault that waits for an ending waits, in milliseconds. */
const ENDING_WITHIN_MS = 3_000;

/** A run's world. */
export interface World {
  readonly servers: readonly Daemon[];
  readonly store: ProgressStore;
  readonly watchers: readonly FaultWatcher[];
  readonly job: JobProcess;
  /** Where the job reports to: a balancer that leads each connection to the next server. */
  readonly jobEndpoint: string;
  /** True where the store stood still, or was dead, from one moment of the machine's clock to the other. */
  wasStoreAway(from: number, until: number): boolean;
  /** True where updates of this ingestion may have died unstored, with the server that held them. */
  hasLost(projectId: string, ingestionId: string): boolean;
  /** What the store answered as soon as something was acknowledged that it must hold; a sentence where it did not. */
  readonly looks: readonly Promise<string | null>[];
  /** Does the fault; resolves once it is undone, and what it broke is ready again. */
  suffer(fault: Fault): Promise<void>;
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
  readonly onUpdatesLost: () => void;
  /** Takes note that the store is away until the result is called. */
  readonly loseStore: () => () => void;
  /** Resolves at the next acknowledged ending, or once so many milliseconds have passed. */
  readonly nextEnding: (withinMs: number) => Promise<void>;
}

/** Reads, over a connection of the run's own, what was acknowledged this moment; null where it is there, or nothing can be read. */
async function lookAt(store: ProgressStore, { projectId, id, status }: Claim): Promise<string | null> {
  try {
    const stored = (await store.readIngestion(projectId, id))?.progress.status ?? 'nothing';
    const isThere = status === 'started' ? stored !== 'nothing' : stored === status;
    return isThere
      ? null
      : `${projectId}: ${id} was acknowledged as ${status} while the store held ${stored}`;
  } catch {
    // The store is away: what it holds is judged when it is back.
    return null;
  }
}

const wait = (delayMs: number) => new Promise<void>((resolve) => setTimeout(resolve, delayMs));

/** Two faults may be about the same thing: it is started again only where nobody has. */
async function restart(daemon: Daemon): Promise<void> {
  if (!daemon.isRunning()) await daemon.start();
}

async function carryOut(fault: Fault, parts: Parts): Promise<void> {
  const { mongo, redis, servers, proxies, job } = parts;
  const server = servers[fault.server];
  const proxy = proxies[fault.server];
  if (server === undefined || proxy === undefined)
    throw new RangeError(`There is no server ${fault.server}.`);
  switch (fault.kind) {
    case 'kill-server':
      parts.onUpdatesLost();
      await server.kill();
      await wait(fault.forMs);
      return restart(server);
    case 'kill-server-at-ending':
      await parts.nextEnding(ENDING_WITHIN_MS);
      parts.onUpdatesLost();
      await server.kill();
      await wait(fault.forMs);
      return restart(server);
    case 'stop-server':
      await server.stop();
      await wait(fault.forMs);
      return restart(server);
    case 'pause-store': {
      mongo.pause();
      const isBack = parts.loseStore();
      await wait(fault.forMs);
      isBack();
      return mongo.resume();
    }
    case 'kill-store': {
      await mongo.kill();
      const isBack = parts.loseStore();
      await wait(fault.forMs);
      isBack();
      return restart(mongo);
    }
    case 'kill-redis':
      await redis.kill();
      await wait(fault.forMs);
      return restart(redis);
    case 'kill-pubsub':
      // Where Redis is away at this moment there is nobody to kill.
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

/** Faults about the same thing wait for one another, so that none undoes the other's before its time. */
function subjectOf(fault: Fault): string {
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

/** Builds the world of a run, everything in it running. */
export async function createWorld(schedule: Schedule, logDirectory: string): Promise<World> {
  mkdirSync(logDirectory, { recursive: true });
  const ends: (() => unknown)[] = [];
  const dispose = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const mongo = await startMongoProcess();
    if (mongo === null) {
      throw new Error(
        'The fault suite kills its MongoDB: unset MONGODB_URI, so that it starts one of its own.',
      );
    }
    ends.push(() => mongo.dispose());
    const redis = await startRedisProcess();
    ends.push(() => redis.dispose());
    const environment = {
      MONGODB_URI: mongo.uri,
      ...(schedule.hasRedis ? { REDIS_URL: redis.url } : {}),
      LOG_LEVEL: 'info',
      WAIT_FOR_DEPENDENCIES: 'true',
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
    let turn = 0;
    const balancer = await createTcpProxy(() => servers[turn++ % servers.length]?.port ?? 0);
    ends.push(() => balancer.dispose());
    const jobEndpoint = address(balancer.port);
    const looks: Promise<string | null>[] = [];
    const endingListeners = new Set<() => void>();
    const job = createJobProcess(PROJECTS, (claim) => {
      looks.push(lookAt(store, claim));
      if (claim.status !== 'started') for (const listener of [...endingListeners]) listener();
    });
    ends.push(() => job.kill());
    const nextEnding = (withinMs: number) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(() => heard(), withinMs);
        const heard = () => {
          clearTimeout(timer);
          endingListeners.delete(heard);
          resolve();
        };
        endingListeners.add(heard);
      });
    const outages: { readonly from: number; until: number }[] = [];
    const loseStore = () => {
      const outage = { from: Date.now(), until: Number.POSITIVE_INFINITY };
      outages.push(outage);
      return () => {
        outage.until = Date.now();
      };
    };
    const wasStoreAway = (from: number, until: number) =>
      outages.some((outage) => outage.from <= from && until <= outage.until);

    /** Ingestions, by project, that had been started when updates may have died; those that came after lost nothing. */
    const bereaved = new Map<string, ReadonlySet<string>>();
    const hasLost = (projectId: string, id: string) => bereaved.get(projectId)?.has(id) === true;
    const random = createRandom(schedule.seed + 1_000_000);
    const watchers = Array.from({ length: WATCHERS }, (_, index) => {
      const isStranger = index < STRANGERS;
      const projectId = PROJECTS[index % PROJECTS.length] ?? '';
      const server = Math.floor(random.between(0, schedule.servers));
      const watch = isStranger ? watchAsStrangersDo : watchAsWeDo;
      return watch({
        name: `${isStranger ? 'stranger' : 'ours'}-${index}@${server}`,
        endpoint: address(proxies[server]?.port ?? 0),
        projectId,
        order: () => job.of(projectId).started,
        mayBeOlder: (id) => hasLost(projectId, id),
      });
    });
    ends.push(() => {
      for (const watcher of watchers) watcher.dispose();
    });

    const onUpdatesLost = () => {
      for (const projectId of PROJECTS) bereaved.set(projectId, new Set(job.of(projectId).started));
    };
    const parts: Parts = {
      ...{ mongo, redis, servers, proxies, job, balancer, jobEndpoint },
      ...{ onUpdatesLost, loseStore, nextEnding },
    };
    const turns = new Map<string, Promise<void>>();
    const suffer = (fault: Fault) => {
      const subject = subjectOf(fault);
      const turn = (turns.get(subject) ?? Promise.resolve()).then(() => carryOut(fault, parts));
      turns.set(subject, turn);
      return turn;
    };
    return { servers, store, watchers, job, jobEndpoint, wasStoreAway, hasLost, looks, suffer, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
