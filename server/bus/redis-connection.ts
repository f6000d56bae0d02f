/**
 * The two connections of the Redis bus, one for commands and one for SUBSCRIBE: kept alive, given up on when they say
 * nothing, and opened again for ever. Knows nothing of what is sent over them.
 */
import { Redis, ReplyError, type RedisOptions } from 'ioredis';
import { backoffDelayMs } from '../shared/backoff.js';
import { silentLogger, type Logger } from '../observability/logger.js';
import { withoutPassword } from '../observability/redact-url.js';
import type { BusState } from './event-bus.js';

/** What the connections are made of. */
export interface RedisConnectionOptions {
  readonly url: string;
  /** Longest wait for any answer, in milliseconds; a connection that takes longer is opened anew. */
  readonly callTimeoutMs: number;
  readonly logger?: Logger;
  /** Writes something small: a Redis that is full, or a replica by now, answers pings and does no more. */
  readonly heartbeat: (commands: Redis) => Promise<unknown>;
  /** Runs each time the subscribing connection is up; the state is `connected` once it resolves. */
  readonly resubscribe: (subscriber: Redis) => Promise<void>;
  readonly onState: (state: BusState) => void;
}

/** Both connections, open. */
export interface RedisConnection {
  /** Begins to publish state changes; none is published before. */
  start(): void;
  readonly state: BusState;
  readonly commands: Redis;
  readonly subscriber: Redis;
  /** Whether this is an error that Redis replied with: the connection works. */
  isErrorReply(error: unknown): boolean;
  /** Opens both anew, because one of them cannot be trusted. */
  reconnect(): void;
  close(): void;
}

/** Delay between attempts to reconnect. */
const RECONNECT_BACKOFF = { minMs: 100, maxMs: 1_000 };
const HEARTBEAT_MS = 2_000;

/** Opens both connections, or rejects with a sentence. */
export async function connectRedis(options: RedisConnectionOptions): Promise<RedisConnection> {
  const { url, callTimeoutMs, heartbeat, resubscribe, onState } = options;
  const logger = options.logger ?? silentLogger;
  const isErrorReply = (error: unknown) => error instanceof ReplyError;
  let isOpen = false;
  let hasStarted = false;
  let lastError: Error | null = null;
  let state: BusState = 'disconnected';
  const up = { commands: false, subscriber: false };

  const settings: RedisOptions = {
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
    retryStrategy: (attempt) => (isOpen ? backoffDelayMs(RECONNECT_BACKOFF, attempt) : null),
  };

  const update = () => {
    const next = up.commands && up.subscriber ? 'connected' : 'disconnected';
    if (next === state || !hasStarted) return;
    state = next;
    logger[next === 'connected' ? 'info' : 'warn'](
      { dependency: 'redis', error: next === 'connected' ? null : (lastError?.message ?? null) },
      next === 'connected' ? 'Redis connected' : 'Redis disconnected',
    );
    onState(next);
  };

  const createConnection = (name: 'commands' | 'subscriber', whenUp: (redis: Redis) => Promise<unknown>) => {
    const redis = new Redis(url, settings);
    /** Counts connections, so that what a former one resolves to is not taken for the present one. */
    let generation = 0;
    redis.on('error', (error: Error) => {
      lastError = error;
    });
    redis.on('close', () => {
      generation += 1;
      up[name] = false;
      update();
    });
    redis.on('ready', () => {
      const current = generation;
      whenUp(redis).then(
        () => {
          if (current !== generation) return;
          up[name] = true;
          update();
        },
        (error: unknown) => {
          if (error instanceof Error) lastError = error;
          // A Redis that refuses to write is asked again by the heartbeat.
          if (name === 'commands') return;
          logger.warn({ dependency: 'redis', error: String(error) }, 'Redis subscribe failed');
          if (current === generation) redis.disconnect(true);
        },
      );
    });
    return redis;
  };

  const commands = createConnection('commands', heartbeat);
  const subscriber = createConnection('subscriber', resubscribe);
  const both = [commands, subscriber];

  try {
    await Promise.all(both.map((redis) => redis.connect()));
    await Promise.all([heartbeat(commands), subscriber.ping()]);
  } catch (cause) {
    for (const redis of both) redis.disconnect();
    const reason = lastError ?? cause;
    throw new Error(
      `REDIS_URL: cannot connect to Redis at ${withoutPassword(url)} ` +
        `(${reason instanceof Error ? reason.message : String(reason)}): check the address, the password and that it runs.`,
      { cause },
    );
  }
  isOpen = true;
  Object.assign(up, { commands: true, subscriber: true });

  const setCommandsUp = (isUp: boolean) => {
    up.commands = isUp;
    update();
  };

  const onHeartbeatFailed = (error: Error) => {
    if (!isErrorReply(error)) return commands.disconnect(true);
    lastError = error;
    setCommandsUp(false);
    // Its address may lead to the new primary by now.
    if (error.message.startsWith('READONLY')) commands.disconnect(true);
  };

  // So that a dead path is noticed also when nothing is said over it.
  const heartbeatTimer = setInterval(() => {
    if (subscriber.status === 'ready') subscriber.ping().catch(() => subscriber.disconnect(true));
    if (commands.status === 'ready') heartbeat(commands).then(() => setCommandsUp(true), onHeartbeatFailed);
  }, HEARTBEAT_MS);
  heartbeatTimer.unref();

  return {
    start: () => {
      hasStarted = true;
      update();
    },
    get state() {
      return state;
    },
    commands,
    subscriber,
    isErrorReply,
    reconnect: () => {
      for (const redis of both) if (redis.status === 'ready') redis.disconnect(true);
    },
    close: () => {
      clearInterval(heartbeatTimer);
      isOpen = false;
      for (const redis of both) redis.disconnect();
    },
  };
}
