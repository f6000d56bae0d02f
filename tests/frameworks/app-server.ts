/** Serves a host's page: its built files, the configuration with the progress server's URL, and a token. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { extname, join, normalize } from 'node:path';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

export interface HostServerOptions {
  readonly folder: string;
  readonly endpoint: string;
  readonly projectId: string;
  readonly token: () => string;
}

/** Serves until the test ends; resolves with the page's URL. */
export async function serveHost({ folder, endpoint, projectId, token }: HostServerOptions): Promise<string> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://host').pathname;
    if (path === '/config.json') return void response.end(JSON.stringify({ endpoint, projectId }));
    if (path === '/token' && request.method === 'POST') return void response.end(token());
    if (path === '/favicon.ico') return void response.writeHead(204).end();
    const file = join(folder, normalize(path === '/' ? 'index.html' : path));
    readFile(file).then(
      (body) =>
        response
          .writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' })
          .end(body),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
