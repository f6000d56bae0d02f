/**
 * Every environment variable: its name, unit, default, meaning and valid values, in one frozen table. The README's table
 * is generated from it; `config.ts` reads the values.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { isAddressRange } from './auth/client-address.js';
import { isKeyOfPair, isPrivateKey, publicKeyOf } from './auth/public-key.js';
import { parseRedisUrl, RedisUrlError } from './shared/redis-url.js';

const flag = z
  .enum(['true', 'false', '1', '0'], { error: 'must be true or false' })
  .transform((word) => word === 'true' || word === '1');
const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, { error: `must be a whole number from ${min} to ${max}` })
    .transform(Number)
    .refine((value) => value >= min && value <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    });
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
const webAddress = (example: string, whyNoPassword: string) =>
  z
    .string()
    .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
      error: `must be an address such as ${example}`,
      abort: true,
    })
    .refine(
      (text) => {
        const { username, password } = new URL(text);
        return username === '' && password === '';
      },
      { error: `must be an address without user and password: ${whyNoPassword}` },
    );
/** A MongoDB address may list every member of a replica set, which a URL may not: each one is checked separately. */
const mongoAddress = z.string().refine(
  (text) => {
    const [, head = '', hosts = '', rest = ''] =
      /^(mongodb(?:\+srv)?:\/\/(?:[^/]*@)?)([^/?#]+)(.*)$/.exec(text) ?? [];
    return hosts !== '' && hosts.split(',').every((host) => host !== '' && URL.canParse(head + host + rest));
  },
  { error: 'must be an address such as mongodb://127.0.0.1:27017/progress' },
);
const redisAddress = z.string().check((context) => {
  try {
    parseRedisUrl(context.value);
  } catch (error) {
    if (!(error instanceof RedisUrlError)) throw error;
    // Without the address, which may hold a password.
    context.issues.push({ code: 'custom', message: error.message, input: null });
  }
});
const certificateFile = z.string().refine(
  (path) => {
    try {
      return readFileSync(path, 'utf8').includes('-----BEGIN CERTIFICATE-----');
    } catch {
      // Told in our own words.
      return false;
    }
  },
  { error: 'must be the path of a readable PEM file with certificates' },
);
const origins = list.refine(
  (items) =>
    items.every(
      (item) => item === '*' || (URL.canParse(item) && new URL(item).origin === item.replace(/\/$/, '')),
    ),
  { error: 'must be * or origins such as https://app.example.com, separated by commas' },
);
const addressRanges = list.refine((items) => items.every(isAddressRange), {
  error: 'must be addresses or ranges such as 10.0.0.0/8, separated by commas',
});

function isPublicKey(pem: string): boolean {
  try {
    publicKeyOf(pem);
    return true;
  } catch {
    // The caller has an error message of its own.
    return false;
  }
}

interface Variable<S extends z.ZodType> {
  readonly schema: S;
  /** As written in the environment; null if there is none. */
  readonly default: string | null;
  readonly unit: string | null;
  readonly description: string;
}

function variable<S extends z.ZodType>(
  schema: S,
  preset: string | null,
  unit: string | null,
  description: string,
): Variable<S> {
  return Object.freeze({ schema, default: preset, unit, description });
}

/** Every environment variable that the server reads. */
export const VARIABLES = Object.freeze({
  HOST: variable(
    z.string().min(1),
    '127.0.0.1',
    null,
    'Address to listen on. Use 0.0.0.0 for every interface.',
  ),
  PORT: variable(whole(0, 65_535), '4000', null, 'Port to listen on. 0 picks a free one.'),
  PUBLIC_URL: variable(
    webAddress('https://progress.example.com', 'every client is told it'),
    null,
    null,
    'Base of subscriptionUrl and pollUrl. If unset, HOST and PORT.',
  ),
  MONGODB_URI: variable(
    mongoAddress,
    null,
    null,
    'MongoDB that stores progress. If unset, the embedded store in DATA_DIR is used.',
  ),
  DATA_DIR: variable(
    z.string().min(1),
    '.data',
    null,
    'Folder of the embedded store, which only one process may use, and of what a server could not store when it stopped. Servers with MongoDB may share it. It must outlive the process.',
  ),
  REDIS_URL: variable(
    redisAddress,
    null,
    null,
    'Redis that connects several servers (redis://, redis+sentinel:// or redis+cluster://); unset, this server is the only one. User and password are percent-encoded.',
  ),
  REDIS_TLS_CA: variable(
    certificateFile,
    null,
    null,
    'PEM file with the certificates that a rediss:// address is trusted by; unset, those that Node trusts.',
  ),
  REDIS_PREFIX: variable(
    z.string().regex(/^[\w.:-]{1,64}$/, { error: 'must be 1 to 64 letters, digits or _ . : -' }),
    'ingestion-progress:',
    null,
    'What every key and channel in Redis begins with; deployments on one Redis and one database need different ones.',
  ),
  WAIT_FOR_DEPENDENCIES: variable(
    flag,
    'false',
    null,
    'At start, wait for a store or Redis that does not answer, instead of exiting with an error.',
  ),
  JWT_SECRET: variable(
    z
      .string()
      .min(32, { error: 'must be 32 characters or more: shorter ones can be guessed' })
      .refine((text) => !isKeyOfPair(text), {
        error: 'must be a secret, not a key of a pair: set JWT_PUBLIC_KEY to the public one',
      }),
    null,
    null,
    'Shared secret of HS256 tokens, 32 characters or more. One of JWT_SECRET, JWT_PUBLIC_KEY and JWT_JWKS_URI is required.',
  ),
  JWT_PUBLIC_KEY: variable(
    z
      .string()
      .transform((text) => text.replaceAll('\\n', '\n'))
      .refine((text) => !isPrivateKey(text), {
        error: 'must be the public key, not the private one (openssl pkey -pubout prints it)',
        abort: true,
      })
      .refine(isPublicKey, {
        error: 'must be a public key in PEM: RSA of 2048 bits or more, or EC on P-256, P-384 or P-521',
      }),
    null,
    null,
    'Public key (PEM) of RS256 or ES256 tokens. A line break may be written as \\n.',
  ),
  JWT_JWKS_URI: variable(
    webAddress('https://login.example.com/.well-known/jwks.json', 'published keys are public'),
    null,
    null,
    'Address of the published keys of RS256 or ES256 tokens. Key rotation is supported.',
  ),
  JWT_ISSUER: variable(z.string().min(1), null, null, 'Required iss of a token. If unset, any.'),
  JWT_AUDIENCE: variable(z.string().min(1), null, null, 'Required aud of a token. If unset, any.'),
  JWT_CLOCK_TOLERANCE_SECONDS: variable(
    whole(0, 600),
    '0',
    's',
    'How long a token is accepted after its exp, for issuers whose clock is off. Its nbf may always be 5 s ahead.',
  ),
  CORS_ORIGINS: variable(
    origins,
    '',
    null,
    'Comma-separated origins whose pages may use the server; * for any. Its own origin is always allowed.',
  ),
  TRUSTED_PROXIES: variable(
    addressRanges,
    '',
    null,
    'Comma-separated addresses or ranges (10.0.0.0/8) of proxies whose X-Forwarded-For is trusted.',
  ),
  LOG_LEVEL: variable(
    z.enum(['silent', 'error', 'warn', 'info', 'debug'], {
      error: 'must be silent, error, warn, info or debug',
    }),
    'info',
    null,
    'Log level: silent, error, warn, info or debug.',
  ),
  MAX_LOG_ENTRIES: variable(
    whole(50, 100_000),
    '500',
    'entries',
    'Log entries kept per ingestion. The oldest updates are dropped first.',
  ),
  MAX_PROBLEMS_PER_INGESTION: variable(
    whole(1, 10_000),
    '1000',
    'problems',
    'Problems kept per ingestion. Those beyond it are only counted.',
  ),
  RETENTION_DAYS: variable(
    whole(1, 36_500),
    '30',
    'days',
    'How long ended ingestions and their logs are kept after their last change.',
  ),
  FAILURE_GRACE_HOURS: variable(
    whole(1, 8_760),
    '24',
    'h',
    'How long a recoverable failure waits for its job before it becomes final.',
  ),
  METRICS: variable(flag, 'true', null, 'Whether /metrics answers.'),
  METRICS_PORT: variable(
    whole(1, 65_535),
    null,
    null,
    'Port of its own for /metrics, open to all who reach it; unset, PORT answers it to loopback and METRICS_ALLOW.',
  ),
  METRICS_ALLOW: variable(
    addressRanges,
    '',
    null,
    'Addresses or ranges, separated by commas, to which PORT answers /metrics besides loopback; all others get 403.',
  ),
  GRAPHIQL: variable(flag, 'false', null, 'Whether /graphql shows GraphiQL to a browser.'),
  INTROSPECTION: variable(flag, 'false', null, 'Whether the schema may be asked for over GraphQL.'),
  MAX_BODY_BYTES: variable(whole(1_024, 16_777_216), '262144', 'bytes', 'Largest HTTP body; past it 413.'),
  MAX_MESSAGE_BYTES: variable(
    whole(1_024, 16_777_216),
    '262144',
    'bytes',
    'Largest WebSocket message. A larger one closes the connection with 1009.',
  ),
  MAX_SUBSCRIPTIONS: variable(
    whole(1, 10_000),
    '100',
    'per connection',
    'Open operations per WebSocket. Further ones get RATE_LIMITED.',
  ),
  MAX_CONNECTIONS: variable(
    whole(1, 1_000_000),
    '20000',
    'connections',
    'Acknowledged WebSockets and event streams in all; past it 1013 or 429. A quarter more may wait for their ack.',
  ),
  MAX_CONNECTIONS_PER_ADDRESS: variable(
    whole(1, 1_000_000),
    null,
    'connections',
    'Those of one address, or of a /64 of IPv6; unset, a tenth of MAX_CONNECTIONS.',
  ),
  MAX_CONNECTIONS_PER_VIEWER: variable(
    whole(1, 1_000_000),
    null,
    'connections',
    'Those of one token subject; unset, a twentieth of MAX_CONNECTIONS. Raise it if many people share a subject.',
  ),
  MAX_SUBSCRIPTIONS_PER_VIEWER: variable(
    whole(1, 1_000_000),
    '20000',
    'subscriptions',
    'Open subscriptions per token subject on this server. Further ones get RATE_LIMITED.',
  ),
  MAX_PROJECTS_PER_VIEWER: variable(
    whole(1, 1_000_000),
    '5000',
    'projects',
    'Projects watched at once per token subject on this server. Further ones get RATE_LIMITED.',
  ),
  MAX_REPORTS_PER_SECOND: variable(
    whole(1, 1_000_000),
    '2000',
    'reports',
    'Reports per second and token subject over the network. Further ones get RATE_LIMITED.',
  ),
  MAX_CPU_MS_PER_VIEWER: variable(
    whole(10, 10_000),
    '200',
    'ms per second',
    'CPU time for documents per token subject, rejected ones included, with bursts of five times as much. Beyond it, RATE_LIMITED.',
  ),
  // No less than the element's own documents need.
  MAX_DOCUMENT_TOKENS: variable(whole(200, 100_000), '2000', 'tokens', 'Most tokens in a GraphQL document.'),
  MAX_DOCUMENT_DEPTH: variable(whole(8, 100), '15', 'levels', 'Deepest nesting of a GraphQL document.'),
  MAX_DOCUMENT_ALIASES: variable(whole(0, 10_000), '50', 'aliases', 'Most aliases in a GraphQL document.'),
  MAX_DOCUMENT_COST: variable(
    whole(10_000, 100_000_000),
    '200000',
    'fields',
    'Most fields that a GraphQL document can return, counted with the lengths of the lists around them. More is BAD_USER_INPUT.',
  ),
  MAX_JSON_DEPTH: variable(
    whole(4, 1_000),
    '32',
    'levels',
    'Deepest nesting of the variables of a GraphQL request.',
  ),
  CONNECTION_INIT_TIMEOUT_MS: variable(
    whole(100, 60_000),
    '3000',
    'ms',
    'Time from the upgrade of a WebSocket to its connection_init. After that, it is closed with 4408.',
  ),
  PING_INTERVAL_MS: variable(
    whole(1_000, 300_000),
    '25000',
    'ms',
    'Silence after which a WebSocket is pinged. If it is still silent at the next ping, it is terminated.',
  ),
  SLOW_CONSUMER_TIMEOUT_MS: variable(
    whole(1_000, 600_000),
    '30000',
    'ms',
    'How long a client may leave what was sent to it unread: a WebSocket is closed with 1013, HTTP is cut off.',
  ),
  HEADERS_TIMEOUT_MS: variable(
    whole(100, 300_000),
    '10000',
    'ms',
    'Time to receive the headers of an HTTP request.',
  ),
  REQUEST_TIMEOUT_MS: variable(
    whole(100, 300_000),
    '30000',
    'ms',
    'For the whole of an HTTP request, and from the first to the last byte of a WebSocket message.',
  ),
  KEEP_ALIVE_MS: variable(
    whole(1_000, 3_600_000),
    '65000',
    'ms',
    'How long an idle HTTP connection is kept; longer than your proxy keeps it (nginx: 60 s), or its requests meet 502.',
  ),
  ACCESS_RECHECK_SECONDS: variable(
    whole(1, 3_600),
    '60',
    's',
    'How often access is rechecked for open subscriptions.',
  ),
  DRAIN_DELAY_MS: variable(
    whole(0, 300_000),
    '0',
    'ms',
    'How long /readyz fails after SIGTERM before watchers are closed, so that load balancers notice.',
  ),
  DRAIN_DEADLINE_MS: variable(
    whole(100, 300_000),
    '10000',
    'ms',
    'How long closing the watchers may take. Connections that are still open then are terminated.',
  ),
});
