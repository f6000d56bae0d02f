/**
 * The environment of a server, or options in its place, read and checked: every problem at once, contradictions by the
 * names of both. Knows no driver.
 */
import type { z } from 'zod';
import { VARIABLES } from './variables.js';

export { VARIABLES } from './variables.js';

type Variables = typeof VARIABLES;
/** Names of the environment variables. */
export type VariableName = keyof Variables;

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<Camel<Tail>>}`
  : Lowercase<S>;
type ValueOf<K extends VariableName> = z.output<Variables[K]['schema']>;
type Optional =
  | 'PUBLIC_URL'
  | 'MONGODB_URI'
  | 'REDIS_URL'
  | 'REDIS_TLS_CA'
  | 'JWT_SECRET'
  | 'JWT_PUBLIC_KEY'
  | 'JWT_JWKS_URI'
  | 'JWT_ISSUER'
  | 'JWT_AUDIENCE'
  | 'METRICS_PORT'
  | 'MAX_CONNECTIONS_PER_ADDRESS'
  | 'MAX_CONNECTIONS_PER_VIEWER';

/** The environment, checked, by the variables' names in camel case; null where there is neither value nor default. */
export type Config = { readonly [K in Optional as Camel<K>]: ValueOf<K> | null } & {
  readonly [K in Exclude<VariableName, Optional> as Camel<K>]: ValueOf<K>;
};

/** The environment as options of a library: `JWT_SECRET` is `jwtSecret`, and so on. */
export type ConfigOptions = { readonly [K in keyof Config]?: Config[K] | undefined };

function camel(name: string): string {
  return name.toLowerCase().replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Everything that is wrong with the environment, a sentence each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

const TOKEN_SOURCES = ['JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWT_JWKS_URI'] as const;

function contradictions(environment: Readonly<Record<string, string | undefined>>): string[] {
  const given = (name: VariableName) => environment[name] !== undefined && environment[name] !== '';
  const sources = TOKEN_SOURCES.filter(given);
  const problems: string[] = [];
  if (sources.length === 0)
    problems.push(`Set one of ${TOKEN_SOURCES.join(', ')}: without it no token can be checked.`);
  if (sources.length > 1)
    problems.push(`Set only one of ${sources.join(' and ')}: each says how tokens are checked.`);
  return problems;
}

/**
 * Reads and checks the environment. An empty value counts as unset.
 * @throws ConfigError with every problem at once.
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const problems = contradictions(environment);
  const values: Record<string, unknown> = {};
  for (const [name, { schema, default: preset }] of Object.entries(VARIABLES)) {
    const raw = environment[name];
    const text = raw === undefined || raw === '' ? preset : raw;
    const parsed = text === null ? null : schema.safeParse(text);
    if (parsed === null || parsed.success) values[camel(name)] = parsed?.data ?? null;
    else problems.push(`${name} ${parsed.error.issues.map((issue) => issue.message).join(', ')}.`);
  }
  const headersMs = Number(values['headersTimeoutMs']);
  const requestMs = Number(values['requestTimeoutMs']);
  if (headersMs > requestMs) {
    problems.push(
      `HEADERS_TIMEOUT_MS (${headersMs}) must not be above REQUEST_TIMEOUT_MS (${requestMs}): a request begins with its header lines.`,
    );
  }
  const { metrics, metricsPort, port } = values;
  if (typeof metricsPort === 'number' && metrics === false)
    problems.push('Set only one of METRICS=false and METRICS_PORT: the port is for what METRICS turns off.');
  if (typeof metricsPort === 'number' && metricsPort === port)
    problems.push(`METRICS_PORT must not be PORT (${Number(port)}): it is a listener of its own.`);
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(values) as Config;
}

/**
 * The same for options of a library, by the same rules.
 * @throws ConfigError with every problem at once.
 */
export function configOf(options: ConfigOptions): Config {
  const given: Readonly<Record<string, unknown>> = options;
  return readConfig(
    Object.fromEntries(
      Object.keys(VARIABLES).map((name) => {
        const value = given[camel(name)];
        return [name, value === undefined || value === null ? undefined : String(value)];
      }),
    ),
  );
}
