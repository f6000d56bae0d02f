/** A real server on a real port for one test, its log lines, and tokens that it takes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgressServer } from '@ingestion-progress/server';
import type { Logger, ProgressServer, ProgressServerOptions } from '@ingestion-progress/server';
import jwt from 'jsonwebtoken';
import { onTestFinished } from 'vitest';

export const SECRET = 'a secret of thirty-two characters, at least';

/** A signed token; an hour from now unless `exp` says else. */
export function tokenFor(claims: Readonly<Record<string, unknown>> = {}, secret = SECRET): string {
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  return jwt.sign({ sub: 'anna', projects: ['p1'], exp, ...claims }, secret);
}

/** One line of the log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface RunningServer {
  readonly server: ProgressServer;
  readonly url: string;
  readonly wsUrl: string;
  readonly lines: readonly LogLine[];
  /** Resolves with the first line, written already or not, of which this is true. */
  line(isIt: (line: LogLine) => boolean): Promise<LogLine>;
  get(path: string, token?: string | null, headers?: Record<string, string>): Promise<Response>;
  graphql(query: string, variables?: object, token?: string | null): Promise<GraphqlAnswer>;
}

export interface GraphqlAnswer {
  readonly status: number;
  readonly data: Record<string, unknown> | null | undefined;
  readonly codes: readonly unknown[];
  readonly text: string;
}

function bearer(token: string | null): Record<string, string> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** Starts a server that ends with the test. */
export async function startTestServer(options: ProgressServerOptions = {}): Promise<RunningServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ingestion-progress-'));
  const lines: LogLine[] = [];
  let waiting: { isIt: (line: LogLine) => boolean; resolve: (line: LogLine) => void }[] = [];
  const write = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) => {
    const line = { ...fields, level, message };
    lines.push(line);
    waiting = waiting.filter(({ isIt, resolve }) => {
      if (!isIt(line)) return true;
      resolve(line);
      return false;
    });
  };
  const logger: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
  const server = await createProgressServer({ port: 0, dataDir, jwtSecret: SECRET, logger, ...options });
  onTestFinished(async () => {
    await server.close();
    await rm(dataDir, { recursive: true });
  });
  const { url } = server;
  return {
    server,
    url,
    wsUrl: `${url.replace('http', 'ws')}/graphql`,
    lines,
    line: (isIt) => {
      const known = lines.find(isIt);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve) => void waiting.push({ isIt, resolve }));
    },
    get: (path, token = tokenFor(), headers = {}) =>
      fetch(`${url}${path}`, { headers: { ...bearer(token), ...headers } }),
    graphql: async (query, variables = {}, token = tokenFor()) => {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...bearer(token) },
        body: JSON.stringify({ query, variables }),
      });
      const text = await response.text();
      const { data, errors = [] } = JSON.parse(text) as {
        data?: Record<string, unknown> | null;
        errors?: readonly { readonly extensions?: Record<string, unknown> }[];
      };
      return {
        status: response.status,
        data,
        codes: errors.map((error) => error.extensions?.['code']),
        text,
      };
    },
  };
}
