/** Third-party clients, each with the code of docs/clients.md, against a real server. */
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
import { createStateLog } from './state-log.js';
import type { StateLog } from './state-log.js';

const PROJECT = 'library';
const here = dirname(fileURLToPath(import.meta.url));

interface Setting {
  readonly endpoint: string;
  readonly getToken: () => Promise<string>;
  /** Where a client in another process requests its token. */
  readonly tokenUrl: string;
}

/** Starts watching; returns a function that stops it. */
type StartWatching = (setting: Setting, log: StateLog) => () => void | Promise<void>;

const CLIENTS: Readonly<Record<string, StartWatching>> = {
  'graphql-ws': ({ endpoint, getToken }, log) => {
    const client = connect({ endpoint, getToken, webSocketImpl: WebSocket });
    const stop = watchPlain(client, PROJECT, log.add, log.fail);
    return () => {
      stop();
      void client.dispose();
    };
  },
  'Apollo Client': ({ endpoint, getToken }, log) => {
    const apollo = createApollo({ endpoint, getToken, webSocketImpl: WebSocket });
    const stop = watchApollo(apollo.client, PROJECT, log.add, log.fail);
    return () => {
      stop();
      apollo.stop();
    };
  },
  urql: ({ endpoint, getToken }, log) => {
    const urql = createUrql({ endpoint, getToken, webSocketImpl: WebSocket });
    const stop = watchUrql(urql.client, PROJECT, log.add, log.fail);
    return () => {
      stop();
      urql.stop();
    };
  },
  "Python's gql": ({ endpoint, tokenUrl }, log) => {
    const child = spawn(ensurePython(), ['run_gql_watcher.py', endpoint, PROJECT, tokenUrl], {
      cwd: here,
    });
    createInterface({ input: child.stdout }).on('line', (line) => log.add(JSON.parse(line)));
    const output: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => output.push(text));
    const ended = once(child, 'close').then(([, signal]) => {
      if (signal === null) log.fail(`The watcher exited: ${output.join('')}`);
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
let tokenRequests = 0;

/** The first token lives for two seconds, so that it expires during the subscription. */
function nextToken(): string {
  tokenRequests += 1;
  return mintToken({ scope: 'progress:read', lifetimeSeconds: tokenRequests === 1 ? 2 : 600 });
}

// Apollo's link uses the global WebSocket, which Node 20 lacks, when it handles an error.
beforeAll(() => void vi.stubGlobal('WebSocket', WebSocket));
afterAll(() => void vi.unstubAllGlobals());

beforeEach(async () => {
  tokenRequests = 0;
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
    test(`${name} subscribes, and survives an expired token and a restart of the server`, async () => {
      const endpoint = `${server.url}/graphql`;
      const reporter = createReporter({ endpoint, projectId: PROJECT, token: mintToken() });
      const run = await reporter.startIngestion({});
      const log = createStateLog();
      const tokenUrl = `http://127.0.0.1:${(tokens.address() as AddressInfo).port}`;
      const stop = startWatching({ endpoint, tokenUrl, getToken: () => Promise.resolve(nextToken()) }, log);
      try {
        await log.until('the first state', (progress) => progress?.status === 'RUNNING');
        run.emitProgressUpdate(1, 40);
        await log.until('10 % live', (progress) => progress?.progressPercent === 10);

        await expect.poll(() => tokenRequests, { timeout: 15_000 }).toBe(2);
        run.emitProgressUpdate(1, 80);
        await log.until('20 % after the token was renewed', (progress) => progress?.progressPercent === 20);

        expect(await server.stop()).toBe(0);
        server = await startServerProcess({ DATA_DIR: dataDir, PORT: String(server.port) });
        run.emitProgressUpdate(2, 40);
        await log.until('35 % after the restart', (progress) => progress?.progressPercent === 35);

        await run.emitComplete({ itemsProcessed: 3 });
        await log.until('the ending', (progress) => progress?.status === 'COMPLETED');
        const percents = log.states.map((progress) => progress?.progressPercent ?? 0);
        expect(percents).toEqual([...percents].sort((a, b) => a - b));
        expect(log.errors).toEqual([]);
      } finally {
        await stop();
        reporter.dispose();
      }
    }, 60_000);

    test(`${name} reports a rejection and does not retry forever`, async () => {
      const log = createStateLog();
      const token = mintToken({ projects: ['another'] });
      const tokenServer = createServer((_request, response) => void response.end(token)).listen(
        0,
        '127.0.0.1',
      );
      await once(tokenServer, 'listening');
      const tokenUrl = `http://127.0.0.1:${(tokenServer.address() as AddressInfo).port}`;
      const endpoint = `${server.url}/graphql`;
      const stop = startWatching({ endpoint, tokenUrl, getToken: () => Promise.resolve(token) }, log);
      try {
        await expect.poll(() => log.errors.length, { timeout: 15_000 }).toBe(1);
        expect(JSON.stringify(log.errors)).toContain('does not cover');
        expect(log.states).toEqual([]);
      } finally {
        await stop();
        tokenServer.close();
      }
    });
  }
});
