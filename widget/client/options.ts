/** Options of the client: their defaults, and what is wrong with them in a sentence that says how to mend it. */
import type { Environment } from './environment.js';
import type { Policy } from './connection-machine-state.js';
import type { ConnectionError, ConnectionOptions, IngestionClientOptions } from './types.js';

/** Every default, in one place. Durations in ms. */
export const DEFAULTS = Object.freeze({
  endpoint: '/graphql',
  transport: 'auto',
  follow: true,
  remember: 'session',
  /** Between polls. */
  pollIntervalMs: 2_000,
  /** Between polls of a page that is hidden. */
  hiddenPollIntervalMs: 30_000,
  /** Share of a delay by which it is spread. */
  jitter: 0.25,
  /** Attempts in a budget. */
  maxAttempts: 10,
  /** Polls in a row that fail before they stop, once the attempts are spent. */
  maxFailedPolls: 10,
  /** Connections in a row that end before health, after which polling begins. */
  fallbackAfterFailures: 3,
  /** Time without data since the first of them began, after which it begins all the same. */
  fallbackAfterMs: 10_000,
  /** A connection is healthy once it has lived for this long after its first data. */
  healthyAfterMs: 5_000,
  /** Between quiet looks at the socket once the attempts are spent and polling works. */
  probeIntervalMs: 60_000,
  tokenTimeoutMs: 10_000,
  openTimeoutMs: 10_000,
  ackTimeoutMs: 5_000,
  firstDataTimeoutMs: 10_000,
  pollTimeoutMs: 10_000,
  /** After this long without a word the client pings. */
  pingIntervalMs: 12_000,
  pongTimeoutMs: 5_000,
  /** A followed ingestion that ended gives its socket back after this long. */
  restAfterMs: 60_000,
  /** Between looks for the next ingestion then. */
  restPollIntervalMs: 30_000,
  /** How long a client keeps its place after its last listener left. */
  lingerMs: 1_000,
} as const);

/** Times and counts of a connection. */
export type Settings = Policy & {
  readonly [
    Name in
      | 'tokenTimeoutMs'
      | 'openTimeoutMs'
      | 'ackTimeoutMs'
      | 'firstDataTimeoutMs'
      | 'pollTimeoutMs'
      | 'pingIntervalMs'
      | 'pongTimeoutMs'
      | 'restAfterMs'
      | 'restPollIntervalMs'
  ]: number;
};

/** Where to connect, and why not. */
export interface Addresses {
  readonly httpUrl: string;
  readonly wsUrl: string;
  readonly error: ConnectionError | null;
}

/** What only a mistake in the program can bring about. */
const CHECKS: Readonly<Record<string, readonly [fits: (value: never) => boolean, what: string]>> = {
  transport: [
    (value: string) => ['auto', 'websocket', 'polling'].includes(value),
    'one of auto, websocket, polling',
  ],
  jitter: [(value: number) => value >= 0 && value <= 1, 'from 0 to 1'],
  maxAttempts: [(value: number) => Number.isInteger(value) && value > 0, 'a whole number from 1'],
  pollIntervalMs: [(value: number) => value >= 100 && value < Infinity, 'at least 100 ms'],
};

/** Settings from options. Throws `RangeError` at what contradicts sense. */
export function readSettings(options: ConnectionOptions): Settings {
  const given = Object.entries(CHECKS).map(([name, [fits, what]]) => {
    const value = options[name as keyof ConnectionOptions] ?? DEFAULTS[name as keyof typeof DEFAULTS];
    if (!fits(value as never)) throw new RangeError(`${name} must be ${what}; it is ${String(value)}.`);
    return [name, value];
  });
  return { ...DEFAULTS, ...Object.fromEntries(given), renewable: options.getToken !== undefined };
}

/** Absolute addresses of the endpoint, by HTTP and by WebSocket. */
export function readAddresses(options: ConnectionOptions, environment: Environment): Addresses {
  const page = environment.pageUrl() ?? undefined;
  const { endpoint = DEFAULTS.endpoint, wsEndpoint } = options;
  const failed = (code: string, message: string): Addresses => ({
    httpUrl: endpoint,
    wsUrl: '',
    error: { code, message },
  });
  const invalid = (name: string, scheme: Scheme): Addresses =>
    failed(
      'ENDPOINT_INVALID',
      `${name} must be of ${scheme}: or ${scheme}s:, absolute where there is no page.`,
    );
  const http = resolve(endpoint, page, 'http');
  if (http === null) return invalid(`endpoint "${endpoint}"`, 'http');
  const ws = resolve(wsEndpoint ?? http.href, http.href, 'ws');
  if (ws === null) return invalid(`wsEndpoint "${String(wsEndpoint)}"`, 'ws');
  const insecure = [http, ws].find((url) => /^(http|ws):/.test(url.href) && !LOCAL.test(url.hostname));
  return insecure && page?.startsWith('https:')
    ? failed(
        'MIXED_CONTENT',
        `An https page cannot load ${insecure.origin}: serve the endpoint over https and wss.`,
      )
    : { httpUrl: http.href, wsUrl: ws.href, error: null };
}

/** Browsers take these for safe also without TLS. */
const LOCAL = /^(localhost|127(\.\d+){3}|\[::1\]|.*\.localhost)$/;

type Scheme = 'http' | 'ws';

/** An address of the scheme, without its fragment; null where it is none. For a WebSocket, http: means ws:. */
function resolve(address: string, base: string | undefined, scheme: Scheme): URL | null {
  try {
    const url = new URL(address, base);
    url.hash = '';
    if (scheme === 'ws') url.protocol = url.protocol.replace('http', scheme);
    return [`${scheme}:`, `${scheme}s:`].includes(url.protocol) ? url : null;
  } catch {
    // The caller says so in its own words.
    return null;
  }
}

/** What is wrong with the ids; null where nothing is. */
export function checkIds({ projectId, ingestionId = '-' }: IngestionClientOptions): ConnectionError | null {
  for (const [name, id] of Object.entries({ project: projectId, ingestion: ingestionId })) {
    if (typeof id === 'string' && /^[\w.:-]{1,128}$/.test(id)) continue;
    return {
      code: `${name.toUpperCase()}_ID_${id ? 'INVALID' : 'MISSING'}`,
      message: `The ${name} id "${String(id)}" must be 1 to 128 of A-Z a-z 0-9 . _ : and -.`,
    };
  }
  return null;
}
