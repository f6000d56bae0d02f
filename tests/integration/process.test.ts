/** The server as a process: how it starts, refuses to start, and ends. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { connectStock, watchStock } from './support/stock-client.js';
import { spawnServer } from './support/server-process.js';
import { tokenFor } from './support/running-server.js';

// Processes take their time to start where others are busy.
vi.setConfig({ testTimeout: 90_000 });

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'ingestion-progress-'));
  onTestFinished(() => rm(dataDir, { recursive: true }));
});

const START = 'mutation { startIngestion(input: { projectId: "p1" }) { progress { id revision } pollUrl } }';

async function startIngestion(address: string): Promise<{ progress: object; pollUrl: string }> {
  const response = await fetch(`${address}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokenFor({ scope: 'progress:write' })}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ query: START }),
  });
  const { data } = (await response.json()) as {
    data: { startIngestion: { progress: object; pollUrl: string } };
  };
  return data.startIngestion;
}

// (invariant: drain-without-herd)
describe('a herd', () => {
  it('is let in whole where all of it comes while the server is busy', async () => {
    const server = spawnServer({ DATA_DIR: dataDir });
    const port = Number(new URL(await server.listening()).port);
    // Busier than any server: it takes nobody from the queue that the kernel holds for it.
    server.child.kill('SIGSTOP');
    const herd = Array.from({ length: 1_000 }, () => connect(port, '127.0.0.1'));
    await Promise.all(herd.map((socket) => once(socket, 'connect')));
    server.child.kill('SIGCONT');
    for (const socket of herd) socket.destroy();
  });
});

describe('SIGTERM', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s sends watchers away with 1012, finishes writes and ends with 0',
    async (signal) => {
      const first = spawnServer({ DATA_DIR: dataDir });
      const address = await first.listening();
      const { progress, pollUrl } = await startIngestion(address);
      expect(pollUrl).toBe(`${address}/api/projects/p1/progress`);
      const stock = connectStock(`${address.replace('http', 'ws')}/graphql`, { token: tokenFor() });
      await watchStock(stock, 'p1').events.next();
      first.child.kill(signal);
      expect(await stock.closes.next()).toBe(1012);
      expect(await first.ended).toMatchObject({ code: 0, errors: '' });

      const second = spawnServer({ DATA_DIR: dataDir });
      const again = await fetch(`${await second.listening()}/api/projects/p1/progress`, {
        headers: { authorization: `Bearer ${tokenFor()}` },
      });
      expect(await again.json()).toMatchObject(progress);
    },
  );
});

describe('standard output', () => {
  it.each(['debug', 'warn', 'silent'])(
    'has JSON and nothing else at %s, the address among it',
    async (level) => {
      const server = spawnServer({ DATA_DIR: dataDir, LOG_LEVEL: level });
      await server.listening();
      server.child.kill('SIGTERM');
      await server.ended;
      for (const line of server.lines.all) expect(JSON.parse(line)).toHaveProperty('msg');
    },
  );
});

describe('a start that cannot be', () => {
  it('with a wrong environment lists every problem at once and ends with 2', async () => {
    const { ended } = spawnServer({
      PORT: 'many',
      JWT_JWKS_URI: 'nowhere',
      LOG_LEVEL: 'loud',
      MONGODB_URL: 'x',
    });
    const { code, errors } = await ended;
    expect(code).toBe(2);
    expect(errors.trim().split('\n')).toEqual([
      expect.stringContaining('Did you mean MONGODB_URI?'),
      expect.stringContaining('JWT_SECRET and JWT_JWKS_URI'),
      expect.stringMatching(/^PORT /),
      expect.stringMatching(/^JWT_JWKS_URI /),
      expect.stringMatching(/^LOG_LEVEL /),
    ]);
  });

  it('on a port in use, on a DATA_DIR in use or not writable, is one sentence each', async () => {
    const first = spawnServer({ DATA_DIR: dataDir });
    const { port } = new URL(await first.listening());
    const file = join(dataDir, 'file');
    await writeFile(file, '');
    const ends = await Promise.all(
      [
        { DATA_DIR: dataDir },
        { DATA_DIR: join(file, 'below') },
        { DATA_DIR: `${dataDir}-2`, PORT: port },
      ].map(async (environment) => spawnServer(environment).ended),
    );
    await rm(`${dataDir}-2`, { recursive: true });
    for (const { code, errors } of ends) {
      expect(code).toBe(1);
      expect(errors.trim().split('\n')).toHaveLength(1);
    }
    expect(ends[0]?.errors).toContain(dataDir);
    expect(ends[1]?.errors).toContain(file);
    expect(ends[2]?.errors).toContain(`Port ${port}`);
  });

  it('with a store or Redis that is not there is a sentence within ten seconds', async () => {
    const began = performance.now();
    const nowhere = '127.0.0.1:9';
    const ends = await Promise.all([
      spawnServer({ MONGODB_URI: `mongodb://user:hidden@${nowhere}/x` }).ended,
      spawnServer({ DATA_DIR: dataDir, REDIS_URL: `redis://:hidden@${nowhere}` }).ended,
    ]);
    for (const { code, errors } of ends) {
      expect(code).toBe(1);
      expect(errors.trim().split('\n')).toHaveLength(1);
      expect(errors).toContain(nowhere);
      expect(errors).not.toContain('hidden');
    }
    // Ten seconds are the server's own deadline; the rest is for a busy machine to start two processes.
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  it('waits for the store instead where told to, and says not ready meanwhile', async () => {
    const waiting = spawnServer({ MONGODB_URI: 'mongodb://127.0.0.1:9/x', WAIT_FOR_DEPENDENCIES: 'true' });
    const address = await waiting.listening();
    expect((await fetch(`${address}/healthz`)).status).toBe(200);
    const ready = await fetch(`${address}/readyz`);
    expect([ready.status, await ready.json()]).toMatchObject([503, { status: 'starting' }]);
    waiting.child.kill('SIGTERM');
    expect((await waiting.ended).code).toBe(0);
  });
});
