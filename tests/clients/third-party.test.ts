/** Stock clients of other authors, each with the code that docs/clients.md shows, against a real server. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createReporter } from '../../server/reporter/index.js';
import { startServerProcess } from '../deployment/server-process.js';
import type { ServerProcess } from '../deployment/server-process.js';
import { mintToken } from '../deployment/tokens.js';
import { ensurePython } from './python.js';
import { connect } from './watchers/connection.js';
import { watch as watchPlain } from './watchers/graphql-ws.js';
import { createApollo, watch as watchApollo } from './watchers/apollo.js';
import { createUrql, watch as watchUrql } from './watchers/urql.js';
import { createSeen } from './watching.js';
import type { Seen } from './watching.js';

const PROJECT = 'library';
const here = dirname(fileURLToPath(import.meta.url));

interface Setting {
  readonly endpoint: string;
  readonly getToken: () => Promise<string>;
  /** Where a client in another process asks for its token. */
  readonly tokenAddress: string;
}

/** Starts watching; returns what ends it. */
type StartWatching = (setting: Setting, seen: Seen) => () => void | Promise<void>;

const CLIENTS: Readonly<Record<string, StartWatching>> = {
  'graphql-ws': ({ endpoint, getToken }, seen) => {
    const client = connect({ endpoint, getToken, webSocketImpl: WebSocket });
    const stop = watchPlain(client, PROJECT, seen.take, seen.fail);
    return () => {
      stop();
      void client.dispose();
    };
  },
  'Apollo Client': ({ endpoint, getToken }, seen) => {
    const apollo = createApollo({ endpoint, getToken, webSocketImpl: WebSocket });
    const stop = watchApollo(apollo.client, PROJECT, seen.take, seen.fail);
    return () => {
      stop();
      apollo.stop();
    };
  },
  urql: ({ endpoint, getToken }, seen) => {
    const urql = createUrql({ endpoint, getToken, webSocketImpl: WebSocket });
    const stop = watchUrql(urql.client, PROJECT, seen.take, seen.fail);
    return () => {
      stop();
      urql.stop();
    };
  },
  "Python's gql": ({ endpoint, tokenAddress }, seen) => {
    const child = spawn(ensurePython(), ['run_gql_watcher.py', endpoint, PROJECT, tokenAddress], {
      cwd: here,
    });
    createInterface({ input: child.stdout }).on('line', (line) => seen.take(JSON.parse(line)));
    const said: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
    const ended = once(child, 'close').then(([, signal]) => {
      if (signal === null) seen.fail(`The watcher ended: ${said.join('')}`);
    });
    return async () => {
      child.kill('SIGKILL');
      await ended;
    };
  },
};

let dataDir = '';
let server: ServerProcess;
let tokens = createServer();
let asked = 0;

/** The first token lives for two seconds, so that it runs out under the client. */
function nextToken(): string {
  asked += 1;
  return mintToken({ scope: 'progress:read', lifetimeSeconds: asked === 1 ? 2 : 600 });
}

// Apollo's link names the global, which Node 20 has not, where it looks at an error.
beforeAll(() => void vi.stubGlobal('WebSocket', WebSocket));
afterAll(() => void vi.unstubAllGlobals());

beforeEach(async () => {
  asked = 0;
  dataDir = await mkdtemp(join(tmpdir(), 'clients-'));
  server = await startServerProcess({ DATA_DIR: dataDir });
  tokens = createServer((_request, response) => void response.end(nextToken())).listen(0, '127.0.0.1');
  await once(tokens, 'listening');
});

afterEach(async () => {
  tokens.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

describe('third-party clients', () => {
  for (const [name, startWatching] of Object.entries(CLIENTS)) {
    test(`${name} subscribes, and survives the end of its token and a restart of the server`, async () => {
      const endpoint = `${server.url}/graphql`;
      const reporter = createReporter({ endpoint, projectId: PROJECT, token: mintToken() });
      const run = await reporter.startIngestion({});
      const seen = createSeen();
      const tokenAddress = `http://127.0.0.1:${(tokens.address() as AddressInfo).port}`;
      const stop = startWatching(
        { endpoint, tokenAddress, getToken: () => Promise.resolve(nextToken()) },
        seen,
      );
      try {
        await seen.until('the first state', (progress) => progress?.status === 'RUNNING');
        run.emitProgressUpdate(1, 40);
        await seen.until('10 % live', (progress) => progress?.progressPercent === 10);

        await expect.poll(() => asked, { timeout: 15_000 }).toBe(2);
        run.emitProgressUpdate(1, 80);
        await seen.until('20 % after the token was renewed', (progress) => progress?.progressPercent === 20);

        expect(await server.stop()).toBe(0);
        server = await startServerProcess({ DATA_DIR: dataDir, PORT: String(server.port) });
        run.emitProgressUpdate(2, 40);
        await seen.until('35 % after the restart', (progress) => progress?.progressPercent === 35);

        await run.emitComplete({ itemsProcessed: 3 });
        await seen.until('the ending', (progress) => progress?.status === 'COMPLETED');
        const percents = seen.states.map((progress) => progress?.progressPercent ?? 0);
        expect(percents).toEqual([...percents].sort((a, b) => a - b));
        expect(seen.errors).toEqual([]);
      } finally {
        await stop();
        reporter.dispose();
      }
    }, 60_000);

    test(`${name} tells of a refusal instead of asking for ever`, async () => {
      const seen = createSeen();
      const token = mintToken({ projects: ['another'] });
      const refused = createServer((_request, response) => void response.end(token)).listen(0, '127.0.0.1');
      await once(refused, 'listening');
      const tokenAddress = `http://127.0.0.1:${(refused.address() as AddressInfo).port}`;
      const endpoint = `${server.url}/graphql`;
      const stop = startWatching({ endpoint, tokenAddress, getToken: () => Promise.resolve(token) }, seen);
      try {
        await expect.poll(() => seen.errors.length, { timeout: 15_000 }).toBe(1);
        expect(JSON.stringify(seen.errors)).toContain('does not cover');
        expect(seen.states).toEqual([]);
      } finally {
        await stop();
        refused.close();
      }
    });
  }
});
