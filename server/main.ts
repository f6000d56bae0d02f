/** The server as a process: reads the environment, shuts down in order on a signal, and says why if it cannot start. */
import { ConfigError, readConfig } from './config.js';
import { createProgressServer } from './index.js';
import { suggestNames } from './suggest-name.js';
import type { ProgressServer } from './index.js';

/** Exit codes: 1 if it cannot start or did not shut down properly, 2 if the environment is invalid. */
const FAILED = 1;
const MISCONFIGURED = 2;
/** Signals within so many milliseconds of the first are the same one: shells and process groups are often sent both. */
const SAME_SIGNAL_MS = 1_000;

let server: ProgressServer | null = null;
let endingSince: number | null = null;

function fail(error: unknown): never {
  const lines =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)];
  for (const line of lines) process.stderr.write(`${line}\n`);
  process.exit(error instanceof ConfigError ? MISCONFIGURED : FAILED);
}

function end(): void {
  // Before the start there is nothing to close.
  if (server === null) process.exit(0);
  if (endingSince !== null) {
    // A second signal exits at once.
    if (performance.now() - endingSince >= SAME_SIGNAL_MS) process.exit(FAILED);
    return;
  }
  endingSince = performance.now();
  server.close().then(() => process.exit(0), fail);
}

// What it writes, only its own user may read.
process.umask(0o077);
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
