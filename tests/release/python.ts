/** Builds the Python package, installs it into an empty environment, and runs its example and its command against a server. */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ensurePython } from '../clients/python.js';
import { createServerProcess } from '../support/server-process.js';
import { mintToken } from '../deployment/tokens.js';
import { SECRET } from '../deployment/server-process.js';
import { root, run } from './projects.js';

const BUILD_REQUIREMENTS = fileURLToPath(new URL('python-requirements.txt', import.meta.url));
const execute = promisify(execFile);

/** Throws if a step fails. */
export async function checkPythonPackage(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  // Builds the sdist, and the wheel from it.
  run(
    folder,
    ensurePython(BUILD_REQUIREMENTS),
    '-m',
    'build',
    '--outdir',
    folder,
    join(root, 'clients/python'),
  );
  const names = readdirSync(folder);
  const wheel = names.find((name) => name.endsWith('-py3-none-any.whl'));
  if (wheel === undefined || !names.some((name) => name.endsWith('.tar.gz'))) {
    throw new Error(`Wheel or sdist missing: ${names.join(', ')}`);
  }
  run(folder, 'python3', '-m', 'venv', 'empty');
  const bin = join(folder, 'empty/bin');
  // Without an index: it has no dependencies.
  run(folder, join(bin, 'python'), '-m', 'pip', 'install', '--quiet', '--no-index', wheel);
  const files = run(folder, join(bin, 'python'), '-m', 'pip', 'show', '--files', 'ingestion-progress');
  for (const name of ['py.typed', 'LICENSE', 'command_line/command.py']) {
    if (!files.includes(name)) throw new Error(`The wheel has no ${name}:\n${files}`);
  }

  const server = await createServerProcess({ DATA_DIR: join(folder, 'data'), JWT_SECRET: SECRET });
  await server.start();
  try {
    const url = `http://127.0.0.1:${server.port}`;
    const token = mintToken();
    const env = {
      PATH: process.env['PATH'],
      INGESTION_PROGRESS_URL: `${url}/graphql`,
      INGESTION_PROGRESS_TOKEN: token,
    };
    const expectCompleted = async (project: string): Promise<void> => {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${url}/api/projects/${project}/progress`, { headers });
      const { status } = (await response.json()) as { readonly status?: string };
      if (status !== 'COMPLETED') throw new Error(`The ingestion of ${project} is ${String(status)}.`);
    };
    const example = join(root, 'examples/jobs/plain.py');
    await execute(join(bin, 'python'), [example, 'texts', join(root, 'docs')], { env });
    await expectCompleted('texts');
    const command = ['run', '--project', 'command', '--', 'echo', 'hello'];
    const { stdout } = await execute(join(bin, 'ingestion-progress'), command, { env });
    if (stdout !== 'hello\n') throw new Error(`The command printed ${JSON.stringify(stdout)}.`);
    await expectCompleted('command');
  } finally {
    await server.dispose();
  }
}
