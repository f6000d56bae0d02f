/** Debian's nginx as somebody puts it in front who has read nothing of ours: proxy_pass, and each default. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../setup/debian-packages.js';
import { createDaemon, type Daemon } from '../../support/daemon.js';

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/** Starts nginx in front of the server at this port. */
export async function startDefaultNginx(port: number): Promise<Daemon> {
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
  });
  // Started by root it would hand its work to a user who may not enter the test's folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const text = `
    ${user}
    error_log stderr;
    pid ${daemon.directory}/nginx.pid;
    events {}
    http {
      access_log off;
      ${TEMPORARY.map((name) => `${name}_temp_path ${daemon.directory}/${name};`).join(' ')}
      server {
        listen 127.0.0.1:${daemon.port};
        location / { proxy_pass http://127.0.0.1:${port}; }
      }
    }
  `;
  writeFileSync(join(daemon.directory, 'nginx.conf'), text);
  await daemon.start();
  // Its workers outlive a master that was killed.
  const dispose = async () => {
    await daemon.stop();
    await daemon.dispose();
  };
  return { ...daemon, dispose, [Symbol.asyncDispose]: dispose };
}
