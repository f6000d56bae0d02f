/**
 * A MongoDB for one test: `mongod` or FerretDB in a process that can be paused and killed, or the one that
 * `MONGODB_URI` names. With `MONGODB_ENGINE=mongo-java-server` it is mongo-java-server.
 */
import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { ensureMongo } from '../setup/mongodb.js';
import { startSerializingProxy } from './serializing-proxy.js';
import { startMongoJavaProcess } from './mongo-java-process.js';
import { createDaemon, type Daemon, type DaemonOptions } from './daemon.js';

/** A MongoDB process. */
export interface MongoProcess extends Daemon {
  /** Its address, with a database of its own. */
  readonly uri: string;
  /** False if it keeps its data in memory, so that a kill loses it. */
  readonly isDurable: boolean;
}

function programOf(source: ReturnType<typeof ensureMongo>): Omit<DaemonOptions, 'name'> | null {
  switch (source.kind) {
    case 'uri':
      return null;
    case 'mongod':
      return {
        program: source.program,
        arguments: (port, directory) => [
          '--dbpath',
          directory,
          '--port',
          String(port),
          '--bind_ip',
          '127.0.0.1',
        ],
      };
    case 'ferretdb':
      return {
        program: source.program,
        arguments: (port, directory) => [
          '--handler=sqlite',
          `--sqlite-url=file:${directory}/`,
          `--listen-addr=127.0.0.1:${port}`,
          '--telemetry=disable',
          '--debug-addr=-',
          `--state-dir=${directory}`,
          '--log-level=warn',
        ],
        env: () => ({ DO_NOT_TRACK: '1' }),
      };
  }
}

/** Starts a MongoDB process; null if `MONGODB_URI` names one that is already running. */
export async function startMongoProcess(): Promise<MongoProcess | null> {
  if (process.env['MONGODB_ENGINE'] === 'mongo-java-server') return startMongoJavaProcess();
  const source = ensureMongo();
  const options = programOf(source);
  if (options === null) return null;
  const daemon = await createDaemon({ name: 'mongodb', ...options });
  await daemon.start();
  const proxy = source.kind === 'ferretdb' ? await startSerializingProxy(daemon.port) : null;
  const dispose = async () => {
    await proxy?.close();
    await daemon.dispose();
  };
  return {
    ...daemon,
    uri: `mongodb://127.0.0.1:${proxy?.port ?? daemon.port}/test-${randomUUID()}`,
    isDurable: true,
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Opens a database for one test, wherever MongoDB runs; `drop` deletes it. */
export async function openTestDatabase(): Promise<{
  readonly uri: string;
  readonly drop: () => Promise<void>;
}> {
  const mongo = await startMongoProcess();
  if (mongo !== null) return { uri: mongo.uri, drop: () => mongo.dispose() };
  const address = new URL(process.env['MONGODB_URI'] ?? '');
  address.pathname = `/test-${randomUUID()}`;
  const uri = address.toString();
  return {
    uri,
    drop: async () => {
      const client = new MongoClient(uri);
      await client.db().dropDatabase();
      await client.close();
    },
  };
}
