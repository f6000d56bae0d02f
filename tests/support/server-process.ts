/** The built server in its own process, on a port that survives a restart. */
import { fileURLToPath } from 'node:url';
import { createDaemon, type Daemon } from './daemon.js';
import { SECRET } from './tokens.js';

const MAIN = fileURLToPath(new URL('../../server/dist/main.js', import.meta.url));

/** Creates a server; it is not started yet. Ready when `/readyz` answers 200. `environment` is added to the port and the tests' secret. */
export function createServerProcess(
  environment: Readonly<Record<string, string>>,
  logFile?: string,
): Promise<Daemon> {
  return createDaemon({
    name: 'server',
    program: process.execPath,
    arguments: () => [MAIN],
    env: (port) => ({ PORT: String(port), JWT_SECRET: SECRET, ...environment }),
    ready: (port) =>
      fetch(`http://127.0.0.1:${port}/readyz`).then(
        (response) => response.status === 200,
        () => false,
      ),
    ...(logFile === undefined ? {} : { logFile }),
  });
}
