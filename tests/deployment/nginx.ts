/** Runs nginx with the configuration of examples/deployment in front of the tests' servers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../setup/debian-packages.js';
import { createDaemon } from '../support/daemon.js';
import type { Daemon } from '../support/daemon.js';

const EXAMPLE = 'examples/deployment/nginx.conf';

/** The example configuration with other addresses and folders. Throws if one of them is missing in it. */
function configuration(port: number, directory: string, servers: readonly number[]): string {
  const replacements: readonly (readonly [string, string])[] = [
    ['listen 8080', `listen 127.0.0.1:${port}`],
    ...servers.map((server, place) => [`server-${place + 1}:4000`, `127.0.0.1:${server}`] as const),
    // Node gives a child process a socket as its standard output, which can't be opened by name.
    ['access_log /dev/stdout', `access_log ${directory}/access.log`],
    ['pid /tmp/', `pid ${directory}/`],
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => [`temp_path /tmp/${name};`, `temp_path ${directory}/${name};`] as const,
    ),
  ];
  let text = readFileSync(EXAMPLE, 'utf8');
  for (const [from, to] of replacements) {
    if (!text.includes(from))
      throw new Error(`${EXAMPLE} does not contain "${from}", which the tests replace.`);
    text = text.replace(from, to);
  }
  // As root, nginx would run its workers as a user without access to the test's folder.
  return process.getuid?.() === 0 ? `user root;\n${text}` : text;
}

/** Starts nginx in front of servers on these ports. */
export async function startNginx(servers: readonly number[], logFile?: string): Promise<Daemon> {
  const program = findProgram('nginx');
  if (program === null) throw new Error('nginx is not on PATH. Run npm test, which installs it.');
  const daemon = await createDaemon({
    name: 'nginx',
    program,
    arguments: (_port, directory) => [
      '-p',
      directory,
      '-c',
      join(directory, 'nginx.conf'),
      '-g',
      'daemon off;',
    ],
    ...(logFile === undefined ? {} : { logFile }),
  });
  writeFileSync(join(daemon.directory, 'nginx.conf'), configuration(daemon.port, daemon.directory, servers));
  await daemon.start();
  // nginx workers survive a killed master.
  const dispose = async () => {
    await daemon.stop();
    await daemon.dispose();
  };
  return { ...daemon, dispose, [Symbol.asyncDispose]: dispose };
}
