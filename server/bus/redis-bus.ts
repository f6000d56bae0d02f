/**
 * The event bus over Redis, for several servers: one SUBSCRIBE a watched project, the latest state in a hash that
 * expires, and every change a script that compares and sets. Leaves the connections to `redis-connection.ts`, the
 * scripts to `redis-scripts.ts`, and storage to the store.
 */
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { ProgressError } from '../shared/errors.js';
import { silentLogger, type Logger } from '../observability/logger.js';
import { readOrLog, parseRecord } from '../progress/record-codec.js';
import { parseMessage, parseRows, serializeChange, serializeCommand, serializeRows } from './bus-codec.js';
import { encodeId } from '@ingestion-progress/schema/ids';
import type { BusMessage, BusState, CommitOutcome, EventBus, RowBatch, Unsubscribe } from './event-bus.js';
import { parseRedisUrl } from '../shared/redis-url.js';
import {
  connectRedis,
  type RedisConnection,
  type RedisPair,
  type RedisSubscriber,
} from './redis-connection.js';
import * as scripts from './redis-scripts.js';

/** Options of the Redis bus. */
export interface RedisBusOptions {
  /** `redis://…`, `redis+sentinel://…/name` or `redis+cluster://…`; `rediss…` for TLS. */
  readonly url: string;
  /**
   * Path of a PEM file with the certificates of the authorities that a `rediss://` address is trusted by.
   * @default null, those of Node
   */
  readonly tlsCaFile?: string | null;
  /** Told of losses and returns, and of messages that do not parse. */
  readonly logger?: Logger;
  /**
   * What keys and channels begin with; servers that shall not meet have different ones.
   * @default 'ingestion-progress:'
   */
  readonly keyPrefix?: string;
  /**
   * How long a state is kept after its last change, in milliseconds; after that readers go to the store.
   * @default 3_600_000
   */
  readonly stateTtlMs?: number;
  /**
   * Longest wait for any answer, in milliseconds; then the call rejects with `UNAVAILABLE`.
   * @default 2_000
   */
  readonly callTimeoutMs?: number;
}

/** Lifetime of the key that each probe writes, in milliseconds. */
const PROBE_TTL_MS = '60000';
/** Channels in one SUBSCRIBE after a reconnect. */
const CHANNELS_PER_CALL = 500;

function parseSafely<T>(parse: (text: string) => T, text: string, logger: Logger, channel: string): T | null {
  try {
    return parse(text);
  } catch (error) {
    logger.error({ channel, error: String(error) }, 'unparsable message from Redis');
    return null;
  }
}

/** Creates a bus over Redis. */
export function createRedisBus(options: RedisBusOptions): EventBus {
  const logger = options.logger ?? silentLogger;
  const prefix = options.keyPrefix ?? 'ingestion-progress:';
  const stateTtlMs = String(options.stateTtlMs ?? 3_600_000);
  const busId = randomUUID();
  /** This process's listeners, by channel. */
  const emitter = new EventEmitter().setMaxListeners(0);
  /** SUBSCRIBEs that were sent over the present connection, by channel. */
  const subscribing = new Map<string, Promise<unknown>>();
  const stateChanges = new EventEmitter().setMaxListeners(0);
  let connection: RedisConnection | null = null;

  // Braces, so that a cluster keeps what belongs to a project in one place.
  const stateKey = (tag: string) => `${prefix}{${tag}}:state`;
  // Channels know no databases. The first has none in its name, as servers of older versions have it.
  const { database, isSharded, topology } = parseRedisUrl(options.url);
  const publishing = isSharded ? 'SPUBLISH' : 'PUBLISH';
  const events = database === 0 ? 'events' : `events/${database}`;
  const channelOf = (tag: string) => `${prefix}{${tag}}:${events}`;

  const unavailable = (cause: unknown) =>
    new ProgressError('UNAVAILABLE', 'Redis unavailable; retry.', { cause });

  const withCommands = async <T>(task: (commands: RedisPair['commands']) => Promise<T>): Promise<T> => {
    if (connection === null) throw unavailable('the bus is not open');
    try {
      return await task(connection.commands);
    } catch (error) {
      throw error instanceof ProgressError ? error : unavailable(error);
    }
  };

  const evaluate = async (
    commands: RedisPair['commands'],
    script: scripts.RedisScript,
    tag: string,
    args: readonly string[],
  ) => {
    const key = stateKey(tag);
    try {
      return (await commands.evalsha(script.sha, 1, key, ...args)) as readonly string[];
    } catch (error) {
      // A Redis that was started anew has forgotten its scripts.
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return (await commands.eval(script.lua, 1, key, ...args)) as readonly string[];
    }
  };

  const run = (script: scripts.RedisScript, projectId: string, args: readonly string[]) =>
    withCommands((commands) => evaluate(commands, script, encodeId(projectId), args));

  /** Start of the tags of rows: no encoded id of a project holds a slash. */
  const ROWS = 'rows/';
  /** A tag of this server alone: no encoded id of a project holds a slash. */
  const probeStart = `probe/${busId}`;
  /** The probe that was sent last, until it is heard. */
  let awaited: { readonly text: string; readonly onHeard: () => void } | null = null;
  let probes = 0;

  /** Does everything that a project needs, and resolves once what was published is heard. */
  const probe = async ({ commands, subscriber }: RedisPair, probeId: string): Promise<void> => {
    const channel = channelOf(probeId);
    const event = String((probes += 1));
    const heard = new Promise<void>((onHeard) => {
      awaited = { text: scripts.changeMessage(event, '0'), onHeard };
    });
    await subscriber.subscribe(channel);
    await evaluate(commands, scripts.COMMIT[publishing], probeId, [
      '0',
      '0',
      '0',
      event,
      channel,
      PROBE_TTL_MS,
    ]);
    await heard;
    // For a millisecond, so that it is open again even if the next step is refused.
    await evaluate(commands, scripts.CLOSE, probeId, ['0', busId, '1']);
    await evaluate(commands, scripts.REOPEN, probeId, [busId]);
    await commands.hget(stateKey(probeId), 'record');
    await subscriber.unsubscribe(channel);
  };

  const outcomeOf = ([kind, detail]: readonly string[], projectId: string): CommitOutcome => {
    if (kind === 'closing')
      return { committed: false, reason: 'closing', untilMs: Date.now() + Number(detail) };
    if (kind === 'stale') {
      const current = parseRecord(detail, `state of project ${projectId} in Redis`);
      return { committed: false, reason: 'stale', current };
    }
    return { committed: true };
  };

  const receive = (channel: string, text: string) => {
    if (channel.startsWith(`${prefix}{${probeStart}`)) {
      if (text === awaited?.text) awaited.onHeard();
      return;
    }
    const parse: (text: string) => BusMessage | RowBatch = channel.startsWith(`${prefix}{${ROWS}`)
      ? parseRows
      : parseMessage;
    const message = parseSafely(parse, text, logger, channel);
    if (message !== null) emitter.emit(channel, message);
  };

  const subscribeChannel = async (subscriber: RedisSubscriber, channel: string): Promise<void> => {
    const pending = subscribing.get(channel) ?? subscriber.subscribe(channel);
    subscribing.set(channel, pending);
    await pending;
  };

  const resubscribe = async (subscriber: RedisSubscriber) => {
    const channels = emitter.eventNames().map(String);
    for (let from = 0; from < channels.length; from += CHANNELS_PER_CALL) {
      const some = channels.slice(from, from + CHANNELS_PER_CALL);
      const pending = subscriber.subscribe(...some);
      for (const channel of some) subscribing.set(channel, pending);
      await pending;
    }
  };

  /** Attaches a listener to a channel; resolves as `EventBus.subscribe` does. */
  const attach = async <T>(channel: string, listener: (message: T) => void): Promise<Unsubscribe> => {
    // Its own function each time: the same listener may be attached twice.
    const attached = (message: T) => listener(message);
    emitter.on(channel, attached);
    const unsubscribe = () => {
      if (!emitter.listeners(channel).includes(attached)) return;
      emitter.off(channel, attached);
      if (emitter.listenerCount(channel) > 0) return;
      subscribing.delete(channel);
      if (connection?.subscriber.status !== 'ready') return;
      connection.subscriber.unsubscribe(channel).catch(() => connection?.reconnect());
    };
    const subscriber = connection?.subscriber;
    // Without a connection the channel is subscribed once there is one, before `connected` is published.
    if (subscriber?.status !== 'ready') return unsubscribe;
    try {
      await subscribeChannel(subscriber, channel);
    } catch (error) {
      subscribing.delete(channel);
      if (connection?.isErrorReply(error) === true) {
        unsubscribe();
        throw unavailable(error);
      }
      connection?.reconnect();
    }
    return unsubscribe;
  };

  const publish = (channel: string, text: string): Promise<number> =>
    withCommands(async (commands) =>
      Number(await (isSharded ? commands.spublish(channel, text) : commands.publish(channel, text))),
    );

  const onState = (state: BusState) => {
    if (state === 'disconnected') subscribing.clear();
    stateChanges.emit('state', state);
  };

  return {
    name: 'redis',
    sharedBetweenServers: true,
    get state() {
      return connection?.state ?? 'disconnected';
    },
    open: async () => {
      if (connection !== null) return;
      const callTimeoutMs = options.callTimeoutMs ?? 2_000;
      const { url, tlsCaFile = null } = options;
      const parts = { callTimeoutMs, logger, probe, probeStart, resubscribe, onMessage: receive, onState };
      connection = await connectRedis({ url, tlsCaFile, prefix, ...parts });
      // Listeners attached since the subscribing connection is up are not subscribed yet, or may have missed something.
      await resubscribe(connection.subscriber).catch(() => connection?.reconnect());
      connection?.start();
    },
    close: async () => {
      const closing = connection;
      connection = null;
      emitter.removeAllListeners();
      stateChanges.removeAllListeners();
      closing?.close();
    },
    ping: () => withCommands(() => connection?.probe() ?? Promise.resolve()),

    subscribe: (projectId, listener) => attach<BusMessage>(channelOf(encodeId(projectId)), listener),

    read: async (projectId) => {
      const text = await withCommands((commands) => commands.hget(stateKey(encodeId(projectId)), 'record'));
      const what = `state of project ${projectId} in Redis`;
      return text === null ? null : readOrLog(logger, what, null, () => parseRecord(text, what));
    },

    commit: async (change, baseRevision) => {
      const { projectId, revision } = change.record.progress;
      const { event, record } = serializeChange(change);
      const args = [
        String(baseRevision),
        String(revision),
        record,
        event,
        channelOf(encodeId(projectId)),
        stateTtlMs,
      ];
      return outcomeOf(await run(scripts.COMMIT[publishing], projectId, args), projectId);
    },

    closeForEnding: async (projectId, change, baseRevision, ttlMs) => {
      const mark = scripts.closingMark(change.record.progress.revision, busId);
      const args = [String(baseRevision), mark, String(ttlMs)];
      return outcomeOf(await run(scripts.CLOSE, projectId, args), projectId);
    },

    reopen: async (projectId, revision) => {
      await run(scripts.REOPEN, projectId, [scripts.closingMark(revision, busId)]);
    },

    publishStored: async (change) => {
      const { projectId, revision } = change.record.progress;
      const { event, record } = serializeChange(change);
      const channel = channelOf(encodeId(projectId));
      try {
        await run(scripts.PUBLISH_STORED[publishing], projectId, [
          String(revision),
          record,
          event,
          channel,
          stateTtlMs,
        ]);
      } catch (error) {
        emitter.emit(channel, { kind: 'change', change });
        throw error;
      }
    },

    publishCommand: async (command) => {
      const channel = channelOf(encodeId(command.projectId));
      try {
        await publish(channel, serializeCommand(command));
      } catch (error) {
        emitter.emit(channel, { kind: 'command', command });
        throw error;
      }
    },

    publishRows: async (shard, batch) => {
      const heard = await publish(channelOf(`${ROWS}${shard}`), serializeRows(batch));
      // Of classic channels a node of a cluster counts only those who listen at itself.
      return heard > 0 || (topology === 'cluster' && !isSharded);
    },
    subscribeRows: (shard, listener) => attach<RowBatch>(channelOf(`${ROWS}${shard}`), listener),

    onStateChange: (listener) => {
      const attached = (state: BusState) => listener(state);
      stateChanges.on('state', attached);
      return () => void stateChanges.off('state', attached);
    },
  };
}
