/** The address of a Redis as REDIS_URL has it, taken apart and checked. Pure. */

/** One server to connect to. */
export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** What the address leads to. */
export type RedisTopology = 'single' | 'sentinel';

/** An address, taken apart. */
export interface RedisAddress {
  readonly topology: RedisTopology;
  readonly tls: boolean;
  readonly username: string | null;
  readonly password: string | null;
  /** The server, or the sentinels. */
  readonly hosts: readonly [RedisHost, ...RedisHost[]];
  /** What the sentinels know the master as; null without them. */
  readonly masterName: string | null;
  /** Number of the database. */
  readonly database: number;
  /** Version of IP, as ioredis takes it; 0 for whichever answers. */
  readonly family: 0 | 4 | 6 | null;
}

const DEFAULT_PORT = { single: 6_379, sentinel: 26_379 };
const PARTS = /^(rediss?)(?:\+(sentinel))?:\/\/(?:([^@]*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;

/** Name of the master, and a number if it is another database than the first. */
const NAME_AND_DATABASE = /^([\w.-]+)(?:\/(\d{0,6}))?$/;

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
    if (name !== 'family')
      throw new RedisUrlError(
        `must be an address without the parameter "${name}"; it takes family=0, 4 or 6`,
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
  const topology = kind === 'sentinel' ? kind : 'single';
  const [first = '', ...others] = topology === 'single' ? [hosts] : hosts.split(',');
  const port = DEFAULT_PORT[topology];
  const server = parseHost(first, port);
  const [username, password] = (login ?? '').split(/:(.*)/s);
  const [, name, database = ''] =
    (topology === 'single' ? /^()(\d{0,6})$/ : NAME_AND_DATABASE).exec(path) ?? [];
  if (name === undefined)
    throw new RedisUrlError(
      topology === 'single'
        ? 'must be an address that ends with the number of a database, such as /0, or with nothing'
        : 'must be an address that ends with the name of the master, such as redis+sentinel://a:26379,b:26379/mymaster',
    );
  return {
    topology,
    tls: scheme === 'rediss',
    username: decode(username),
    password: decode(password),
    hosts: [server, ...others.map((host) => parseHost(host, port))],
    masterName: topology === 'sentinel' ? name : null,
    database: Number(database),
    family: parseFamily(query),
  };
}
