/** The built server in a process of its own, on a port that it keeps through a kill and a restart. */
import { fileURLToPath } from 'node:url';
import { createDaemon, type Daemon } from './daemon.js';
import { SECRET } from './tokens.js';

const MAIN = fileURLToPath(new URL('../../server/dist/main.js', import.meta.url));

/** Makes a server that does not run yet; ready once `/readyz` says so. Its environment stands beside the tests' secret. */
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
