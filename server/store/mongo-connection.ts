/** Connects to MongoDB with a deadline on everything, and turns what the driver throws into the store's words. */
import { MongoClient, type Db } from 'mongodb';
import { ProgressError } from '../errors.js';

/** Deadlines of the connection, in milliseconds. */
export interface MongoDeadlines {
  /** Longest wait for a server that can be spoken to. */
  readonly connectMs: number;
  /** Longest wait for the answer to any call, the wait for a server included. */
  readonly callMs: number;
}

/** A connection that has answered once. */
export interface MongoConnection {
  readonly db: Db;
  close(): Promise<void>;
}

/** The address without what is secret in it. */
function withoutPassword(uri: string): string {
  return uri.replace(/\/\/[^@/]*@/, '//').replace(/\?.*$/, '');
}

/** The database that the address names; ours where it names none. */
function databaseOf(uri: string): string {
  const named = /^mongodb(?:\+srv)?:\/\/[^/?]+\/([^?]+)/.exec(uri)?.[1];
  return named === undefined ? 'ingestion' : decodeURIComponent(named);
}

/** Connects, or rejects with a sentence within the deadline. */
export async function connectMongo(uri: string, deadlines: MongoDeadlines): Promise<MongoConnection> {
  let client: MongoClient | null = null;
  try {
    client = new MongoClient(uri, {
      appName: 'ingestion-progress',
      serverSelectionTimeoutMS: deadlines.connectMs,
      connectTimeoutMS: deadlines.connectMs,
      socketTimeoutMS: deadlines.callMs,
      waitQueueTimeoutMS: deadlines.callMs,
      // So that a server that comes back is noticed within seconds.
      heartbeatFrequencyMS: 2_000,
      writeConcern: { w: 'majority', wtimeoutMS: deadlines.callMs },
    });
    const db = client.db(databaseOf(uri));
    await withDeadline(deadlines.connectMs + 1_000, () => db.command({ ping: 1 }));
    const opened = client;
    return { db, close: () => opened.close() };
  } catch (cause) {
    await client?.close().catch(() => undefined);
    const said = cause instanceof ProgressError ? cause.cause : cause;
    throw new Error(
      `MONGODB_URI: no MongoDB that lets us in answers at ${withoutPassword(uri)} ` +
        `(${said instanceof Error ? withoutPassword(said.message) : 'in time'}): ` +
        'check the address, the user and that it runs.',
      { cause },
    );
  }
}

/** Runs a call of the driver; rejects with `UNAVAILABLE` where it fails or does not answer in time. */
export async function withDeadline<T>(deadlineMs: number, call: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([call(), late]);
  } catch (cause) {
    if (cause instanceof ProgressError || cause instanceof RangeError) throw cause;
    throw new ProgressError('UNAVAILABLE', 'The store does not answer; it is tried again.', { cause });
  } finally {
    clearTimeout(timer);
  }
}
