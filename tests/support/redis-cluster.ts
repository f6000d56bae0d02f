/**
 * A Redis Cluster of a test's own on the loopback interface: three masters with a replica each, and what happens to
 * them in the world: a master that dies, a failover by order, a slot that moves. The nodes find a dead master within
 * about three seconds.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findProgram } from '../setup/debian-packages.js';
import { freePort } from './daemon.js';
import { eventually } from './eventually.js';
import { createRedisProcess, type RedisProcess } from './redis-process.js';

/** One node, running or not. */
export interface ClusterNode {
  /** As `CLUSTER NODES` names it. */
  readonly id: string;
  readonly role: 'master' | 'replica';
  /** The id of a replica's master. */
  readonly masterId: string | null;
  /** Slots that a master serves. */
  readonly slots: readonly { readonly first: number; readonly last: number }[];
  readonly process: RedisProcess;
}

/** A running cluster. */
export interface RedisCluster extends AsyncDisposable {
  /** `redis+cluster://` and every node. */
  readonly url: string;
  /** Every process, in no order. */
  readonly processes: readonly RedisProcess[];
  /** Every node as those that run see it; resolves once they agree. */
  nodes(): Promise<readonly ClusterNode[]>;
  /** The nodes that serve slots. */
  masters(): Promise<readonly ClusterNode[]>;
  /** The master that serves this key's slot, or this sharded channel's. */
  masterOf(key: string): Promise<ClusterNode>;
  slotOf(key: string): Promise<number>;
  /** Resolves once every slot is served and every node that runs knows by whom. */
  settled(): Promise<void>;
  /** SIGKILL to a master. Resolves once its replica serves its slots; gives the replica. */
  killMaster(master: ClusterNode): Promise<ClusterNode>;
  /** Makes a master's replica the master, by order and without loss; gives it. */
  failOver(master: ClusterNode): Promise<ClusterNode>;
  /**
   * Moves a slot and its keys to another master, as a resharding does. In `whileMoving` the keys have gone already and
   * the nodes answer `ASK` or `TRYAGAIN`.
   */
  moveSlot(slot: number, to: ClusterNode, whileMoving?: () => Promise<void>): Promise<void>;
  /** Kills every node and deletes what it kept. */
  dispose(): Promise<void>;
}

/** How the cluster is set up. */
export interface RedisClusterOptions {
  /**
   * Milliseconds after which a node that does not answer counts as dead; a failover takes one to two seconds more.
   * @default 1_000
   */
  readonly nodeTimeoutMs?: number;
}

const MASTERS = 3;
const SLOTS = 16_384;
const MOVE_TIMEOUT_MS = 5_000;
const run = promisify(execFile);

interface NodeLine extends Omit<ClusterNode, 'process'> {
  readonly port: number;
  readonly isFailing: boolean;
}

/** One line of `CLUSTER NODES`: id, address, flags, master, …, slots from the ninth word on. */
function parseLine(line: string): NodeLine {
  const words = line.split(' ');
  const [id = '', address = '', flags = '', masterId = ''] = words;
  const flag = flags.split(',');
  return {
    id,
    port: Number(/:(\d+)@/.exec(address)?.[1]),
    role: flag.includes('master') ? 'master' : 'replica',
    isFailing: flag.includes('fail') || flag.includes('fail?'),
    masterId: masterId === '-' ? null : masterId,
    // Slots that come or go stand in brackets, beside those that are served.
    slots: words.slice(8).flatMap((range) => {
      const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
      return first === undefined ? [] : [{ first: Number(first), last: Number(last) }];
    }),
  };
}

/** Starts a cluster. */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { nodeTimeoutMs = 1_000 } = options;
  const processes: RedisProcess[] = [];
  const dispose = async () => {
    await Promise.all(processes.map((one) => one.dispose()));
  };
  const buses = new Map<RedisProcess, number>();
  try {
    for (let index = 0; index < 2 * MASTERS; index += 1) {
      const bus = await freePort();
      const node = await createRedisProcess({
        name: 'redis-cluster',
        settings: () => [
          ['cluster-enabled', 'yes'],
          ['cluster-port', String(bus)],
          ['cluster-node-timeout', String(nodeTimeoutMs)],
          // A replica of a test may always take over, however long it has heard nothing.
          ['cluster-replica-validity-factor', '0'],
          ['repl-diskless-sync-delay', '0'],
        ],
      });
      buses.set(node, bus);
      processes.push(node);
    }
    await Promise.all(processes.map((one) => one.start()));
    const cli = findProgram('redis-cli');
    if (cli === null) throw new Error('The tests need redis-cli on PATH; run npm test, which installs it.');
    const addresses = processes.map((one) => `127.0.0.1:${one.port}@${buses.get(one) ?? 0}`);
    await run(cli, ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes']);
  } catch (error) {
    await dispose();
    throw error;
  }

  const running = () => processes.filter((one) => one.isRunning());

  const nodesAsSeenBy = async (witness: RedisProcess): Promise<readonly ClusterNode[]> => {
    const lines = (await witness.command('CLUSTER', 'NODES')).trim().split('\n').map(parseLine);
    return lines.map(({ port, isFailing, ...node }) => {
      const process = processes.find((one) => one.port === port);
      if (process === undefined) throw new Error(`A node at port ${port} is not of this cluster.`);
      if (isFailing && process.isRunning()) throw new Error(`The node at port ${port} is held for dead.`);
      return { ...node, process };
    });
  };

  /** Rejects while they do not agree. */
  const look = async () => {
    const seen = await Promise.all(running().map(nodesAsSeenBy));
    const summary = (view: readonly ClusterNode[]) =>
      view
        .map(({ id, role, masterId, slots }) => JSON.stringify([id, role, masterId, slots]))
        .sort()
        .join();
    const [view, ...others] = seen;
    if (view === undefined) throw new Error('No node of the cluster runs.');
    if (others.some((other) => summary(other) !== summary(view)))
      throw new Error('The nodes do not agree on who is who.');
    return view;
  };

  const nodes = () => eventually(look);
  const withSlots = (view: readonly ClusterNode[]) => view.filter(({ slots }) => slots.length > 0);
  const masters = async () => withSlots(await nodes());

  const settled = () =>
    eventually(async () => {
      const view = await look();
      const serving = withSlots(view);
      const served = serving
        .flatMap(({ slots }) => slots)
        .reduce((sum, one) => sum + one.last - one.first + 1, 0);
      if (served !== SLOTS || serving.some((one) => !one.process.isRunning()))
        throw new Error(`${served} slots are served.`);
      for (const one of running()) {
        const info = await one.command('CLUSTER', 'INFO');
        if (!info.includes('cluster_state:ok')) throw new Error(`The node at port ${one.port} is not ready.`);
      }
      for (const { role, process } of view) {
        if (role === 'master' || !process.isRunning()) continue;
        const info = await process.command('INFO', 'replication');
        if (!info.includes('master_link_status:up')) throw new Error(`Port ${process.port} has no link yet.`);
      }
    }, 30_000);

  const nodeNamed = async (id: string) => {
    const node = (await nodes()).find((one) => one.id === id);
    if (node === undefined) throw new Error(`There is no node ${id}.`);
    return node;
  };

  const replicaOf = async (master: ClusterNode) => {
    const found = (await nodes()).find((one) => one.masterId === master.id && one.process.isRunning());
    if (found === undefined) throw new Error(`The master at port ${master.process.port} has no replica.`);
    return found;
  };

  const slotOf = async (key: string) => {
    const [witness] = running();
    return Number(await witness?.command('CLUSTER', 'KEYSLOT', key));
  };

  const moveSlot = async (slot: number, to: ClusterNode, whileMoving = () => Promise.resolve()) => {
    const from = (await masters()).find((one) =>
      one.slots.some(({ first, last }) => first <= slot && slot <= last),
    );
    if (from === undefined) throw new Error(`Slot ${slot} is not served.`);
    if (from.id === to.id) return;
    const set = (node: ClusterNode, ...words: readonly string[]) =>
      node.process.command('CLUSTER', 'SETSLOT', String(slot), ...words);
    await set(to, 'IMPORTING', from.id);
    await set(from, 'MIGRATING', to.id);
    const keys = await from.process.command('CLUSTER', 'GETKEYSINSLOT', String(slot), '1000000');
    if (keys !== '') {
      const target = ['127.0.0.1', String(to.process.port), '', '0', String(MOVE_TIMEOUT_MS)];
      await from.process.command('MIGRATE', ...target, 'KEYS', ...keys.split('\r\n'));
    }
    await whileMoving();
    // The one that takes it first, so that it is served by somebody at every moment.
    for (const node of [to, from, ...(await masters())]) await set(node, 'NODE', to.id);
    await settled();
  };

  const cluster: RedisCluster = {
    url: `redis+cluster://${processes.map((one) => `127.0.0.1:${one.port}`).join(',')}`,
    processes,
    nodes,
    masters,
    slotOf,
    masterOf: async (key) => {
      const slot = await slotOf(key);
      const serves = ({ slots }: ClusterNode) =>
        slots.some(({ first, last }) => first <= slot && slot <= last);
      const master = (await masters()).find(serves);
      if (master === undefined) throw new Error(`Slot ${slot} is not served.`);
      return master;
    },
    settled,
    killMaster: async (master) => {
      const heir = await replicaOf(master);
      await master.process.kill();
      await settled();
      return nodeNamed(heir.id);
    },
    failOver: async (master) => {
      const heir = await replicaOf(master);
      await heir.process.command('CLUSTER', 'FAILOVER');
      await eventually(async () => {
        if ((await nodeNamed(heir.id)).slots.length === 0) throw new Error('It has not taken over yet.');
      });
      await settled();
      return nodeNamed(heir.id);
    },
    moveSlot,
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
  try {
    await settled();
  } catch (error) {
    await dispose();
    throw error;
  }
  return cluster;
}
