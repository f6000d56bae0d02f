/**
 * Subscriptions on a Redis Cluster, as if they were one connection: one to each master for sharded pub/sub, or one to
 * any of them for the classic kind. Whatever may have lost a message (a connection that closes, a slot that moves, a
 * master that changes) closes all of it, and all of it is opened anew; what was subscribed is forgotten.
 */
import { EventEmitter } from 'node:events';
import { Redis, type Cluster, type RedisOptions } from 'ioredis';
import { slotOf } from './redis-slot.js';

/** How it connects. */
export interface ClusterSubscriberOptions {
  /** Asked which master serves which slots. */
  readonly commands: Cluster;
  readonly isSharded: boolean;
  /** Of the connection to each node. */
  readonly settings: RedisOptions;
  /** Milliseconds before the next attempt; null for none. */
  readonly retryStrategy: (attempt: number) => number | null;
}

/** Slots from `first` to `last` and the master that serves them. */
interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly master: string;
}

/** See the file's head. Emits `ready`, `close`, `error` and `message` as a connection of ioredis does. */
export class RedisClusterSubscriber extends EventEmitter {
  status: 'wait' | 'ready' | 'end' = 'wait';
  private ranges: readonly SlotRange[] = [];
  private readonly nodes = new Map<string, Redis>();
  private retryTimer: NodeJS.Timeout | null = null;
  private attempts = 0;
  /** Counts openings: what a former one resolves to is void. */
  private generation = 0;

  constructor(private readonly options: ClusterSubscriberOptions) {
    super();
  }

  async connect(): Promise<void> {
    this.generation += 1;
    const current = this.generation;
    this.dropNodes();
    try {
      this.ranges = await this.readSlots();
      const masters = [...new Set(this.ranges.map(({ master }) => master))];
      const used = this.options.isSharded ? masters : masters.slice(0, 1);
      await Promise.all(used.map((master) => this.connectNode(master, current)));
      if (current !== this.generation) throw new Error('the cluster changed while it was connected to');
    } catch (error) {
      if (current === this.generation) this.dropNodes();
      throw error;
    }
    this.attempts = 0;
    this.status = 'ready';
    this.emit('ready');
  }

  disconnect(again = false): void {
    this.generation += 1;
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    this.retryTimer = null;
    this.dropNodes();
    const wasReady = this.status === 'ready';
    this.status = 'end';
    if (wasReady) this.emit('close');
    if (again) this.retry();
  }

  async subscribe(...channels: readonly string[]): Promise<void> {
    // One at a time: a command names channels of one slot alone.
    await Promise.all(
      channels.map((channel) => {
        const node = this.nodeOf(channel);
        return this.options.isSharded ? node.ssubscribe(channel) : node.subscribe(channel);
      }),
    );
  }

  async unsubscribe(channel: string): Promise<void> {
    const node = this.nodeOf(channel);
    await (this.options.isSharded ? node.sunsubscribe(channel) : node.unsubscribe(channel));
  }

  /** Looks whether each slot has its master still, and gives a name that begins with `start` on each of the masters. */
  async probeNames(start: string): Promise<readonly string[]> {
    const ranges = await this.readSlots();
    if (JSON.stringify(ranges) !== JSON.stringify(this.ranges)) {
      this.disconnect(true);
      throw new Error('slots of the cluster moved');
    }
    const missing = new Set(ranges.map(({ master }) => master));
    const names: string[] = [];
    for (let index = 0; missing.size > 0 && index < 100_000; index += 1) {
      const name = `${start}/${index}`;
      if (missing.delete(this.masterOf(slotOf(name)) ?? '')) names.push(name);
    }
    return names;
  }

  private masterOf(slot: number): string | undefined {
    return this.ranges.find(({ first, last }) => first <= slot && slot <= last)?.master;
  }

  private nodeOf(channel: string): Redis {
    const [first] = this.nodes.values();
    const node = this.options.isSharded ? this.nodes.get(this.masterOf(slotOf(channel)) ?? '') : first;
    if (node === undefined) throw new Error('Connection is closed.');
    return node;
  }

  private async readSlots(): Promise<readonly SlotRange[]> {
    const answer = await this.options.commands.cluster('SLOTS');
    return answer
      .map(([first, last, ...nodes]) => ({
        first,
        last,
        master: `${nodes[0]?.[0] ?? ''}:${nodes[0]?.[1] ?? 0}`,
      }))
      .sort((a, b) => a.first - b.first);
  }

  private async connectNode(master: string, current: number): Promise<void> {
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(master) ?? [];
    const node = new Redis({ ...this.options.settings, host, port: Number(port), retryStrategy: () => null });
    this.nodes.set(master, node);
    const lose = () => {
      if (current === this.generation) this.disconnect(true);
    };
    node.on('error', (error: Error) => {
      this.emit('error', error);
      // A slot that moves away unsubscribes its channels unasked, which ioredis takes for an answer to nothing.
      if (error.message.startsWith('Command queue state error')) lose();
    });
    // ioredis answers a SSUBSCRIBE of a slot that has moved with this event, and never settles the call.
    node.on('moved', lose);
    for (const event of ['message', 'smessage'])
      node.on(event, (channel: string, text: string) => {
        if (current === this.generation) this.emit('message', channel, text);
      });
    await node.connect();
    node.on('close', lose);
  }

  private dropNodes(): void {
    for (const node of this.nodes.values()) {
      (node.stream as Redis['stream'] | undefined)?.on('error', () => undefined);
      node.disconnect();
    }
    this.nodes.clear();
  }

  private retry(): void {
    this.attempts += 1;
    const delayMs = this.options.retryStrategy(this.attempts);
    if (delayMs === null) return;
    this.retryTimer = setTimeout(() => {
      this.retryTimer = null;
      const connecting = this.connect();
      const current = this.generation;
      connecting.catch((error: unknown) => {
        this.emit('error', error);
        if (current === this.generation) this.retry();
      });
    }, delayMs);
  }
}
