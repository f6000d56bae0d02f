/** The contract of event buses, held by Redis; and what only a server elsewhere can go through. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { BusState, EventBus } from '../../server/bus/event-bus.js';
import { createRedisBus } from '../../server/bus/redis-bus.js';
import { eventually } from '../support/eventually.js';
import { createInbox } from '../support/inbox.js';
import { commandOf } from '../support/records.js';
import { startRedisProcess, type RedisProcess } from '../support/redis-process.js';
import { createTcpProxy } from '../support/tcp-proxy.js';
import { changeAt, describeEventBus, listenTo } from './event-bus.contract.js';

let redis: RedisProcess;
beforeAll(async () => {
  redis = await startRedisProcess();
});
afterAll(() => redis.dispose());

describeEventBus('the Redis bus', async () => {
  const options = { url: redis.url, keyPrefix: `test-${randomUUID()}:` };
  const bus = createRedisBus(options);
  const other = createRedisBus(options);
  await Promise.all([bus.open(), other.open()]);
  return {
    bus,
    other,
    dispose: async () => {
      await bus.close();
      await other.close();
    },
  };
});

describe('the Redis bus over the wire', () => {
  /** A bus that ends with the test, and each change of its state. */
  const open = async (url = redis.url, keyPrefix = `test-${randomUUID()}:`) => {
    const bus = createRedisBus({ url, keyPrefix, callTimeoutMs: 500 });
    onTestFinished(() => bus.close());
    await bus.open();
    const states = createInbox<BusState>('states of the bus');
    bus.onStateChange((state) => states.put(state));
    return { bus, states };
  };

  const subscribers = async (bus: EventBus) => {
    await bus.ping();
    const answer = await redis.command('PUBSUB', 'CHANNELS');
    return answer.split('\r\n').filter((line) => line.includes(':events')).length;
  };

  it('counts a Redis that takes no writes as away, until it takes them again', async () => {
    const { bus, states } = await open();
    onTestFinished(async () => void (await redis.command('CONFIG', 'SET', 'maxmemory', '0')));
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    expect(await states.next()).toBe('disconnected');
    await expect(bus.ping()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    expect(await states.next()).toBe('connected');
    await bus.ping();
  });

  it('looks anew for a primary where it talks to a replica', async () => {
    const { states } = await open();
    onTestFinished(async () => void (await redis.command('REPLICAOF', 'NO', 'ONE')));
    await redis.command('REPLICAOF', '127.0.0.1', '1');
    expect(await states.next()).toBe('disconnected');
    await redis.command('REPLICAOF', 'NO', 'ONE');
    expect(await states.next()).toBe('connected');
  });

  it('hears for everybody who came while it was being opened, whenever that was', async () => {
    const keyPrefix = `test-${randomUUID()}:`;
    const { bus: other } = await open(redis.url, keyPrefix);
    const bus = createRedisBus({ url: redis.url, keyPrefix });
    onTestFinished(() => bus.close());
    const states: BusState[] = [];
    bus.onStateChange((state) => states.push(state));
    const opening = bus.open();
    let isOpen = false;
    void opening.then(() => (isOpen = true));
    const listening: Awaited<ReturnType<typeof listenTo>>[] = [];
    // A newcomer at each turn of the event loop, so that one comes between any two steps of it.
    while (!isOpen) {
      listening.push(await listenTo(bus, `p-${listening.length}`));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([bus.state, ...states]).toEqual(['connected', 'connected']);
    const told = listening.map((_, index) => other.publishStored(changeAt(1, `p-${index}`)));
    await Promise.all(told);
    await Promise.all(listening.map(({ inbox }) => inbox.next()));
  });

  it('subscribes once a project, however many listen, and no more when the last has gone', async () => {
    const { bus } = await open();
    const before = await subscribers(bus);
    const listening = await Promise.all(Array.from({ length: 10 }, () => listenTo(bus, 'p')));
    expect(await subscribers(bus)).toBe(before + 1);
    const clients = await redis.command('CLIENT', 'LIST', 'TYPE', 'pubsub');
    expect(clients).toContain('sub=1 ');
    for (const { unsubscribe } of listening) unsubscribe();
    await eventually(async () => expect(await subscribers(bus)).toBe(before));
  });

  it('hears again after its subscribing connection was killed, and says so in between', async () => {
    const { bus, states } = await open();
    const { inbox } = await listenTo(bus, 'p');
    await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    expect(await states.next()).toBe('disconnected');
    expect(await states.next()).toBe('connected');
    await bus.commit(changeAt(1), 0);
    expect(await inbox.next()).toMatchObject({ kind: 'change' });
  });

  it('goes on after Redis was killed and started anew, scripts and states forgotten', async () => {
    const { bus, states } = await open();
    const { inbox } = await listenTo(bus, 'p');
    await bus.commit(changeAt(1), 0);
    await inbox.next();
    await redis.kill();
    expect(await states.next()).toBe('disconnected');
    const refusal = { code: 'UNAVAILABLE' };
    await expect(bus.commit(changeAt(2), 1)).rejects.toMatchObject(refusal);
    await expect(bus.read('p')).rejects.toMatchObject(refusal);
    await expect(bus.ping()).rejects.toMatchObject(refusal);
    await redis.start();
    expect(await states.next()).toBe('connected');
    expect(await bus.read('p')).toBeNull();
    expect(await bus.commit(changeAt(3), 1)).toEqual({ committed: true });
    expect(await inbox.next()).toMatchObject({ change: { event: { revision: 3 } } });
  });

  it('tells its own listeners of what is stored while Redis is away, also those who come then', async () => {
    const { bus, states } = await open();
    const early = await listenTo(bus, 'p');
    await redis.kill();
    expect(await states.next()).toBe('disconnected');
    const late = await listenTo(bus, 'p');
    await expect(bus.publishStored(changeAt(7))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(bus.publishCommand(commandOf())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    for (const { inbox } of [early, late]) {
      expect(await inbox.next()).toEqual({ kind: 'change', change: changeAt(7) });
      expect(await inbox.next()).toEqual({ kind: 'command', command: commandOf() });
    }
    await redis.start();
    expect(await states.next()).toBe('connected');
    const { bus: second } = await open(redis.url, 'another:');
    await second.close();
    await bus.commit(changeAt(8), 7);
    for (const { inbox } of [early, late]) {
      expect(await inbox.next()).toMatchObject({ change: { event: { revision: 8 } } });
    }
  });

  it('notices a path that swallows everything, rejects within its deadline, and comes back', async () => {
    await using proxy = await createTcpProxy(redis.port);
    const { bus, states } = await open(`redis://127.0.0.1:${proxy.port}`);
    const { inbox } = await listenTo(bus, 'p');
    proxy.swallow();
    const before = performance.now();
    await expect(bus.commit(changeAt(1), 0)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(await states.next()).toBe('disconnected');
    // A subscription resolves all the same: it is caught up with when Redis is back.
    const during = await listenTo(bus, 'q');
    await proxy.restore();
    proxy.cut();
    await states.until((state) => state === 'connected');
    await bus.commit(changeAt(2), 1);
    expect(await inbox.until(({ kind }) => kind === 'change')).toBeDefined();
    await bus.commit(changeAt(3, 'q'), 0);
    expect(await during.inbox.next()).toMatchObject({ change: { event: { revision: 3 } } });
  });

  it('notices a path that swallows everything while nobody says anything', async () => {
    await using proxy = await createTcpProxy(redis.port);
    const { bus, states } = await open(`redis://127.0.0.1:${proxy.port}`);
    await listenTo(bus, 'p');
    proxy.swallow();
    expect(await states.next()).toBe('disconnected');
  });

  it('keeps apart what has different prefixes', async () => {
    const one = await open();
    const two = await open();
    await one.bus.commit(changeAt(5), 0);
    expect(await two.bus.read('p')).toBeNull();
  });

  it('keeps apart what is on different databases, on the channels too', async () => {
    const keyPrefix = `test-${randomUUID()}:`;
    const { bus: first } = await open(`${redis.url}/0`, keyPrefix);
    const { bus: second } = await open(`${redis.url}/1`, keyPrefix);
    const { inbox } = await listenTo(second, 'p');
    await first.commit(changeAt(5), 0);
    await first.publishCommand(commandOf());
    await second.commit(changeAt(1), 0);
    // Redis delivers in order: by now the other's message would have come, too.
    expect(await inbox.next()).toMatchObject({ kind: 'change', change: { event: { revision: 1 } } });
    expect(inbox.all).toHaveLength(1);
  });

  it('lets a state expire', async () => {
    const bus = createRedisBus({ url: redis.url, keyPrefix: `test-${randomUUID()}:`, stateTtlMs: 20 });
    onTestFinished(() => bus.close());
    await bus.open();
    await bus.commit(changeAt(5), 0);
    await expect.poll(() => bus.read('p')).toBeNull();
  });

  it('says in a sentence, without the password, that nothing answers at the address', async () => {
    const bus = createRedisBus({ url: 'redis://user:secret@127.0.0.1:1', callTimeoutMs: 300 });
    const refused: unknown = await bus.open().catch((error: unknown) => error);
    expect(String(refused)).toMatch(
      /REDIS_URL: cannot connect to Redis at redis:\/\/127\.0\.0\.1:1 .*: check/,
    );
    expect(String(refused)).not.toContain('secret');
    await using proxy = await createTcpProxy(1);
    proxy.swallow();
    const silent = createRedisBus({ url: `redis://127.0.0.1:${proxy.port}`, callTimeoutMs: 300 });
    await expect(silent.open()).rejects.toThrow(/REDIS_URL: /);
  });
});
