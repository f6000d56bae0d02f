/**
 * Connects to MongoDB with a deadline on everything, turns what the driver throws into the store's words, and makes the
 * driver anew where it has lost itself. Knows no documents.
 */
import { MongoClient, type Db } from 'mongodb';
import { systemClock } from '../shared/clock.js';
import { ProgressError, refusalBehind } from '../shared/errors.js';
import { withTimeout } from '../shared/sleep.js';
import type { Logger } from '../observability/logger.js';
import { withoutPassword } from '../observability/redact-url.js';
import { withAdvice } from './mongo-refusal.js';

/** What a connection is made of. */
export interface MongoConnectionOptions {
  readonly uri: string;
  /** Longest wait for a server that can be spoken to, in milliseconds. */
  readonly connectMs: number;
  /** Longest wait for the answer to any call, in milliseconds, the wait for a server included. */
  readonly callMs: number;
  readonly logger: Logger;
}

/** A connection that has answered once. */
export interface MongoConnection {
  /** The database, over the driver in use at this moment: ask for it anew for each call. */
  db(): Db;
  /** Runs a call of the driver; rejects with `UNAVAILABLE` where it fails or does not answer in time. */
  call<T>(task: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** How often servers are looked at, so that one that comes back is noticed within seconds, in milliseconds. */
const HEARTBEAT_MS = 2_000;
/** How long a heartbeat may take, in milliseconds. */
const HEARTBEAT_TIMEOUT_MS = 3_000;
/** How much longer than the driver's own deadlines ours wait, in milliseconds. */
const GRACE_MS = 500;

/** The database that the address names; ours where it names none. */
function databaseOf(uri: string): string {
  const named = /^mongodb(?:\+srv)?:\/\/[^/?]+\/([^?]+)/.exec(uri)?.[1];
  return named === undefined ? 'ingestion' : decodeURIComponent(named);
}

/**
 * Calls `onLost` where a heartbeat neither succeeds nor fails. The driver (7.9) writes it and then waits for data or
 * for `drain`; where the socket closes in between, neither comes, it never looks again, and every call fails for good.
 */
function watchHeartbeats(client: MongoClient, onLost: () => void): () => void {
  const pending = new Map<string, NodeJS.Timeout>();
  const settle = ({ connectionId }: { readonly connectionId: string }) => {
    clearTimeout(pending.get(connectionId));
    pending.delete(connectionId);
  };
  client.on('serverHeartbeatStarted', (event) => {
    settle(event);
    // A server may keep a heartbeat until it has news, or until the next one is due.
    const timer = setTimeout(onLost, HEARTBEAT_MS + HEARTBEAT_TIMEOUT_MS + GRACE_MS);
    timer.unref();
    pending.set(event.connectionId, timer);
  });
  client.on('serverHeartbeatSucceeded', settle);
  client.on('serverHeartbeatFailed', settle);
  client.on('serverClosed', ({ address }) => settle({ connectionId: address }));
  return () => {
    for (const connectionId of [...pending.keys()]) settle({ connectionId });
    client.removeAllListeners('serverHeartbeatStarted');
  };
}

/** Connects, or rejects with a sentence within the deadline. */
export async function connectMongo(options: MongoConnectionOptions): Promise<MongoConnection> {
  const { uri, connectMs, callMs, logger } = options;
  let client: MongoClient | null = null;
  let stopWatching = () => {};
  let isOpen = false;
  let isClosed = false;

  const createClient = () => {
    const made = new MongoClient(uri, {
      appName: 'ingestion-progress',
      serverSelectionTimeoutMS: connectMs,
      connectTimeoutMS: HEARTBEAT_TIMEOUT_MS,
      socketTimeoutMS: callMs,
      waitQueueTimeoutMS: callMs,
      heartbeatFrequencyMS: HEARTBEAT_MS,
      writeConcern: { w: 'majority', wtimeoutMS: callMs },
    });
    stopWatching = watchHeartbeats(made, () => replace('heartbeat lost'));
    // One that was made while the server was away gives up with its first call, and would fail for good.
    made.on('topologyClosed', () => {
      if (client === made) replace('topology closed');
    });
    return made;
  };

  const replace = (why: string) => {
    if (isClosed || !isOpen) return;
    logger.warn({ dependency: 'store', why }, 'MongoDB driver stuck; creating a new one');
    stopWatching();
    const stuck = client;
    client = createClient();
    stuck?.close().catch(() => undefined);
  };

  const db = () => {
    if (client === null) throw new ProgressError('UNAVAILABLE', 'The store is not open; await open() first.');
    return client.db(databaseOf(uri));
  };

  const close = async () => {
    isClosed = true;
    stopWatching();
    // A second call of the driver's finds nothing left to close.
    await client?.close();
  };

  try {
    client = createClient();
    await withCallTimeout(connectMs + GRACE_MS, () => db().command({ ping: 1 }));
    isOpen = true;
  } catch (cause) {
    await close().catch(() => undefined);
    throw startError(uri, cause);
  }
  return { db, call: (task) => withCallTimeout(callMs + GRACE_MS, task), close };
}

/** A sentence that says why MongoDB cannot be used at the start, and what would help. */
export function startError(uri: string, cause: unknown): Error {
  const reason = cause instanceof ProgressError ? cause.cause : cause;
  const refusal = refusalBehind(reason);
  const words = reason instanceof Error ? withoutPassword(reason.message) : 'no answer in time';
  const address = `MongoDB at ${withoutPassword(uri)}`;
  return new Error(
    refusal === null
      ? `MONGODB_URI: cannot connect to ${address} (${words}): check the address, the user and that it runs.`
      : `MONGODB_URI: ${address} refuses what the server needs (${words}).`,
    { cause },
  );
}

/** Runs a call of the driver; rejects with `UNAVAILABLE` where it fails or does not answer in time. */
async function withCallTimeout<T>(timeoutMs: number, call: () => Promise<T>): Promise<T> {
  try {
    return await withTimeout(
      systemClock,
      call(),
      timeoutMs,
      () => new Error(`no answer within ${timeoutMs} ms`),
    );
  } catch (cause) {
    // Our own mistakes are no outage; the driver throws its own errors, and now and then the socket's.
    if (cause instanceof ProgressError || cause instanceof RangeError || cause instanceof TypeError)
      throw cause;
    throw new ProgressError('UNAVAILABLE', 'Store unavailable; retry.', { cause: withAdvice(cause) });
  }
}
