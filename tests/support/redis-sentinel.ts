/**
 * A Redis under Sentinel of a test's own on the loopback interface: a master, its replicas and three sentinels, of
 * which two decide. They replace a dead master within about three seconds.
 */
import { eventually } from './eventually.js';
import { createRedisProcess, type RedisProcess } from './redis-process.js';

/** A running master with replicas and sentinels. */
export interface RedisSentinel extends AsyncDisposable {
  /** `redis+sentinel://`, every sentinel, and the name under which they know the master. */
  readonly url: string;
  /** What the sentinels watch the master as. */
  readonly name: string;
  readonly sentinels: readonly RedisProcess[];
  /** Master and replicas, whichever is which by now. */
  readonly servers: readonly RedisProcess[];
  /** The master of which all sentinels that run say that it is the one; resolves once they agree and it runs. */
  master(): Promise<RedisProcess>;
  /** SIGKILL to the master. Resolves once the sentinels have made another one; gives that. */
  killMaster(): Promise<RedisProcess>;
  /** Makes a replica the master, by order; gives it. */
  failOver(): Promise<RedisProcess>;
  /** Kills all of it and deletes what it kept. */
  dispose(): Promise<void>;
}

/** How many there are, and how patient. */
export interface RedisSentinelOptions {
  /** @default 1 */
  readonly replicas?: number;
  /**
   * Milliseconds after which a master that does not answer counts as dead.
   * @default 1_000
   */
  readonly downAfterMs?: number;
  /**
   * Milliseconds between two words of a sentinel to the others; a former master that lives is made a replica after four
   * of them, and takes writes until then. The world's is 2,000.
   * @default 250
   */
  readonly publishPeriodMs?: number;
}

const NAME = 'progress';
const SENTINELS = 3;
const QUORUM = 2;
/** Longest that a failover may take until another is tried, in milliseconds. */
const FAILOVER_TIMEOUT_MS = 2_000;

/** How often a sentinel asks each server who it is, in milliseconds; ten seconds in the world. */
const INFO_PERIOD_MS = 500;

/** Starts a master, its replicas and three sentinels; resolves once they know each other. */
export async function startRedisSentinel(options: RedisSentinelOptions = {}): Promise<RedisSentinel> {
  const { replicas = 1, downAfterMs = 1_000, publishPeriodMs = 250 } = options;
  const servers: RedisProcess[] = [];
  const sentinels: RedisProcess[] = [];
  const dispose = async () => {
    await Promise.all([...sentinels, ...servers].map((one) => one.dispose()));
  };

  const masterPort = async (sentinel: RedisProcess) => {
    const address = await sentinel.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME);
    return Number(address.split('\r\n')[1]);
  };

  const look = async () => {
    const running = sentinels.filter((one) => one.isRunning());
    const ports = await Promise.all(running.map(masterPort));
    const master = servers.find(({ port }) => port === ports[0]);
    if (master === undefined || ports.some((port) => port !== master.port))
      throw new Error(`The sentinels name ${ports.join(', ')}.`);
    const role = await master.command('ROLE');
    if (!role.startsWith('master')) throw new Error(`The server at port ${master.port} is no master.`);
    return master;
  };

  const linked = async (replica: RedisProcess) => {
    const info = await replica.command('INFO', 'replication');
    if (!info.includes('master_link_status:up')) throw new Error(`Port ${replica.port} has no link yet.`);
  };

  /** Resolves once another than `former` is the master, and every other server that runs follows it. */
  const anotherMaster = (former: RedisProcess) =>
    eventually(async () => {
      const master = await look();
      if (master === former) throw new Error(`The server at port ${former.port} is the master still.`);
      return master;
    }, 30_000);

  /** One that has seen no replica yet has nothing to fail over to. */
  const known = async (sentinel: RedisProcess) => {
    await sentinel.command('SENTINEL', 'CKQUORUM', NAME);
    const seen = await sentinel.command('SENTINEL', 'REPLICAS', NAME);
    const sound = seen.match(/^slave$/gm) ?? [];
    if (sound.length < replicas) throw new Error(`A sentinel knows ${sound.length} replicas.`);
    const others = await sentinel.command('SENTINEL', 'SENTINELS', NAME);
    if ((others.match(/^name$/gm) ?? []).length < SENTINELS - 1)
      throw new Error('The sentinels do not know each other yet.');
  };

  try {
    // Any of them may be the master one day, and would let a replica wait for others.
    const atOnce = ['repl-diskless-sync-delay', '0'];
    const first = await createRedisProcess({ name: 'redis-master', settings: () => [atOnce] });
    servers.push(first);
    const following = [atOnce, ['replicaof', '127.0.0.1', String(first.port)]];
    for (let index = 0; index < replicas; index += 1) {
      servers.push(await createRedisProcess({ name: 'redis-replica', settings: () => following }));
    }
    for (let index = 0; index < SENTINELS; index += 1) {
      const sentinel = await createRedisProcess({
        name: 'redis-sentinel',
        // Debian's redis-sentinel is this program under another name.
        flags: ['--sentinel'],
        settings: () => [
          ['sentinel', 'monitor', NAME, '127.0.0.1', String(first.port), String(QUORUM)],
          ['sentinel', 'down-after-milliseconds', NAME, String(downAfterMs)],
          ['sentinel', 'failover-timeout', NAME, String(FAILOVER_TIMEOUT_MS)],
        ],
      });
      sentinels.push(sentinel);
    }
    await Promise.all(servers.map((one) => one.start()));
    await eventually(() => Promise.all(servers.slice(1).map(linked)));
    await Promise.all(sentinels.map((one) => one.start()));
    const periods = ['INFO-PERIOD', String(INFO_PERIOD_MS), 'PUBLISH-PERIOD', String(publishPeriodMs)];
    await Promise.all(sentinels.map((one) => one.command('SENTINEL', 'DEBUG', ...periods)));
    await eventually(() => Promise.all(sentinels.map(known)), 30_000);
  } catch (error) {
    await dispose();
    throw error;
  }

  const master = () => eventually(look, 30_000);
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${NAME}`,
    name: NAME,
    sentinels,
    servers,
    master,
    killMaster: async () => {
      const former = await master();
      await former.kill();
      return anotherMaster(former);
    },
    failOver: async () => {
      const former = await master();
      // Refused while the sentinel has not got over the last one.
      await eventually(() => sentinels[0]?.command('SENTINEL', 'FAILOVER', NAME), 30_000);
      return anotherMaster(former);
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}
