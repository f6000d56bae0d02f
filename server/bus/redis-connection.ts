/**
 * The two connections of the Redis bus, one for commands and one for SUBSCRIBE: kept alive, probed by the path that
 * events take, given up on when they say nothing, and opened again for ever. Knows nothing of what is sent over them.
 */
import type { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { Cluster, Redis, ReplyError, type RedisOptions } from 'ioredis';
import { backoffDelayMs } from '../shared/backoff.js';
import { systemClock } from '../shared/clock.js';
import { createSingleFlight } from '../shared/single-flight.js';
import { sleep, withTimeout } from '../shared/sleep.js';
import { silentLogger, type Logger } from '../observability/logger.js';
import type { BusState } from './event-bus.js';
import { RedisClusterSubscriber } from './redis-cluster-subscriber.js';
import { refusalOf, SENTINEL } from './redis-refusal.js';
import { parseRedisUrl, type RedisAddress } from '../shared/redis-url.js';

/** A pair of connections that are up. */
export interface RedisPair {
  readonly commands: Redis | Cluster;
  readonly subscriber: RedisSubscriber;
}

/** What a connection is used for whatever it leads to. */
interface Link {
  on: EventEmitter['on'];
  readonly status: string;
  connect(): Promise<void>;
  disconnect(again?: boolean): void;
}

/** A connection for SUBSCRIBE, or what looks like one on a cluster. */
export interface RedisSubscriber extends Link {
  subscribe(...channels: string[]): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
}

/** What the connections are made of. */
export interface RedisConnectionOptions {
  readonly url: string;
  /** Path of a file with the certificates of the authorities that are trusted, in PEM; null for those of Node. */
  readonly tlsCaFile: string | null;
  /** What our keys and channels begin with, for the advice if Redis refuses them. */
  readonly prefix: string;
  /** Longest wait for any answer, in milliseconds; a connection that takes longer is opened anew. */
  readonly callTimeoutMs: number;
  readonly logger?: Logger;
  /**
   * Sends something the way that events go and resolves once it was heard: a Redis that is full, a replica by now, or
   * that has taken a right away, answers pings and does no more.
   */
  readonly probe: (pair: RedisPair, projectId: string) => Promise<void>;
  /** What the ids of probed projects begin with. */
  readonly probeStart: string;
  /** Subscribes to everything that is listened to, each time the subscribing connection is up. */
  readonly resubscribe: (subscriber: RedisSubscriber) => Promise<void>;
  readonly onMessage: (channel: string, text: string) => void;
  readonly onState: (state: BusState) => void;
}

/** Both connections, open. */
export interface RedisConnection extends RedisPair {
  /** Begins to publish state changes; none is published before. */
  start(): void;
  readonly state: BusState;
  /** Probes once more; rejects if what was sent is not heard. */
  probe(): Promise<void>;
  /** Whether this is an error that Redis replied with: the connection works. */
  isErrorReply(error: unknown): boolean;
  /** Opens both anew, because one of them cannot be trusted. */
  reconnect(): void;
  close(): void;
}

/** Delay between attempts to reconnect. */
const RECONNECT_BACKOFF = { minMs: 100, maxMs: 1_000 };
const HEARTBEAT_MS = 2_000;
/** How long until a Redis that is still reading its file is asked again. */
const LOADING_RETRY_MS = 200;

const wordsOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
const ignore = () => undefined;
/** SNI knows names alone. */
const serverNameOf = (host: string) => (isIP(host) === 0 ? { servername: host } : {});

/** Rejects if this is a sentinel, or a node of a cluster, even one that happens to serve what is probed. */
async function refuseOtherTopologies(commands: Redis, prefix: string): Promise<void> {
  try {
    // Keys of two slots: a cluster takes them in no script. It asks for no right beside those of every script.
    await commands.eval('return 1', 2, `${prefix}{a}`, `${prefix}{b}`);
  } catch (error) {
    if (!wordsOf(error).includes('unknown command')) throw error;
    const role: unknown = await commands.role().catch(() => null);
    throw Array.isArray(role) && role[0] === 'sentinel' ? new Error(SENTINEL) : error;
  }
}

function serversOf({ hosts, masterName }: RedisAddress): RedisOptions {
  return masterName === null ? hosts[0] : { sentinels: [...hosts], name: masterName };
}

function createCluster(
  { hosts }: RedisAddress,
  settings: RedisOptions,
  retryStrategy: (attempt: number) => number | null,
): Cluster {
  const { host: _host, port: _port, db: _db, retryStrategy: _retry, ...redisOptions } = settings;
  return new Cluster([...hosts], {
    lazyConnect: true,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    clusterRetryStrategy: retryStrategy,
    slotsRefreshTimeout: settings.commandTimeout ?? 0,
    // As above: no resend of what may have been done.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    redisOptions,
    // A certificate is for the name.
    dnsLookup: (address, callback) => callback(null, address),
  });
}

/** Opens both connections, or rejects with a sentence. */
export async function connectRedis(options: RedisConnectionOptions): Promise<RedisConnection> {
  const { url, callTimeoutMs, resubscribe, onState } = options;
  const logger = options.logger ?? silentLogger;
  const isErrorReply = (error: unknown) => error instanceof ReplyError;
  let isOpen = false;
  let hasStarted = false;
  let lastError: Error | null = null;
  let state: BusState = 'disconnected';
  const flight = createSingleFlight<void>();
  /** What has worked since the connections were opened last. */
  const up = { commands: false, subscriber: false, path: false };

  const address = parseRedisUrl(url);
  const tls = {
    ...serverNameOf(address.hosts[0].host),
    ...(options.tlsCaFile === null ? {} : { ca: readFileSync(options.tlsCaFile) }),
  };
  const retryStrategy = (attempt: number) => (isOpen ? backoffDelayMs(RECONNECT_BACKOFF, attempt) : null);
  const settings: RedisOptions = {
    ...serversOf(address),
    db: address.database,
    ...(address.username === null ? {} : { username: address.username }),
    ...(address.password === null ? {} : { password: address.password }),
    ...(address.family === null ? {} : { family: address.family }),
    ...(address.tls ? { tls } : {}),
    ...(address.tls && address.masterName !== null
      ? { sentinelTLS: tls, enableTLSForSentinelMode: true }
      : {}),
    lazyConnect: true,
    connectTimeout: callTimeoutMs,
    commandTimeout: callTimeoutMs,
    // Expecting an answer and hearing nothing for so long: the path is dead, whatever TCP believes.
    socketTimeout: callTimeoutMs,
    // No offline queue and no resend: the caller gets the error at once and decides.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    // Both need rights of their own; the probe says more.
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy,
    sentinelRetryStrategy: retryStrategy,
    sentinelCommandTimeout: callTimeoutMs,
  };

  const update = () => {
    const next = up.commands && up.subscriber && up.path ? 'connected' : 'disconnected';
    if (next === state || !hasStarted) return;
    state = next;
    logger[next === 'connected' ? 'info' : 'warn'](
      { dependency: 'redis', error: next === 'connected' ? null : (lastError?.message ?? null) },
      next === 'connected' ? 'Redis connected' : 'Redis disconnected',
    );
    onState(next);
  };

  /** Logs a refusal once, and not at each attempt. */
  let lastRefusal: string | null = null;
  const onRefused = (error: unknown, what: string) => {
    if (error instanceof Error) lastError = error;
    if (wordsOf(error) !== lastRefusal) logger.warn({ dependency: 'redis', error: wordsOf(error) }, what);
    lastRefusal = wordsOf(error);
  };

  /** Counts connections, so that what a former one resolves to is not taken for the present one. */
  let generation = 0;

  const supervise = (name: keyof RedisPair, link: Link) => {
    link.on('error', (error: Error) => {
      // What a cluster's nodes said is in the error of all of them.
      lastError = (error as { lastNodeError?: Error | null }).lastNodeError ?? error;
    });
    link.on('close', () => {
      generation += 1;
      up[name] = false;
      up.path = false;
      update();
    });
    link.on('ready', () => {
      if (isOpen) void check();
    });
  };

  /** Ends a connection, or opens it anew. */
  const disconnect = (redis: Link, again = false) => {
    // ioredis listens for one error of a socket; one that is given up in the midst of a TLS handshake has two.
    (redis as { stream?: Redis['stream'] }).stream?.on('error', ignore);
    redis.disconnect(again);
  };

  const cluster = address.topology === 'cluster' ? createCluster(address, settings, retryStrategy) : null;
  const commands = cluster ?? new Redis(settings);
  const clusterSubscriber =
    cluster === null
      ? null
      : new RedisClusterSubscriber({
          commands: cluster,
          isSharded: address.isSharded,
          settings,
          retryStrategy,
        });
  const subscriber: RedisSubscriber = clusterSubscriber ?? new Redis(settings);
  const pair: RedisPair = { commands, subscriber };
  supervise('commands', commands);
  supervise('subscriber', subscriber);
  const both: readonly Link[] = [commands, subscriber];
  subscriber.on('message', options.onMessage);

  const probeAll = async () => {
    const names = (await clusterSubscriber?.probeNames(options.probeStart)) ?? [options.probeStart];
    for (const name of names) await options.probe(pair, name);
  };

  /** Resolves once the probe that runs, or a new one, has passed. */
  const probe = () =>
    flight.run('probe', () =>
      withTimeout(
        systemClock,
        probeAll(),
        callTimeoutMs,
        () => new Error(`what was published was not heard within ${callTimeoutMs} ms`),
      ),
    );

  /** Brings up what is connected: subscribes, and probes the path. */
  const check = async (): Promise<void> => {
    if (commands.status !== 'ready' || subscriber.status !== 'ready') return;
    const current = generation;
    up.commands = true;
    try {
      if (!up.subscriber) await resubscribe(subscriber);
      if (current !== generation) return;
      up.subscriber = true;
      await probe();
      if (current !== generation) return;
      up.path = true;
      lastRefusal = null;
      update();
    } catch (error) {
      if (current !== generation) return;
      onRefused(error, 'Redis probe failed');
      up.path = false;
      update();
      // Without an answer there is no telling which of both is dead; its address may lead to the new primary by now.
      if (!isErrorReply(error) || wordsOf(error).includes('READONLY')) reconnect();
    }
  };

  const reconnect = () => {
    for (const redis of both) if (redis.status === 'ready') disconnect(redis, true);
  };

  try {
    // One after the other: what the first is refused for, the second would be too.
    for (const redis of both) await redis.connect();
    for (;;) {
      try {
        if (commands instanceof Redis) await refuseOtherTopologies(commands, options.prefix);
        await resubscribe(subscriber);
        await probe();
        break;
      } catch (error) {
        if (!wordsOf(error).startsWith('LOADING')) throw error;
        await sleep(systemClock, LOADING_RETRY_MS);
      }
    }
  } catch (cause) {
    for (const redis of both) disconnect(redis);
    const isRefusal = isErrorReply(cause) || wordsOf(cause) === SENTINEL;
    const reason: unknown = isRefusal ? cause : (lastError ?? cause);
    throw new Error(refusalOf(url, wordsOf(reason), options.prefix), { cause });
  }
  isOpen = true;
  Object.assign(up, { commands: true, subscriber: true, path: true });

  // So that a dead path is noticed also when nothing is said over it.
  const heartbeatTimer = setInterval(() => void check(), HEARTBEAT_MS);
  heartbeatTimer.unref();

  return {
    ...pair,
    start: () => {
      hasStarted = true;
      update();
    },
    get state() {
      return state;
    },
    probe,
    isErrorReply,
    reconnect,
    close: () => {
      clearInterval(heartbeatTimer);
      isOpen = false;
      for (const redis of both) disconnect(redis);
    },
  };
}
