/** mongo-java-server in a process of a test's own: a MongoDB in memory, whose data goes with it. Needs Java. */
import { randomUUID } from 'node:crypto';
import { ensureMongoJavaServer } from '../setup/mongo-java-server.js';
import { createDaemon } from './daemon.js';
import type { MongoProcess } from './mongo-process.js';

/** For a machine of two cores, which a JVM would fill with its compilers and collectors. */
const JVM_OPTIONS = ['-Xmx1g', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** Starts mongo-java-server. */
export async function startMongoJavaProcess(): Promise<MongoProcess> {
  const { program, classPath } = ensureMongoJavaServer();
  const daemon = await createDaemon({
    name: 'mongo-java-server',
    program,
    arguments: (port) => [...JVM_OPTIONS, '-cp', classPath, 'Main', String(port)],
  });
  await daemon.start();
  return { ...daemon, uri: `mongodb://127.0.0.1:${daemon.port}/test-${randomUUID()}`, isDurable: false };
}
