/** The address of a Redis as REDIS_URL has it, taken apart and checked. Pure. */

/** One server to connect to. */
export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** An address, taken apart. */
export interface RedisAddress {
  readonly tls: boolean;
  readonly username: string | null;
  readonly password: string | null;
  readonly server: RedisHost;
  /** Number of the database. */
  readonly database: number;
  /** Version of IP, as ioredis takes it; 0 for whichever answers. */
  readonly family: 0 | 4 | 6 | null;
}

const DEFAULT_PORT = 6_379;
const PARTS = /^(rediss?):\/\/(?:([^@]*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;

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

function parseHost(text: string): RedisHost {
  if (text === '' || !URL.canParse(`redis://${text}`))
    throw new RedisUrlError(
      'must be an address such as redis://127.0.0.1:6379, its user and password percent-encoded (% is %25, @ is %40, / is %2F)',
    );
  const { hostname, port } = new URL(`redis://${text}`);
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? DEFAULT_PORT : Number(port),
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
  const [, scheme, login, hosts = '', path = '', query] = PARTS.exec(text) ?? [];
  const server = parseHost(hosts);
  const [username, password] = (login ?? '').split(/:(.*)/s);
  if (!/^\d{0,6}$/.test(path))
    throw new RedisUrlError(
      'must be an address that ends with the number of a database, such as /0, or with nothing',
    );
  return {
    tls: scheme === 'rediss',
    username: decode(username),
    password: decode(password),
    server,
    database: Number(path),
    family: parseFamily(query),
  };
}
