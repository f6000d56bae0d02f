/** The server as a process: reads the environment, shuts down in order on a signal, and says why if it cannot start. */
import { ConfigError, readConfig } from './config.js';
import { createProgressServer } from './index.js';
import { suggestNames } from './suggest-name.js';
import type { ProgressServer } from './index.js';

/** Exit codes: 1 if it cannot start or did not shut down properly, 2 if the environment is invalid. */
const FAILED = 1;
const MISCONFIGURED = 2;

let server: ProgressServer | null = null;
let isEnding = false;

function fail(error: unknown): never {
  const lines =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)];
  for (const line of lines) process.stderr.write(`${line}\n`);
  process.exit(error instanceof ConfigError ? MISCONFIGURED : FAILED);
}

function end(): void {
  // Before the start there is nothing to close; a second signal exits at once.
  if (server === null || isEnding) process.exit(isEnding ? FAILED : 0);
  isEnding = true;
  server.close().then(() => process.exit(0), fail);
}

process.on('SIGTERM', end);
process.on('SIGINT', end);

for (const line of suggestNames(process.env)) process.stderr.write(`${line}\n`);
try {
  const config = readConfig(process.env);
  server = await createProgressServer(config);
  // Process managers wait for this line, whatever the log level.
  if (config.logLevel !== 'info' && config.logLevel !== 'debug') {
    process.stdout.write(`${JSON.stringify({ msg: `listening on ${server.address}` })}\n`);
  }
} catch (error) {
  fail(error);
}
