/**
 * A Redis for one test, in a process that can be paused, killed and restarted; a kill loses its data. The caller may
 * configure it as a cluster's node, with an ACL user or with TLS.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { Redis } from 'ioredis';
import { findProgram } from '../setup/debian-packages.js';
import { createDaemon, type Daemon } from './daemon.js';

/** Where the tests talk to a Redis, and as whom. */
export interface RedisAddress {
  readonly port: number;
  /** @default the default user, without a password */
  readonly username?: string;
  readonly password?: string;
  /** Present if it speaks TLS alone. */
  readonly tls?: ConnectionOptions;
}

/** How a Redis differs from a plain one. */
export interface RedisProcessOptions extends Omit<RedisAddress, 'port'> {
  /** @default 'redis' */
  readonly name?: string;
  /** Lines of redis.conf as words, after the plain ones, so that they win: `[['appendonly', 'yes']]`. */
  readonly settings?: (port: number) => readonly (readonly string[])[];
  /** Options of the program beside the path of its configuration: `['--sentinel']`. */
  readonly flags?: readonly string[];
}

/** A Redis process. */
export interface RedisProcess extends Daemon {
  readonly url: string;
  /** Sends one command, such as `CLIENT KILL TYPE pubsub`, and resolves with what came back; a list has a line an item. */
  command(...words: readonly string[]): Promise<string>;
}

const ANSWER_TIMEOUT_MS = 2_000;

function flatten(answer: unknown): string {
  return Array.isArray(answer) ? answer.map(flatten).join('\r\n') : String(answer);
}

/** Sends one command on a connection of its own; rejects with Redis' own words. */
export async function askRedis(address: RedisAddress, ...words: readonly string[]): Promise<string> {
  const redis = new Redis({
    host: '127.0.0.1',
    ...address,
    lazyConnect: true,
    connectTimeout: ANSWER_TIMEOUT_MS,
    commandTimeout: ANSWER_TIMEOUT_MS,
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy: () => null,
  });
  // Each of them rejects the call as well.
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    const [command = '', ...rest] = words;
    return flatten(await redis.call(command, ...rest));
  } finally {
    redis.disconnect();
  }
}

/** Makes a Redis that does not run yet. */
export async function createRedisProcess(options: RedisProcessOptions = {}): Promise<RedisProcess> {
  const { name = 'redis', settings = () => [], flags = [], ...login } = options;
  const program = findProgram('redis-server');
  if (program === null)
    throw new Error('The tests need redis-server on PATH; run npm test, which installs it.');
  const command = (...words: readonly string[]) => askRedis({ port: daemon.port, ...login }, ...words);
  const daemon = await createDaemon({
    name,
    program,
    arguments: (_port, directory) => [join(directory, 'redis.conf'), ...flags],
    ready: () =>
      command('PING').then(
        (answer) => answer === 'PONG',
        () => false,
      ),
  });
  const { port, directory } = daemon;
  const lines = [
    ['port', String(port)],
    ['bind', '127.0.0.1'],
    ['dir', directory],
    ['save', ''],
    ['appendonly', 'no'],
    ...settings(port),
  ];
  const quoted = lines.map((words) => words.map((word) => JSON.stringify(word)).join(' '));
  writeFileSync(join(directory, 'redis.conf'), `${quoted.join('\n')}\n`);

  const scheme = options.tls === undefined ? 'redis' : 'rediss';
  const { username = '', password } = options;
  const user = password === undefined ? '' : `${username}:${encodeURIComponent(password)}@`;
  return { ...daemon, url: `${scheme}://${user}127.0.0.1:${port}`, command };
}

/** Starts a Redis. */
export async function startRedisProcess(options: RedisProcessOptions = {}): Promise<RedisProcess> {
  const redis = await createRedisProcess(options);
  await redis.start();
  return redis;
}
