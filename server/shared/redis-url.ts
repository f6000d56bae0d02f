/** The address of a Redis as REDIS_URL has it, taken apart and checked. Pure. */

/** One server to connect to. */
export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** What the address leads to. */
export type RedisTopology = 'single' | 'sentinel' | 'cluster';

/** An address, taken apart. */
export interface RedisAddress {
  readonly topology: RedisTopology;
  readonly tls: boolean;
  readonly username: string | null;
  readonly password: string | null;
  /** The server, the sentinels, or nodes of the cluster. */
  readonly hosts: readonly [RedisHost, ...RedisHost[]];
  /** What the sentinels know the master as; null without them. */
  readonly masterName: string | null;
  /** Number of the database. */
  readonly database: number;
  /** Whether a cluster's events go by sharded pub/sub, which Redis has since 7. */
  readonly isSharded: boolean;
  /** Version of IP, as ioredis takes it; 0 for whichever answers. */
  readonly family: 0 | 4 | 6 | null;
}

const DEFAULT_PORT = { single: 6_379, cluster: 6_379, sentinel: 26_379 };
const PARTS = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@]*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;

/** What follows the hosts: the master's name, if any, and the number of a database. */
const PATHS = {
  single: { pattern: /^()(\d{0,6})$/, what: 'the number of a database, such as /0, or with nothing' },
  cluster: { pattern: /^()(0?)$/, what: 'its nodes: a cluster has one database' },
  sentinel: {
    pattern: /^([\w.-]+)(?:\/(\d{0,6}))?$/,
    what: 'the name of the master, as redis+sentinel://a:26379,b:26379/mymaster does',
  },
};

/** An address that does not parse; its message completes "REDIS_URL …" and never holds the address, which may hold a password. */
export class RedisUrlError extends Error {
  override readonly name = 'RedisUrlError';
}

function decode(text: string | undefined): string | null {
  if (text === undefined || text === '') return null;
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new RedisUrlError(
      'must be an address with user and password percent-encoded (% is %25, @ is %40, / is %2F, : is %3A)',
      { cause },
    );
  }
}

function parseHost(text: string, defaultPort: number): RedisHost {
  if (text === '' || !URL.canParse(`redis://${text}`))
    throw new RedisUrlError(
      'must be an address such as redis://127.0.0.1:6379, its user and password percent-encoded (% is %25, @ is %40, / is %2F)',
    );
  const { hostname, port } = new URL(`redis://${text}`);
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? defaultPort : Number(port),
  };
}

function parseFamily(query: string | undefined): 0 | 4 | 6 | null {
  const parameters = new URLSearchParams(query ?? '');
  for (const name of parameters.keys())
    if (name !== 'family' && name !== 'pubsub')
      throw new RedisUrlError(
        'must be an address whose only parameters are family (0, 4 or 6) and pubsub (classic)',
      );
  const family = parameters.get('family');
  if (family === null) return null;
  if (family === '0' || family === '4' || family === '6') return Number(family) as 0 | 4 | 6;
  throw new RedisUrlError('must be an address whose family is 0, 4 or 6');
}

/**
 * Takes an address apart.
 * @throws RedisUrlError
 */
export function parseRedisUrl(text: string): RedisAddress {
  const [, scheme, kind, login, hosts = '', path = '', query] = PARTS.exec(text) ?? [];
  const topology = kind === 'sentinel' || kind === 'cluster' ? kind : 'single';
  const [first = '', ...others] = topology === 'single' ? [hosts] : hosts.split(',');
  const port = DEFAULT_PORT[topology];
  const server = parseHost(first, port);
  const [username, password] = (login ?? '').split(/:(.*)/s);
  const [, name, database = ''] = PATHS[topology].pattern.exec(path) ?? [];
  if (name === undefined)
    throw new RedisUrlError(`must be an address that ends with ${PATHS[topology].what}`);
  const isClassic = /(^|&)pubsub=classic(&|$)/.test(query ?? '');
  return {
    topology,
    tls: scheme === 'rediss',
    username: decode(username),
    password: decode(password),
    hosts: [server, ...others.map((host) => parseHost(host, port))],
    masterName: topology === 'sentinel' ? name : null,
    database: Number(database),
    isSharded: topology === 'cluster' && !isClassic,
    family: parseFamily(query),
  };
}
