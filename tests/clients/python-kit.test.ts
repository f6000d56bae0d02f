/** The Python package's own tests, with pytest against a real server: on `python3`, and on the oldest that is installed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRET, startServerProcess, type ServerProcess } from '../deployment/server-process.js';
import { ensurePython, pythons } from './python.js';

const KIT = fileURLToPath(new URL('../../clients/python', import.meta.url));
const REQUIREMENTS = join(KIT, 'tests/requirements.txt');
/** Milliseconds, with the first installation of the packages. */
const TIMEOUT_MS = 240_000;

let dataDir = '';
let server: ServerProcess;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'python-kit-'));
  server = await startServerProcess({ DATA_DIR: dataDir });
});
afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** Runs a module of Python in the package's folder; resolves with its exit code and the end of its output. */
async function runModule(python: string, ...options: readonly string[]) {
  const child = spawn(python, ['-m', ...options], {
    cwd: KIT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      PYTHONPATH: join(KIT, 'src'),
      PYTHONDONTWRITEBYTECODE: '1',
      TEST_SERVER_URL: server.url,
      TEST_SERVER_SECRET: SECRET,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: output.slice(-8_000) };
}

describe.each(pythons())('the Python package on Python $version', ({ program }) => {
  it(
    'passes its own tests',
    async () => {
      const result = await runModule(
        ensurePython(REQUIREMENTS, program),
        'pytest',
        '-q',
        '-p',
        'no:cacheprovider',
      );
      expect(result, result.output).toMatchObject({ code: 0 });
    },
    TIMEOUT_MS,
  );
});

describe('the Python package', () => {
  it(
    'has types that mypy finds strict',
    async () => {
      const result = await runModule(ensurePython(REQUIREMENTS), 'mypy', '--cache-dir', '/dev/null');
      expect(result, result.output).toMatchObject({ code: 0 });
    },
    TIMEOUT_MS,
  );
});
