/** The environment of the demo: that of the server, with a random secret if none is set. Pure except for the randomness. */
import { randomBytes } from 'node:crypto';
import { ConfigError } from '@ingestion-progress/server';

/** Environment variables, like `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '';

/**
 * Only the demo does this: its tokens are for its own page, and worthless when the process has ended.
 *
 * @throws ConfigError if tokens are verified with a public key, because the demo could not sign its page's tokens.
 */
export function demoEnvironment(environment: Environment): Environment {
  const quiet: Environment = { ...environment, LOG_LEVEL: environment['LOG_LEVEL'] ?? 'warn' };
  if (isSet(environment['JWT_SECRET'])) return quiet;
  for (const name of ['JWT_PUBLIC_KEY', 'JWT_JWKS_URI']) {
    if (isSet(environment[name])) {
      throw new ConfigError([
        `${name} can't be used here: the demo signs its page's tokens itself. Set JWT_SECRET, or unset ${name}.`,
      ]);
    }
  }
  return { ...quiet, JWT_SECRET: randomBytes(32).toString('base64url') };
}
