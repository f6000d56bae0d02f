/** A Redis of a test's own in a process that can be paused, killed and started again; what it held is gone after a kill. */
import { connect } from 'node:net';
import { findProgram } from '../setup/debian-packages.js';
import { createDaemon, type Daemon } from './daemon.js';

/** A Redis process. */
export interface RedisProcess extends Daemon {
  readonly url: string;
  /** Sends one command, such as `CLIENT KILL TYPE pubsub`, and resolves with what came back. */
  command(...words: readonly string[]): Promise<string>;
}

/** One command on a connection of its own, in RESP's inline form. */
function ask(port: number, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${words.join(' ')}\r\n`));
    socket.setTimeout(2_000, () => socket.destroy(new Error('Redis does not answer')));
    socket.once('data', (chunk) => {
      socket.destroy();
      resolve(chunk.toString('utf8').trim());
    });
    socket.once('error', reject);
  });
}

/** Starts a Redis process. */
export async function startRedisProcess(): Promise<RedisProcess> {
  const program = findProgram('redis-server');
  if (program === null)
    throw new Error('The tests need redis-server on PATH; run npm test, which installs it.');
  const daemon = await createDaemon({
    name: 'redis',
    program,
    arguments: (port, directory) => [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      directory,
      '--save',
      '',
      '--appendonly',
      'no',
    ],
    ready: (port) =>
      ask(port, ['PING']).then(
        (answer) => answer === '+PONG',
        () => false,
      ),
  });
  await daemon.start();
  return {
    ...daemon,
    url: `redis://127.0.0.1:${daemon.port}`,
    command: (...words) => ask(daemon.port, words),
  };
}
