/**
 * The two connections of the Redis bus, one for commands and one for SUBSCRIBE: kept alive, given up on when they say
 * nothing, and opened again for ever. Knows nothing of what is sent over them.
 */
import { Redis, ReplyError, type RedisOptions } from 'ioredis';
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
  readonly beat: (commands: Redis) => Promise<unknown>;
  /** Runs each time the subscribing connection is up; the state is `connected` once it resolves. */
  readonly resubscribe: (subscriber: Redis) => Promise<void>;
  readonly onState: (state: BusState) => void;
}

/** Both connections, open. */
export interface RedisConnection {
  /** Lets it be told that they are there; nothing is told before. */
  begin(): void;
  readonly state: BusState;
  readonly commands: Redis;
  readonly subscriber: Redis;
  /** Whether Redis answered, and refused: the connection is sound. */
  isRefusal(error: unknown): boolean;
  /** Opens both anew, because one of them cannot be trusted. */
  reconnect(): void;
  close(): void;
}

const RETRY_MOST_MS = 1_000;
const HEARTBEAT_MS = 2_000;

/** Opens both connections, or rejects with a sentence. */
export async function connectRedis(options: RedisConnectionOptions): Promise<RedisConnection> {
  const { url, callTimeoutMs, beat, resubscribe, onState } = options;
  const logger = options.logger ?? silentLogger;
  const isRefusal = (error: unknown) => error instanceof ReplyError;
  let isOpen = false;
  let hasBegun = false;
  let lastError: Error | null = null;
  let state: BusState = 'disconnected';
  const up = { commands: false, subscriber: false };

  const settings: RedisOptions = {
    lazyConnect: true,
    connectTimeout: callTimeoutMs,
    commandTimeout: callTimeoutMs,
    // Expecting an answer and hearing nothing for so long: the path is dead, whatever TCP believes.
    socketTimeout: callTimeoutMs,
    // Nothing waits in a queue or is sent twice: whoever called hears at once, and decides anew.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    retryStrategy: (attempt) => (isOpen ? Math.min(50 * 2 ** Math.min(attempt, 10), RETRY_MOST_MS) : null),
  };

  const update = () => {
    const next = up.commands && up.subscriber ? 'connected' : 'disconnected';
    if (next === state || !hasBegun) return;
    state = next;
    logger[next === 'connected' ? 'info' : 'warn'](
      { dependency: 'redis', error: next === 'connected' ? null : (lastError?.message ?? null) },
      next === 'connected' ? 'Redis is there' : 'Redis is away',
    );
    onState(next);
  };

  const connectionNamed = (name: 'commands' | 'subscriber', whenUp: (redis: Redis) => Promise<unknown>) => {
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
          logger.warn({ dependency: 'redis', error: String(error) }, 'Redis could not be subscribed to');
          if (current === generation) redis.disconnect(true);
        },
      );
    });
    return redis;
  };

  const commands = connectionNamed('commands', beat);
  const subscriber = connectionNamed('subscriber', resubscribe);
  const both = [commands, subscriber];

  try {
    await Promise.all(both.map((redis) => redis.connect()));
    await Promise.all([beat(commands), subscriber.ping()]);
  } catch (cause) {
    for (const redis of both) redis.disconnect();
    const said = lastError ?? cause;
    throw new Error(
      `REDIS_URL: no Redis that lets us in answers at ${withoutPassword(url)} ` +
        `(${said instanceof Error ? said.message : String(said)}): check the address, the password and that it runs.`,
      { cause },
    );
  }
  isOpen = true;
  Object.assign(up, { commands: true, subscriber: true });

  const setCommandsUp = (isUp: boolean) => {
    up.commands = isUp;
    update();
  };

  const refused = (error: Error) => {
    if (!isRefusal(error)) return commands.disconnect(true);
    lastError = error;
    setCommandsUp(false);
    // Its address may lead to the new primary by now.
    if (error.message.startsWith('READONLY')) commands.disconnect(true);
  };

  // So that a dead path is noticed also when nothing is said over it.
  const heartbeat = setInterval(() => {
    if (subscriber.status === 'ready') subscriber.ping().catch(() => subscriber.disconnect(true));
    if (commands.status === 'ready') beat(commands).then(() => setCommandsUp(true), refused);
  }, HEARTBEAT_MS);
  heartbeat.unref();

  return {
    begin: () => {
      hasBegun = true;
      update();
    },
    get state() {
      return state;
    },
    commands,
    subscriber,
    isRefusal,
    reconnect: () => {
      for (const redis of both) if (redis.status === 'ready') redis.disconnect(true);
    },
    close: () => {
      clearInterval(heartbeat);
      isOpen = false;
      for (const redis of both) redis.disconnect();
    },
  };
}
