/** Options of the client: their defaults, and what is wrong with them in a sentence that says how to mend it. */
import type { Environment } from './environment.js';
import type { Policy } from './machine-state.js';
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
  ]: number;
};

/** Where to connect, or why not. */
export type Addresses =
  | { readonly httpUrl: string; readonly wsUrl: string; readonly error: null }
  | { readonly error: ConnectionError };

const TRANSPORTS = ['auto', 'websocket', 'polling'];

/** Settings from options. Throws `RangeError` at what only a mistake in the program can bring about. */
export function readSettings(options: ConnectionOptions): Settings {
  const { transport = DEFAULTS.transport, jitter = DEFAULTS.jitter } = options;
  const { maxAttempts = DEFAULTS.maxAttempts, pollIntervalMs = DEFAULTS.pollIntervalMs } = options;
  if (!TRANSPORTS.includes(transport)) {
    throw new RangeError(`transport must be one of ${TRANSPORTS.join(', ')}; it is ${String(transport)}.`);
  }
  if (!(jitter >= 0 && jitter <= 1))
    throw new RangeError(`jitter must be from 0 to 1; it is ${String(jitter)}.`);
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1) {
    throw new RangeError(`maxAttempts must be a whole number from 1; it is ${String(maxAttempts)}.`);
  }
  if (!(pollIntervalMs >= 100 && pollIntervalMs < Infinity)) {
    throw new RangeError(`pollIntervalMs must be at least 100 ms; it is ${String(pollIntervalMs)}.`);
  }
  return { ...DEFAULTS, transport, jitter, maxAttempts, pollIntervalMs };
}

const failed = (code: string, message: string): Addresses => ({ error: { code, message } });

/** Absolute addresses of the endpoint, by HTTP and by WebSocket. */
export function readAddresses(options: ConnectionOptions, environment: Environment): Addresses {
  const page = environment.pageUrl();
  const endpoint = options.endpoint ?? DEFAULTS.endpoint;
  const http = resolve(endpoint, page);
  if (http === null || !/^https?:$/.test(http.protocol)) {
    return failed(
      'ENDPOINT_INVALID',
      `The endpoint "${endpoint}" must be an http or https address, or outside of a page an absolute one, such as https://api.example.com/graphql.`,
    );
  }
  const given = options.wsEndpoint;
  const ws = resolve(given ?? http.href, http.href);
  if (ws !== null) ws.protocol = ws.protocol.replace(/^http/, 'ws');
  if (ws === null || !/^wss?:$/.test(ws.protocol)) {
    return failed('ENDPOINT_INVALID', `The WebSocket endpoint "${given ?? ''}" must be a ws or wss address.`);
  }
  const insecure = http.protocol === 'http:' ? http : ws.protocol === 'ws:' ? ws : null;
  if (page?.startsWith('https:') === true && insecure !== null && !isLocal(insecure.hostname)) {
    return failed(
      'MIXED_CONTENT',
      `This page is https, so its browser refuses ${insecure.origin}; serve the endpoint over https and wss.`,
    );
  }
  ws.hash = '';
  http.hash = '';
  return { httpUrl: http.href, wsUrl: ws.href, error: null };
}

/** Browsers take these for safe also without TLS. */
const isLocal = (host: string): boolean => /^(localhost|127(\.\d+){3}|\[::1\]|.*\.localhost)$/.test(host);

function resolve(address: string, base: string | null): URL | null {
  try {
    return base === null ? new URL(address) : new URL(address, base);
  } catch {
    // Not an address: the caller says so in its own words.
    return null;
  }
}

/** What is wrong with the ids; null where nothing is. */
export function checkIds({ projectId, ingestionId }: IngestionClientOptions): ConnectionError | null {
  const wrong = (name: string, id: unknown): ConnectionError | null =>
    typeof id === 'string' && /^[\w.:-]{1,128}$/.test(id)
      ? null
      : {
          code: name === 'project' ? 'PROJECT_ID_INVALID' : 'INGESTION_ID_INVALID',
          message: `The ${name} id "${String(id)}" must be 1 to 128 of A-Z a-z 0-9 . _ : and -.`,
        };
  return wrong('project', projectId) ?? (ingestionId === undefined ? null : wrong('ingestion', ingestionId));
}
