/** The environment of the demo: the server's, and a secret made up where none is given. Pure but for the randomness. */
import { randomBytes } from 'node:crypto';
import { ConfigError } from '@ingestion-progress/server';

/** What the process was given, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

const isGiven = (value: string | undefined): boolean => value !== undefined && value !== '';

/**
 * Only the demo does this: its tokens are for its own page, and worth nothing once the process has ended.
 *
 * @throws ConfigError where tokens are checked by a public key, since the demo could not sign its page's.
 */
export function demoEnvironment(environment: Environment): Environment {
  const quiet: Environment = { ...environment, LOG_LEVEL: environment['LOG_LEVEL'] ?? 'warn' };
  if (isGiven(environment['JWT_SECRET'])) return quiet;
  for (const name of ['JWT_PUBLIC_KEY', 'JWT_JWKS_URI']) {
    if (isGiven(environment[name])) {
      throw new ConfigError([
        `${name} is of no use here: the demo signs its page's tokens itself; set JWT_SECRET, or neither.`,
      ]);
    }
  }
  return { ...quiet, JWT_SECRET: randomBytes(32).toString('base64url') };
}
