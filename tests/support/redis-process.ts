/** A Redis for one test, in a process that can be paused, killed and restarted; a kill loses its data. */
import { connect } from 'node:net';
import { findProgram } from '../setup/debian-packages.js';
import { createDaemon, type Daemon } from './daemon.js';

/** A Redis process. */
export interface RedisProcess extends Daemon {
  readonly url: string;
  /** Sends one command, such as `CLIENT KILL TYPE pubsub`, and resolves with the reply. */
  command(...words: readonly string[]): Promise<string>;
}

/** Sends one command over its own connection, in RESP's inline form. */
function send(port: number, words: readonly string[]): Promise<string> {
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
  if (program === null) throw new Error('redis-server is not on PATH. Run npm test, which installs it.');
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
      send(port, ['PING']).then(
        (answer) => answer === '+PONG',
        () => false,
      ),
  });
  await daemon.start();
  return {
    ...daemon,
    url: `redis://127.0.0.1:${daemon.port}`,
    command: (...words) => send(daemon.port, words),
  };
}
