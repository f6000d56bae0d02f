/** A Redis as operators guard it: with a user of few rights, with a password of any characters, or behind TLS. */
import { createCertificates, type Certificates } from './certificates.js';
import { createRedisProcess, startRedisProcess, type RedisProcess } from './redis-process.js';

/** A user's name and password, and the rules of Redis' `ACL SETUSER` beside them. */
export interface RedisUser {
  /** @default 'progress' */
  readonly username?: string;
  /** @default 'secret' */
  readonly password?: string;
  readonly rules: readonly string[];
}

const KEYS = '~ingestion-progress:*';
const CHANNELS = '&ingestion-progress:*';

/** Each command that the server sends or has a script send; `PING` and `SET` are its heartbeat. */
const COMMANDS = [
  ...['+ping', '+set', '+eval', '+evalsha', '+time'],
  ...['+hget', '+hmget', '+hset', '+hdel', '+pttl', '+pexpire'],
  ...['+publish', '+subscribe', '+unsubscribe'],
];

/** Rules of users that operators make. */
export const REDIS_RULES = Object.freeze({
  /** The least with which everything works. */
  smallest: [KEYS, CHANNELS, ...COMMANDS],
  /** What Redis 7 makes of `ACL SETUSER progress on >secret ~* +@all`: no channel at all. */
  withoutChannels: ['~*', '+@all'],
  /** Everything but scripts. */
  withoutScripts: ['~*', '&*', '+@all', '-eval', '-evalsha'],
});

/** Starts a Redis with a user; the address is that user's, and `command` is an administrator's. */
export async function startRedisWithUser(user: RedisUser): Promise<RedisProcess> {
  const { username = 'progress', password = 'secret', rules } = user;
  const line = ['user', username, 'on', `>${password}`, ...rules];
  const redis = await startRedisProcess({ settings: () => [line] });
  const login = `${username}:${encodeURIComponent(password)}`;
  return { ...redis, url: `redis://${login}@127.0.0.1:${redis.port}` };
}

/** Starts a Redis whose default user has a password; in the address it is percent-encoded. */
export function startRedisWithPassword(password: string): Promise<RedisProcess> {
  return startRedisProcess({ password, settings: () => [['requirepass', password]] });
}

/** Starts a Redis that speaks TLS alone, with a certificate that only these tests trust. */
export async function startRedisWithTls(): Promise<RedisProcess & { readonly certificates: Certificates }> {
  const certificates = await createCertificates();
  const { ca, caFile, certificateFile, keyFile } = certificates;
  const redis = await createRedisProcess({
    name: 'redis-tls',
    tls: { ca },
    settings: (port) => [
      ['port', '0'],
      ['tls-port', String(port)],
      ['tls-cert-file', certificateFile],
      ['tls-key-file', keyFile],
      ['tls-ca-cert-file', caFile],
      ['tls-auth-clients', 'no'],
    ],
  });
  const dispose = async () => {
    await redis.dispose();
    certificates.dispose();
  };
  try {
    await redis.start();
  } catch (error) {
    await dispose();
    throw error;
  }
  return { ...redis, certificates, dispose, [Symbol.asyncDispose]: dispose };
}
