/** Options of the client: their defaults and their validation. */
import type { Environment } from './environment.js';
import type { MachineSettings } from './connection-machine-state.js';
import type { ConnectionError, ConnectionOptions, IngestionClientOptions } from './types.js';

/** All defaults. Durations are in ms. */
export const DEFAULTS = Object.freeze({
  endpoint: '/graphql',
  transport: 'auto',
  follow: true,
  remember: 'session',
  /** Time between polls. */
  pollIntervalMs: 2_000,
  /** Time between polls while the page is hidden. */
  hiddenPollIntervalMs: 30_000,
  /** Share of a delay by which it is varied at random. */
  jitter: 0.25,
  /** Attempts before the client stops retrying. */
  maxAttempts: 10,
  /** Consecutive failed polls before polling stops, once the attempts are used up. */
  maxFailedPolls: 10,
  /** Consecutive connections that end before they are healthy, after which polling starts. */
  fallbackAfterFailures: 3,
  /** Time without data since the first of these connections, after which polling starts anyway. */
  fallbackAfterMs: 10_000,
  /** Time without any state after which a client polls once, whatever the socket does, plus a random part of the range. */
  firstPollAfterMs: 1_000,
  firstPollRangeMs: 500,
  /** A connection is healthy once it has stayed open this long after its first data. */
  healthyAfterMs: 5_000,
  /** Time between background retries of the socket, once the attempts are used up and polling works. */
  backgroundRetryMs: 60_000,
  tokenTimeoutMs: 10_000,
  openTimeoutMs: 10_000,
  ackTimeoutMs: 5_000,
  firstDataTimeoutMs: 10_000,
  pollTimeoutMs: 10_000,
  /** After this long without a message the client sends a ping. */
  pingIntervalMs: 12_000,
  pongTimeoutMs: 5_000,
  /** Time after an ending until the client unsubscribes and only polls for the next ingestion. */
  dormantAfterMs: 60_000,
  /** Time between these polls. */
  dormantPollIntervalMs: 30_000,
  /** Time that a client stays subscribed after its last listener left. */
  gracePeriodMs: 1_000,
} as const);

/** Settings of a connection; durations in ms. */
export type Settings = MachineSettings & {
  readonly [
    Name in
      | 'tokenTimeoutMs'
      | 'openTimeoutMs'
      | 'ackTimeoutMs'
      | 'firstDataTimeoutMs'
      | 'pollTimeoutMs'
      | 'pingIntervalMs'
      | 'pongTimeoutMs'
      | 'dormantAfterMs'
      | 'dormantPollIntervalMs'
  ]: number;
};

/** The addresses to connect to, or why they are invalid. */
export interface Addresses {
  readonly httpUrl: string;
  readonly wsUrl: string;
  readonly error: ConnectionError | null;
}

/** Checks of the options that throw, since only a bug in the host can violate them. */
const CHECKS: Readonly<Record<string, readonly [fits: (value: never) => boolean, what: string]>> = {
  transport: [
    (value: string) => ['auto', 'websocket', 'polling'].includes(value),
    'one of auto, websocket, polling',
  ],
  jitter: [(value: number) => value >= 0 && value <= 1, 'from 0 to 1'],
  maxAttempts: [(value: number) => Number.isInteger(value) && value > 0, 'a positive integer'],
  pollIntervalMs: [(value: number) => value >= 100 && value < Infinity, 'at least 100 ms'],
};

/** Reads settings from options. Throws `RangeError` on an invalid one. */
export function readSettings(options: ConnectionOptions): Settings {
  const given = Object.entries(CHECKS).map(([name, [fits, what]]) => {
    const value = options[name as keyof ConnectionOptions] ?? DEFAULTS[name as keyof typeof DEFAULTS];
    if (!fits(value as never)) throw new RangeError(`${name} must be ${what}, not ${String(value)}.`);
    return [name, value];
  });
  return { ...DEFAULTS, ...Object.fromEntries(given), canRefresh: options.getToken !== undefined };
}

/** Absolute HTTP and WebSocket addresses of the endpoint. */
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
      `${name} must be a ${scheme}: or ${scheme}s: URL, and absolute outside a page.`,
    );
  const http = resolveUrl(endpoint, page, 'http');
  if (http === null) return invalid(`endpoint "${endpoint}"`, 'http');
  const ws = resolveUrl(wsEndpoint ?? http.href, http.href, 'ws');
  if (ws === null) return invalid(`wsEndpoint "${String(wsEndpoint)}"`, 'ws');
  const insecure = [http, ws].find((url) => /^(http|ws):/.test(url.href) && !LOCALHOST.test(url.hostname));
  return insecure && page?.startsWith('https:')
    ? failed(
        'MIXED_CONTENT',
        `An https page can't load ${insecure.origin}. Serve the endpoint over https and wss.`,
      )
    : { httpUrl: http.href, wsUrl: ws.href, error: null };
}

/** Browsers treat these as secure without TLS. */
const LOCALHOST = /^(localhost|127(\.\d+){3}|\[::1\]|.*\.localhost)$/;

type Scheme = 'http' | 'ws';

/** A URL of the scheme, without its fragment; null if it is invalid. For a WebSocket, http: is read as ws:. */
function resolveUrl(address: string, base: string | undefined, scheme: Scheme): URL | null {
  try {
    const url = new URL(address, base);
    url.hash = '';
    if (scheme === 'ws') url.protocol = url.protocol.replace('http', scheme);
    return [`${scheme}:`, `${scheme}s:`].includes(url.protocol) ? url : null;
  } catch {
    // The caller reports it.
    return null;
  }
}

/** Why an id is invalid; null if both are valid. */
export function checkIds({ projectId, ingestionId = '-' }: IngestionClientOptions): ConnectionError | null {
  for (const [name, id] of Object.entries({ project: projectId, ingestion: ingestionId })) {
    if (
      typeof id === 'string' &&
      /^(?!\.\.?$)[^\p{Cc}\p{Cs}\u200e\u200f\u2028-\u202e\u2066-\u2069]{1,200}$/u.test(id)
    )
      continue;
    return {
      code: `${name.toUpperCase()}_ID_${id ? 'INVALID' : 'MISSING'}`,
      message: `Invalid ${name} id "${String(id)}". Use 1 to 200 characters.`,
    };
  }
  return null;
}
