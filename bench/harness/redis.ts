/** A Redis for a bench on a free local port; it writes nothing to disk and exits with the bench. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { createConnection } from 'node:net';
import { until } from './time.js';

/** A running Redis. */
export interface LocalRedis {
  readonly port: number;
  /** Stops it; resolves when it has exited. */
  end(): Promise<void>;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('No port was given.'));
        else resolve(address.port);
      });
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Starts `redis-server`, which must be on PATH. */
export async function startRedis(): Promise<LocalRedis> {
  const port = await freePort();
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    { stdio: 'ignore' },
  );
  let failure: Error | null = null;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (cause) => {
      failure = cause;
      resolve();
    });
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  await until(
    () => {
      if (failure !== null)
        throw new Error('redis-server is not on PATH; BullMQ needs it.', { cause: failure });
      return answers(port);
    },
    5_000,
    () => 'redis-server did not answer within 5 s.',
  );
  return {
    port,
    end: async () => {
      process.off('exit', kill);
      kill();
      await exited;
    },
  };
}
