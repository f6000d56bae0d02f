/** Debian's nginx with the configuration that examples/deployment shows, in front of servers of the tests. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../setup/debian-packages.js';
import { createDaemon } from '../support/daemon.js';
import type { Daemon } from '../support/daemon.js';

const SHOWN = 'examples/deployment/nginx.conf';

/** The configuration as it is shown, but for addresses and folders. Throws where one of them is not in it. */
function configuration(port: number, directory: string, servers: readonly number[]): string {
  const replacements: readonly (readonly [string, string])[] = [
    ['listen 8080', `listen 127.0.0.1:${port}`],
    ...servers.map((server, place) => [`server-${place + 1}:4000`, `127.0.0.1:${server}`] as const),
    // What Node gives a child for its output is a socket, which cannot be opened by name.
    ['access_log /dev/stdout', `access_log ${directory}/access.log`],
    ['pid /tmp/', `pid ${directory}/`],
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => [`temp_path /tmp/${name};`, `temp_path ${directory}/${name};`] as const,
    ),
  ];
  let text = readFileSync(SHOWN, 'utf8');
  for (const [from, to] of replacements) {
    if (!text.includes(from)) throw new Error(`${SHOWN} has no "${from}", which the tests replace.`);
    text = text.replace(from, to);
  }
  // Started by root it would hand its work to a user who may not enter the test's folder.
  return process.getuid?.() === 0 ? `user root;\n${text}` : text;
}

/** Starts nginx in front of servers on these ports. */
export async function startNginx(servers: readonly number[], logFile?: string): Promise<Daemon> {
  const program = findProgram('nginx');
  if (program === null) throw new Error('The tests need nginx on PATH; run npm test, which installs it.');
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
  // Its workers outlive a master that was killed.
  const dispose = async () => {
    await daemon.stop();
    await daemon.dispose();
  };
  return { ...daemon, dispose, [Symbol.asyncDispose]: dispose };
}
